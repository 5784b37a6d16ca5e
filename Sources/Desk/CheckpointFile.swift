import Glibc
import Keyring
import Ledger
package import Statements
package import Transport

/// The newest checkpoint that this desk has verified, kept across runs: a later view of the log must agree with it.
package struct CheckpointFile: CheckpointMemory {
    /// A note with many cosignatures stays far below this, in bytes.
    package static let byteLimit = 64 * 1024
    private let path: String
    private let forks: String
    private let logKey: VerifierKey

    package init(_ home: DeskHome, _ charter: PinnedCharter) {
        path = home.checkpointFile
        forks = home.stateFolder
        logKey = charter.logKey
    }

    /// - Throws: ``DeskError`` `checkpoint-damaged` when the file holds no checkpoint that the log key signed.
    package func load() throws -> RememberedCheckpoint? {
        guard let bytes = try DeskFile.readIfThere(path, limit: Self.byteLimit) else { return nil }
        guard let note = try? SignedNote(parsing: bytes),
            let checkpoint = try? Checkpoint.open(note, log: logKey).checkpoint
        else {
            throw DeskError(
                "checkpoint-damaged", "\(path) was expected to hold a checkpoint that the log's key signed.",
                hint: "restore it from a backup; without it this desk cannot tell whether the log was rolled back",
                kind: .verification)
        }
        return RememberedCheckpoint(head: LogHead(size: checkpoint.size, root: checkpoint.root), note: bytes)
    }

    /// Compares and replaces under a lock: two runs of one desk never lose each other's checkpoint unchecked.
    package func store(
        _ checkpoint: RememberedCheckpoint, replacing known: RememberedCheckpoint?
    ) throws -> RememberedCheckpoint? {
        try FileLock.held("\(path).lock") {
            if let kept = try load(), kept.head != known?.head, kept.head != checkpoint.head { return kept }
            try Durable.write(path: path, bytes: checkpoint.note, mode: 0o600, exclusive: false)
            return nil
        }
    }

    /// When the newest checkpoint was written here, in milliseconds since 1970; nil without one.
    package func keptAt() -> Timestamp? {
        var facts = stat()
        guard stat(path, &facts) == 0 else { return nil }
        return Timestamp(
            milliseconds: Int64(facts.st_mtim.tv_sec) * 1000 + Int64(facts.st_mtim.tv_nsec) / 1_000_000)
    }

    /// Two notes and the proof that failed, as text, in `state/fork-<letters>`; the same fork is kept once.
    package func keep(_ fork: ForkEvidence) throws {
        var text = Array("remembered\n\n".utf8) + fork.remembered.note
        text += Array("\npresented\n\n".utf8) + fork.presented.note
        for hash in fork.failedProof?.hashes ?? [] { text += Array("\nproof \(Base64.encode(hash.bytes))".utf8) }
        let name = "\(forks)/fork-\(Base32.encode(Hash.sha256(text).bytes).prefix(12))"
        if DeskFile.exists(name) { return }
        try Durable.write(path: name, bytes: text + [0x0a], mode: 0o600, exclusive: false)
    }
}
