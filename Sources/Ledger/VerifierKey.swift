/// The first four bytes of a hash over a key and its name: they tell which key a signature line belongs to.
public struct NoteKeyID: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// Eight lower-case hexadecimal digits.
    public var description: String { Hex.encode(bytes) }

    var bytes: [UInt8] { withUnsafeBytes(of: rawValue.bigEndian) { Array($0) } }

    init(bytes: ArraySlice<UInt8>) {
        rawValue = bytes.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }
}

/// A public key that signs notes, with its name (C2SP signed-note, "verifier key").
public struct VerifierKey: Hashable, Sendable, CustomStringConvertible {
    /// What a key signs; the number is the one on the wire.
    public enum Kind: UInt8, Hashable, Sendable {
        /// Ed25519 over the text of the note: the key of a log.
        case ed25519 = 0x01
        /// Ed25519 over the text and a time: the key of a cosigner, such as a witness.
        case cosignature = 0x04
    }

    public let name: NoteName
    public let kind: Kind
    /// The 32 bytes of the Ed25519 key.
    public let publicKey: [UInt8]
    public let id: NoteKeyID
    let prepared: PinnedEd25519.PreparedKey

    /// - Throws: ``NoteError/weakKey(name:)`` for a key that pinned Ed25519 refuses.
    public init(name: NoteName, kind: Kind, publicKey: [UInt8]) throws(NoteError) {
        guard let prepared = PinnedEd25519.PreparedKey(publicKey) else {
            throw .weakKey(name: name.description)
        }
        self.name = name
        self.kind = kind
        self.publicKey = publicKey
        self.prepared = prepared
        let hash = Hash.sha256(name.bytes + [0x0a, kind.rawValue] + publicKey)
        self.id = NoteKeyID(bytes: hash.bytes[..<4])
    }

    /// Reads `name+id+base64` in its only spelling.
    public init(text: String) throws(NoteError) {
        let parts = text.utf8.split(separator: 0x2b, maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let name = NoteName(parts[0]), parts[1].count == 8,
            let id = Hex.decode(parts[1]), let material = Base64.decode(parts[2]), let type = material.first
        else { throw .malformedKey }
        guard let kind = Kind(rawValue: type) else { throw .unknownKeyType(type) }
        guard material.count == 1 + PinnedEd25519.keyByteCount else { throw .malformedKey }
        try self.init(name: name, kind: kind, publicKey: Array(material.dropFirst()))
        guard self.id == NoteKeyID(bytes: id[...]) else { throw .malformedKey }
    }

    /// `name+id+base64`.
    public var text: String { "\(name)+\(id)+\(Base64.encode([kind.rawValue] + publicKey))" }

    public var description: String { text }

    public static func == (left: VerifierKey, right: VerifierKey) -> Bool {
        left.name == right.name && left.kind == right.kind && left.publicKey == right.publicKey
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(kind)
        hasher.combine(publicKey)
    }
}
