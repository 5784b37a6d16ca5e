import Crypto

/// Ed25519 verification with every freedom of RFC 8032 decided, so that all parties agree on every byte string.
///
/// A signature (R, S) by the key A over M is accepted exactly when S is below the group order; A and R are canonical
/// encodings and not of small order; and R equals the encoding of [S]B - [k]A (no cofactor). A key with a
/// small-order component of its own is not refused, but its signatures must hold without the cofactor.
public enum PinnedEd25519 {
    /// The length of a public key, in bytes.
    public static let keyByteCount = 32
    /// The length of a signature, in bytes.
    public static let signatureByteCount = 64

    /// Whether the bytes may serve as a public key; see ``Ed25519Point/isAcceptable(publicKey:)``.
    public static func isAcceptableKey(_ key: [UInt8]) -> Bool {
        Ed25519Point.isAcceptable(publicKey: key)
    }

    /// Whether the signature holds under the pinned rules. Wrong lengths are `false`.
    public static func verify(signature: [UInt8], message: [UInt8], key: [UInt8]) -> Bool {
        guard isAcceptableKey(key), isAcceptableSignature(signature) else { return false }
        guard let imported = try? Curve25519.Signing.PublicKey(rawRepresentation: key) else { return false }
        return imported.isValidSignature(signature, for: message)
    }

    /// A public key checked and imported once, for many verifications.
    public struct PreparedKey: Sendable {
        /// The 32 bytes of the key.
        public let bytes: [UInt8]
        private let imported: Curve25519.Signing.PublicKey

        /// `nil` for a key that ``PinnedEd25519/isAcceptableKey(_:)`` refuses.
        public init?(_ key: [UInt8]) {
            guard isAcceptableKey(key),
                let imported = try? Curve25519.Signing.PublicKey(rawRepresentation: key)
            else { return nil }
            self.bytes = key
            self.imported = imported
        }

        /// Whether the signature holds under the pinned rules. A wrong length is `false`.
        public func verify(signature: [UInt8], message: [UInt8]) -> Bool {
            isAcceptableSignature(signature) && imported.isValidSignature(signature, for: message)
        }
    }

    /// 64 bytes, R acceptable, S below the group order.
    private static func isAcceptableSignature(_ signature: [UInt8]) -> Bool {
        guard signature.count == signatureByteCount else { return false }
        return signature.withUnsafeBytes { bytes in
            Ed25519Point.isAcceptable(Words(bytes, at: 0)) && Words(bytes, at: 32).isBelow(groupOrder)
        }
    }

    /// L = 2^252 + 27742317777372353535851937790883648493.
    private static let groupOrder = Words(
        0x5812_631a_5cf5_d3ed, 0x14de_f9de_a2f7_9cd6, 0, 0x1000_0000_0000_0000)
}

/// The two tests that an encoded curve point has to pass before it is used as a key or as R.
public enum Ed25519Point {
    /// Whether 32 bytes are a canonical encoding and not of small order.
    ///
    /// Canonical: y is below p = 2^255 - 19, and the sign bit is not set when x is zero. That the point lies on the
    /// curve is left to verification, where one that does not verifies nothing.
    public static func isAcceptable(publicKey: [UInt8]) -> Bool {
        guard publicKey.count == PinnedEd25519.keyByteCount else { return false }
        return publicKey.withUnsafeBytes { isAcceptable(Words($0, at: 0)) }
    }

    static func isAcceptable(_ encoded: Words) -> Bool {
        let y = encoded.withoutTopBit
        return y.isBelow(fieldPrime) && !smallOrder.0.equals(y) && !smallOrder.1.equals(y)
            && !smallOrder.2.equals(y) && !smallOrder.3.equals(y) && !smallOrder.4.equals(y)
    }

    private static let fieldPrime = Words(
        0xffff_ffff_ffff_ffed, 0xffff_ffff_ffff_ffff, 0xffff_ffff_ffff_ffff, 0x7fff_ffff_ffff_ffff)

    /// The y of the eight points of small order: of order 4, 1, 2, and twice 8. Both signs of x are refused: that is
    /// all eight canonical encodings, and the two with x zero and the sign bit set.
    private static let smallOrder = (
        Words(0, 0, 0, 0),
        Words(1, 0, 0, 0),
        Words(0xffff_ffff_ffff_ffec, 0xffff_ffff_ffff_ffff, 0xffff_ffff_ffff_ffff, 0x7fff_ffff_ffff_ffff),
        Words(0xb027_b2c2_8f95_e826, 0xf098_eff2_89f4_c345, 0x3933_c6d3_05ac_dfd5, 0x05fc_536d_8802_38b1),
        Words(0x4fd8_4d3d_706a_17c7, 0x0f67_100d_760b_3cba, 0xc6cc_392c_fa53_202a, 0x7a03_ac92_77fd_c74e)
    )
}

/// A 256-bit number, least significant word first.
struct Words {
    let word0: UInt64
    let word1: UInt64
    let word2: UInt64
    let word3: UInt64

    init(_ word0: UInt64, _ word1: UInt64, _ word2: UInt64, _ word3: UInt64) {
        self.word0 = word0
        self.word1 = word1
        self.word2 = word2
        self.word3 = word3
    }

    /// Reads 32 little-endian bytes; the caller has checked that they are there.
    init(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
        word0 = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        word1 = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self))
        word2 = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 16, as: UInt64.self))
        word3 = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 24, as: UInt64.self))
    }

    var withoutTopBit: Words { Words(word0, word1, word2, word3 & 0x7fff_ffff_ffff_ffff) }

    func equals(_ other: Words) -> Bool {
        word0 == other.word0 && word1 == other.word1 && word2 == other.word2 && word3 == other.word3
    }

    func isBelow(_ other: Words) -> Bool {
        if word3 != other.word3 { return word3 < other.word3 }
        if word2 != other.word2 { return word2 < other.word2 }
        if word1 != other.word1 { return word1 < other.word1 }
        return word0 < other.word0
    }
}
