import Glibc
import Keyring
import Ledger
import Statements
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

    package func store(_ checkpoint: RememberedCheckpoint) throws {
        try locked {
            // Another run of this desk may have seen more meanwhile.
            if let kept = try load(), kept.head.size > checkpoint.head.size { return }
            try Durable.write(path: path, bytes: checkpoint.note, mode: 0o600, exclusive: false)
        }
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

    private func locked(_ body: () throws -> Void) throws {
        let lock = open("\(path).lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0, flock(lock, LOCK_EX) == 0 else {
            let number = errno
            if lock >= 0 { close(lock) }
            throw DeskError(
                "file-unwritable", "\(path) could not be locked (\(String(cString: strerror(number)))).",
                hint: "check the permissions of its folder")
        }
        // Closing also lets go of the lock.
        defer { close(lock) }
        try body()
    }
}
