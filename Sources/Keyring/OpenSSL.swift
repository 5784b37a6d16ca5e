import COpenSSL

/// What every use of OpenSSL here needs.
enum OpenSSL {
    /// The error queue belongs to the thread and keeps old entries: empty it before each operation.
    static func begin() { ERR_clear_error() }

    /// Runs `write` on a new memory BIO and returns what it wrote, or `nil` when it failed. The BIO wipes its memory.
    static func written(_ write: (OpaquePointer) -> Bool) -> SecretBytes? {
        guard let bio = BIO_new(BIO_s_secmem()) else { return nil }
        defer { BIO_free_all(bio) }
        guard write(bio) else { return nil }
        var start: UnsafeMutablePointer<CChar>?
        let count = valise_bio_bytes(bio, &start)
        guard count > 0, let start else { return nil }
        return SecretBytes(copying: UnsafeRawBufferPointer(start: start, count: count))
    }

    /// Runs `read` on a BIO over the bytes.
    static func reading<Result>(_ bytes: UnsafeRawBufferPointer, _ read: (OpaquePointer) throws -> Result?) rethrows
        -> Result?
    {
        guard bytes.count <= Int(Int32.max), let bio = BIO_new_mem_buf(bytes.baseAddress, Int32(bytes.count)) else {
            return nil
        }
        defer { BIO_free_all(bio) }
        return try read(bio)
    }

    /// The label and contents of the first PEM block without encryption headers.
    static func pemBlock(_ text: SecretBytes) -> (label: String, der: SecretBytes)? {
        begin()
        return text.withBytes { bytes in
            reading(bytes) { bio in
                var label: UnsafeMutablePointer<CChar>?
                var header: UnsafeMutablePointer<CChar>?
                var data: UnsafeMutablePointer<UInt8>?
                var count = 0
                guard PEM_read_bio(bio, &label, &header, &data, &count) == 1 else { return nil }
                defer {
                    CRYPTO_free(label, #file, #line)
                    CRYPTO_free(header, #file, #line)
                    CRYPTO_clear_free(data, count, #file, #line)
                }
                guard let label, let header, header.pointee == 0, count > 0 else { return nil }
                return (String(cString: label), SecretBytes(copying: UnsafeRawBufferPointer(start: data, count: count)))
            }
        }
    }

    /// Decodes the whole of `der` with one of OpenSSL's `d2i_` functions; `nil` when bytes are left over.
    static func decoded<Value>(
        _ der: SecretBytes, _ decode: (inout UnsafePointer<UInt8>?, Int) -> Value?, free: (Value) -> Void
    ) -> Value? {
        der.withBytes { bytes in
            guard let start = bytes.bindMemory(to: UInt8.self).baseAddress else { return nil }
            var cursor: UnsafePointer<UInt8>? = start
            guard let value = decode(&cursor, bytes.count) else { return nil }
            guard cursor == start + bytes.count else {
                free(value)
                return nil
            }
            return value
        }
    }

    /// Random bytes for salts and serial numbers.
    static func random(_ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        guard RAND_bytes(&bytes, Int32(count)) == 1 else { throw KeyringError.failed("draw random bytes") }
        return bytes
    }
}
