public import Crypto

/// Something that signs notes: a verifier key and the way to its private key, which may lie elsewhere.
public struct NoteSigner: Sendable {
    /// The key that verifies what this signer signs.
    public let key: VerifierKey
    private let signature: @Sendable ([UInt8]) throws -> [UInt8]

    /// - Parameter sign: returns the 64-byte Ed25519 signature of the bytes.
    public init(key: VerifierKey, sign: @escaping @Sendable (_ message: [UInt8]) throws -> [UInt8]) {
        self.key = key
        self.signature = sign
    }

    /// A signer whose private key is in memory.
    public init(
        name: NoteName, kind: VerifierKey.Kind, privateKey: Curve25519.Signing.PrivateKey
    ) throws(NoteError) {
        let publicKey = Array(privateKey.publicKey.rawRepresentation)
        self.key = try VerifierKey(name: name, kind: kind, publicKey: publicKey)
        self.signature = { message in Array(try privateKey.signature(for: message)) }
    }

    /// Signs the text of a note as a log does (type 0x01).
    ///
    /// - Throws: ``NoteError/wrongKeyType(name:)`` with a cosigner key, or what the key store throws.
    public func sign(text: [UInt8]) throws -> NoteSignature {
        guard key.kind == .ed25519 else { throw NoteError.wrongKeyType(name: key.name.description) }
        return NoteSignature(name: key.name, keyID: key.id, signature: try signed(text))
    }

    /// Signs the text of a checkpoint as a cosigner does (type 0x04, `cosignature/v1`): "as of this time, this is the
    /// largest consistent tree I have seen of this log".
    ///
    /// - Throws: ``NoteError/wrongKeyType(name:)`` with a log key, or what the key store throws.
    public func cosign(text: [UInt8], at time: CosignatureTime) throws -> NoteSignature {
        guard key.kind == .cosignature else { throw NoteError.wrongKeyType(name: key.name.description) }
        let signature = try signed(CosignatureTime.message(text: text, time: time))
        return NoteSignature(name: key.name, keyID: key.id, signature: time.bytes + signature)
    }

    private func signed(_ message: [UInt8]) throws -> [UInt8] {
        let bytes = try signature(message)
        guard bytes.count == PinnedEd25519.signatureByteCount else {
            throw NoteError.signingFailed(name: key.name.description)
        }
        return bytes
    }
}

/// The time of a cosignature, in whole seconds since 1970 UTC: above zero and below 2^63.
public struct CosignatureTime: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let seconds: UInt64

    /// `nil` for zero and for 2^63 and more.
    public init?(seconds: UInt64) {
        guard seconds > 0, seconds < TreeSize.limit else { return nil }
        self.seconds = seconds
    }

    public var description: String { String(seconds) }

    /// Eight bytes, most significant first.
    var bytes: [UInt8] { withUnsafeBytes(of: seconds.bigEndian) { Array($0) } }

    /// The bytes that a cosigner signs (C2SP tlog-cosignature).
    static func message(text: [UInt8], time: CosignatureTime) -> [UInt8] {
        Array("cosignature/v1\ntime \(time)\n".utf8) + text
    }

    public static func < (left: CosignatureTime, right: CosignatureTime) -> Bool { left.seconds < right.seconds }
}
