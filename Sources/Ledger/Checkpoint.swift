/// What a log says about itself: its origin, its size and its root (C2SP tlog-checkpoint, without extension lines).
public struct Checkpoint: Hashable, Sendable {
    public let origin: NoteName
    public let size: TreeSize
    public let root: Hash

    /// - Throws: ``NoteError/malformedCheckpoint`` for a size of 2^63 or more, or an empty tree with another root.
    public init(origin: NoteName, size: TreeSize, root: Hash) throws(NoteError) {
        guard size.rawValue < TreeSize.limit, size > 0 || root == Merkle.emptyRoot else {
            throw .malformedCheckpoint
        }
        self.origin = origin
        self.size = size
        self.root = root
    }

    /// Reads the text of a checkpoint in its only spelling.
    public init(text: [UInt8]) throws(NoteError) {
        guard text.last == 0x0a else { throw .malformedCheckpoint }
        let lines = text.dropLast().split(separator: 0x0a, maxSplits: 3, omittingEmptySubsequences: false)
        guard lines.count >= 3, let origin = NoteName(lines[0]), let size = TreeSize(decimal: lines[1]),
            let root = Base64.decode(lines[2]).flatMap({ Hash($0) })
        else { throw .malformedCheckpoint }
        guard lines.count == 3 else { throw .extensionLines }
        try self.init(origin: origin, size: size, root: root)
    }

    /// The three lines that are signed.
    public var text: [UInt8] {
        origin.bytes + Array("\n\(size)\n\(Base64.encode(root.bytes))\n".utf8)
    }

    /// Signs the checkpoint as the log. The origin must be the name of the key.
    public func signed(by signer: NoteSigner) throws -> SignedNote {
        guard signer.key.name == origin else {
            throw NoteError.wrongOrigin(expected: signer.key.name.description, found: origin.description)
        }
        return try SignedNote(text: text, signature: try signer.sign(text: text))
    }

    /// Reads the checkpoint of a log out of a note: the log's signature must hold, the log's key name must be its
    /// origin, and cosignatures by configured cosigners must hold.
    ///
    /// - Returns: the checkpoint, and the cosigners that signed it with their times.
    public static func open(
        _ note: SignedNote, log: VerifierKey, cosigners: [VerifierKey] = []
    ) throws(NoteError) -> (checkpoint: Checkpoint, cosignatures: [SignedNote.Verified]) {
        guard log.kind == .ed25519 else { throw .wrongKeyType(name: log.name.description) }
        if let other = cosigners.first(where: { $0.kind != .cosignature }) {
            throw .wrongKeyType(name: other.name.description)
        }
        let verified = try note.verify(keys: [log] + cosigners)
        guard verified.contains(where: { $0.key == log }) else { throw .noKnownSignature }
        let checkpoint = try Checkpoint(text: note.text)
        guard checkpoint.origin == log.name else {
            throw .wrongOrigin(expected: log.name.description, found: checkpoint.origin.description)
        }
        return (checkpoint, verified.filter { $0.key != log })
    }
}
