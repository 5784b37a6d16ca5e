import Glibc
import Keyring
package import Ledger

/// The newest checkpoint that this desk has verified, kept across runs: a later view of the log must agree with it.
package struct CheckpointFile: Sendable {
    /// A note with many cosignatures stays far below this, in bytes.
    package static let byteLimit = 64 * 1024
    private let path: String

    package init(_ home: DeskHome) { path = home.checkpointFile }

    /// The note; nil when nothing was seen yet.
    package func load() throws -> [UInt8]? { try DeskFile.readIfThere(path, limit: Self.byteLimit) }

    /// Keeps the note unless a larger one is there already, as another run of this desk may have left it.
    /// - Parameter note: verified by the caller, with the consistency to what ``load()`` gave.
    package func save(_ note: [UInt8]) throws {
        try locked {
            if let kept = try load(), let old = Self.size(kept), let new = Self.size(note), old > new { return }
            try Durable.write(path: path, bytes: note, mode: 0o600, exclusive: false)
        }
    }

    /// Forgets what was seen: for a desk that joins another charter.
    func forget() throws {
        guard unlink(path) == 0 || errno == ENOENT || errno == ENOTDIR else {
            throw DeskError(
                "file-unwritable", "\(path) could not be removed (\(String(cString: strerror(errno)))).",
                hint: "check the permissions of its folder")
        }
    }

    private static func size(_ note: [UInt8]) -> TreeSize? {
        guard let note = try? SignedNote(parsing: note) else { return nil }
        return (try? Checkpoint(text: note.text))?.size
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
