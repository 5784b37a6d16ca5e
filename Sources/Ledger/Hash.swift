public import Crypto

/// A SHA-256 hash: 32 bytes, kept inline.
///
/// Order and equality are those of the bytes.
public struct Hash: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The length of every hash, in bytes.
    public static let byteCount = 32

    /// Thirty-two zero bytes: the hash of nothing known, used as a "none yet" marker.
    public static let zero = Hash(0, 0, 0, 0)

    private let word0: UInt64
    private let word1: UInt64
    private let word2: UInt64
    private let word3: UInt64

    private init(_ word0: UInt64, _ word1: UInt64, _ word2: UInt64, _ word3: UInt64) {
        self.word0 = word0
        self.word1 = word1
        self.word2 = word2
        self.word3 = word3
    }

    /// Takes over 32 bytes; `nil` for any other count.
    public init?(_ bytes: some Collection<UInt8>) {
        if let found = bytes.withContiguousStorageIfAvailable({ Hash(raw: UnsafeRawBufferPointer($0)) }) {
            guard let found else { return nil }
            self = found
            return
        }
        guard bytes.count == Hash.byteCount else { return nil }
        guard let copied = Array(bytes).withUnsafeBytes({ Hash(raw: $0) }) else { return nil }
        self = copied
    }

    /// Takes over the 32 bytes of a raw buffer; `nil` for any other count.
    public init?(raw bytes: UnsafeRawBufferPointer) {
        guard bytes.count == Hash.byteCount else { return nil }
        self.init(
            UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
            UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
            UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self)),
            UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 24, as: UInt64.self)))
    }

    /// The value of a finished SHA-256 computation.
    public init(_ digest: SHA256.Digest) {
        // A SHA-256 digest is 32 bytes by its type, so the fallback is never taken.
        self = digest.withUnsafeBytes { Hash(raw: $0) } ?? .zero
    }

    /// SHA-256 of the bytes.
    public static func sha256(_ bytes: some Collection<UInt8>) -> Hash {
        var hasher = SHA256()
        let done: Void? = bytes.withContiguousStorageIfAvailable {
            hasher.update(bufferPointer: UnsafeRawBufferPointer($0))
        }
        if done == nil {
            Array(bytes).withUnsafeBytes { hasher.update(bufferPointer: $0) }
        }
        return Hash(hasher.finalize())
    }

    /// The 32 bytes.
    public var bytes: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Hash.byteCount) { buffer, count in
            store(in: UnsafeMutableRawBufferPointer(buffer))
            count = Hash.byteCount
        }
    }

    /// Appends the 32 bytes.
    public func append(to target: inout [UInt8]) {
        withBytes { target.append(contentsOf: $0) }
    }

    /// Lends the 32 bytes without an allocation.
    public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        var words = (word0.bigEndian, word1.bigEndian, word2.bigEndian, word3.bigEndian)
        return try withUnsafeBytes(of: &words) { try body($0) }
    }

    /// Writes the 32 bytes at the start of a buffer that has room for them.
    func store(in buffer: UnsafeMutableRawBufferPointer) {
        buffer.storeBytes(of: word0.bigEndian, toByteOffset: 0, as: UInt64.self)
        buffer.storeBytes(of: word1.bigEndian, toByteOffset: 8, as: UInt64.self)
        buffer.storeBytes(of: word2.bigEndian, toByteOffset: 16, as: UInt64.self)
        buffer.storeBytes(of: word3.bigEndian, toByteOffset: 24, as: UInt64.self)
    }

    /// Sixty-four lower-case hexadecimal digits.
    public var hex: String {
        withBytes { Hex.encode($0) }
    }

    public var description: String { hex }

    public static func < (left: Hash, right: Hash) -> Bool {
        if left.word0 != right.word0 { return left.word0 < right.word0 }
        if left.word1 != right.word1 { return left.word1 < right.word1 }
        if left.word2 != right.word2 { return left.word2 < right.word2 }
        return left.word3 < right.word3
    }
}
