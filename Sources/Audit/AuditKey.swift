import Crypto
import Glibc

/// The secret by which an auditor knows its own states: a mirror may have come from somebody else, with a state in it
/// that claims what nobody has verified.
package struct AuditKey: Sendable {
    /// The name of the file in the auditor's folder.
    package static let file = "audit.key"
    private static let byteCount = 32

    let symmetric: SymmetricKey

    /// The key in a folder; both are made if they are not there.
    ///
    /// - Parameter path: a folder of the auditor's own, such as `~/.local/state/valise-audit`.
    /// - Throws: ``AuditError`` `file-unreadable`, `file-unwritable`.
    package static func kept(in path: String) throws(AuditError) -> AuditKey {
        let folder = MirrorFolder(path: path)
        if let known = try read(folder) { return known }
        try folder.makeFolders()
        try draw("\(path)/\(file)")
        // Another process may have been first: what has the name is the key.
        guard let made = try read(folder) else { throw unwritable("\(path)/\(file)", ENOENT) }
        return made
    }

    private static func read(_ folder: MirrorFolder) throws(AuditError) -> AuditKey? {
        guard let bytes = try folder.read(file, limit: byteCount) else { return nil }
        guard bytes.count == byteCount else {
            throw AuditError(
                .fileUnreadable, "\(folder.path)/\(file) is no audit key: \(byteCount) bytes were expected.",
                hint: "move the file away; the next replay then begins at the first entry")
        }
        return AuditKey(symmetric: SymmetricKey(data: bytes))
    }

    /// Writes a new key, whole, under a name that nobody has yet; one that is there stays.
    private static func draw(_ path: String) throws(AuditError) {
        let part = "\(path).\(getpid()).part"
        let descriptor = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw unwritable(path, errno) }
        defer { unlink(part) }
        let drawn = SymmetricKey(size: SymmetricKeySize(bitCount: 8 * byteCount))
        let written = drawn.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        let isDurable = written == byteCount && fsync(descriptor) == 0
        close(descriptor)
        guard isDurable, link(part, path) == 0 || errno == EEXIST else { throw unwritable(path, errno) }
    }

    private static func unwritable(_ path: String, _ number: Int32) -> AuditError {
        AuditError(
            .fileUnwritable, "\(path) could not be written (\(String(cString: strerror(number)))).",
            hint: "check that the folder is yours to write in and has room")
    }
}
