import Ledger
import Terminal
import Wording

/// Consistency proofs from a local copy of a log, whose tiles must give the root of its checkpoint.
struct MirrorProofs {
    let note: SignedNote
    let checkpoint: Checkpoint
    private let folder: String

    /// - Throws: ``Terminal/CommandFailure`` with `file-missing`, the codes of ``Ledger/NoteError``, `mirror-damaged`.
    init(folder: String, log: VerifierKey) throws {
        self.folder = folder
        let bytes = try InputFile.read("\(folder)/checkpoint", limit: SignedNote.maximumByteCount)
        do throws(NoteError) {
            note = try SignedNote(parsing: bytes)
            checkpoint = try Checkpoint.open(note, log: log).checkpoint
        } catch {
            throw CommandFailure(
                code: error.code, kind: "verification", message: "\(folder)/checkpoint: \(error.sentence)",
                hints: [error.nextStep])
        }
        guard try Merkle.root(size: checkpoint.size, from: tiles()) == checkpoint.root else { throw damaged }
    }

    /// The proof from a smaller size. It is checked here: a damaged copy must not look like a log that forked.
    func proof(from old: TreeSize) throws -> ConsistencyProof {
        let tiles = tiles()
        let proof = try ConsistencyProof.make(from: old, to: checkpoint.size, from: tiles)
        do {
            try proof.verify(
                from: old, oldRoot: Merkle.root(size: old, from: tiles), to: checkpoint.size, newRoot: checkpoint.root)
        } catch is ProofError { throw damaged }
        return proof
    }

    private func tiles() -> TileReader {
        TileReader(size: checkpoint.size) { id in
            do throws(CommandFailure) {
                return try InputFile.read("\(folder)/\(id.path)", limit: id.byteCount)
            } catch {
                // A copy may have dropped a partial tile when the full one came.
                guard error.code == "file-missing", id.isPartial, let full = TileID(level: id.level, index: id.index)
                else { throw error }
                return try InputFile.read("\(folder)/\(full.path)", limit: full.byteCount)
            }
        }
    }

    private var damaged: CommandFailure {
        CommandFailure(
            code: "mirror-damaged", kind: "verification",
            message: "The tiles in \(folder) do not lead to the root of its checkpoint.",
            hints: ["valise-audit verify --mirror \(ShellWord.quoted(folder)) shows what is wrong with the copy"])
    }
}
