import Dispatch
import Glibc
import Keyring
package import Ledger
package import Statements

/// The newest checkpoint that the relay has signed, in a file outside its data directory: whoever puts an older copy of
/// the data back does not put this one back with it.
package struct HeadFile: Sendable {
    package let path: String
    private static let queue = DispatchQueue(label: "valise.relay.head")
    private static let limit = 65_536

    package init(path: String) { self.path = path }

    /// Where it is unless it is set: beside the data directory, not in it.
    package init(besideData data: String) {
        var data = data
        while data.count > 1, data.hasSuffix("/") { data.removeLast() }
        path = data + ".head"
    }

    /// - Returns: nil if there is none.
    /// - Throws: ``RelayError`` `head-file-damaged`, `head-file-unreadable`.
    package func read(log: VerifierKey) throws -> LogHead? {
        guard let bytes = try contents() else { return nil }
        guard let checkpoint = try? Checkpoint.open(SignedNote(parsing: bytes), log: log).checkpoint else {
            throw RelayError(
                "head-file-damaged", "\(path) is no checkpoint that this relay's log key has signed.",
                hint: "compare the data directory with the parties' newest checkpoints; move the file away only when "
                    + "none of them is newer")
        }
        return LogHead(size: checkpoint.size, root: checkpoint.root)
    }

    private func contents() throws -> [UInt8]? {
        let file = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw unreadable(errno)
        }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: Self.limit)
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes {
                Glibc.read(file, $0.baseAddress?.advanced(by: filled), $0.count - filled)
            }
            if count == 0 { break }
            if count > 0 { filled += count } else if errno != EINTR { throw unreadable(errno) }
        }
        return Array(bytes.prefix(filled))
    }

    private func unreadable(_ cause: Int32) -> RelayError {
        RelayError(
            "head-file-unreadable", "\(path) cannot be read: \(String(cString: strerror(cause))).",
            hint: "check what the file is, and whose; serve --head-file names another place")
    }

    /// Replaces it, durably, away from the caller's thread.
    /// - Throws: ``RelayError`` `head-file-unwritable`.
    package func write(_ note: [UInt8]) async throws {
        let path = path
        let failure: RelayError? = await withCheckedContinuation { continuation in
            Self.queue.async {
                do {
                    try Durable.write(path: path, bytes: note, mode: 0o600, exclusive: false)
                    continuation.resume(returning: nil)
                } catch {
                    continuation.resume(
                        returning: RelayError(
                            "head-file-unwritable", "The newest head could not be kept: \(error)",
                            hint: "serve --head-file names a place outside the data directory that can be written"))
                }
            }
        }
        if let failure { throw failure }
    }
}
