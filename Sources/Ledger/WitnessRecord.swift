/// What a witness remembers of one log: the checkpoint that it cosigned last, with the log's signature and its own.
///
/// This is all the state that the protocol needs. It is kept as the note itself, which is also what a witness shows to
/// whoever monitors it.
public struct WitnessRecord: Hashable, Sendable {
    public let checkpoint: Checkpoint
    /// When the witness cosigned.
    public let time: CosignatureTime
    /// The checkpoint with its signatures.
    public let note: SignedNote
    /// The witness's own line of ``note``.
    public let cosignature: NoteSignature

    /// Reads a kept record back: its one line by the witness must hold.
    public init(parsing bytes: [UInt8], witness: VerifierKey) throws(NoteError) {
        try self.init(note: SignedNote(parsing: bytes), witness: witness)
    }

    init(note: SignedNote, witness: VerifierKey) throws(NoteError) {
        guard witness.kind == .cosignature else { throw .wrongKeyType(name: witness.name.description) }
        let own = note.signatures.filter { $0.isBy(witness) }
        guard let line = own.first, own.count == 1 else { throw .noKnownSignature }
        guard let time = try line.verify(text: note.text, key: witness) else {
            throw .invalidSignature(name: witness.name.description)
        }
        self.checkpoint = try Checkpoint(text: note.text)
        self.time = time
        self.note = note
        self.cosignature = line
    }

    /// Whether the two are of one log and one size and have two roots. If the log signed both, it has forked, and the
    /// two notes prove it to anyone.
    public func contradicts(_ other: Checkpoint) -> Bool {
        checkpoint.origin == other.origin && checkpoint.size == other.size && checkpoint.root != other.root
    }
}
