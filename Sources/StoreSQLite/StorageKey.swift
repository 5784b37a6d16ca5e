import COpenSSL
import Store

/// The key under which the bytes of one envelope, upload or draft lie on the disk. Fresh for each of them, and stored
/// in a row of its own: without that row nobody can read them, whatever a disk still has of them.
///
/// AES-256 in counter mode (NIST SP 800-38A, section 6.5), the counter being the number of the 16-byte block in the
/// file. So each byte has its place and its size, a part may begin anywhere, and a tail that a crash has torn is
/// written again as it was. That bytes are the right ones is not its business: digests tell.
struct StorageKey: Hashable, Sendable, CustomStringConvertible {
    let bytes: [UInt8]

    static let byteCount = 32
    private static let blockSize: UInt64 = 16
    /// Bytes that one call of OpenSSL is given.
    private static let step = 1 << 20

    /// A fresh one, from the system's generator.
    init() {
        var random = SystemRandomNumberGenerator()
        bytes = (0..<Self.byteCount).map { _ in UInt8.random(in: .min ... .max, using: &random) }
    }

    init(bytes: [UInt8]) throws {
        guard bytes.count == Self.byteCount else { throw StoreError.damaged("a storage key has another length") }
        self.bytes = bytes
    }

    var description: String { "a storage key" }

    /// Turns bytes that begin at an offset of their file into what is stored, and what is stored into bytes.
    func apply(to content: [UInt8], at offset: UInt64) throws -> [UInt8] {
        guard !content.isEmpty else { return [] }
        guard let context = EVP_CIPHER_CTX_new() else { throw Self.failure }
        defer { EVP_CIPHER_CTX_free(context) }
        let block = offset / Self.blockSize
        let counter = [UInt8](repeating: 0, count: 8) + withUnsafeBytes(of: block.bigEndian) { Array($0) }
        guard EVP_EncryptInit_ex(context, EVP_aes_256_ctr(), nil, bytes, counter) == 1 else { throw Self.failure }
        try skip(Int(offset % Self.blockSize), context)
        return try [UInt8](unsafeUninitializedCapacity: content.count) { buffer, filled in
            try content.withUnsafeBufferPointer { content in
                while filled < content.count {
                    let count = Int32(min(Self.step, content.count - filled))
                    var written: Int32 = 0
                    let from = content.baseAddress?.advanced(by: filled)
                    let to = buffer.baseAddress?.advanced(by: filled)
                    guard EVP_EncryptUpdate(context, to, &written, from, count) == 1, written == count else {
                        throw Self.failure
                    }
                    filled += Int(written)
                }
            }
        }
    }

    /// Passes over the first bytes of a block.
    private func skip(_ count: Int, _ context: OpaquePointer) throws {
        guard count > 0 else { return }
        var written: Int32 = 0
        var block = [UInt8](repeating: 0, count: Int(Self.blockSize))
        let zeros = [UInt8](repeating: 0, count: count)
        guard EVP_EncryptUpdate(context, &block, &written, zeros, Int32(count)) == 1, written == count else {
            throw Self.failure
        }
    }

    private static let failure = StoreError(
        .unavailable, "OpenSSL does not encrypt with AES-256-CTR; check that it is installed whole")
}
