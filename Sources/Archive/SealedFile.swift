import Glibc
package import Keyring

/// A small file encrypted whole under the archive key: outbox items, drafts, caches.
///
///     file = "valise-sealed-file/v1\n", seal (AES-256-GCM under the key of its purpose)
///
/// It is bound to its purpose, not to its name: who can write in the folder can put an older one in its place.
package struct SealedFile {
    private static let magic = Array("valise-sealed-file/v1\n".utf8)

    /// Writes the file (0600) in one step, durably, in the place of an older one.
    /// - Parameter purpose: a lowercase-hyphen name of what such files are for; each has a key of its own.
    /// - Throws: ``Keyring/KeyringError`` `file-unwritable`.
    package static func write(_ bytes: [UInt8], to path: String, key: ArchiveKey, purpose: String) throws {
        guard let sealed = Seal(key, purpose: "file-\(purpose)").seal(bytes, magic) else {
            throw OpenFile.unwritable(path, EIO)
        }
        try Durable.write(path: path, bytes: magic + sealed, mode: 0o600, exclusive: false)
    }

    /// What was written; nil when there is no such file.
    /// - Parameter limit: the most bytes that are expected; a file with more is refused unread.
    /// - Throws: ``ArchiveError`` `archive-damaged` when it does not open with this key for this purpose,
    ///   `archive-newer-version`, `archive-unreadable`.
    package static func read(
        _ path: String, key: ArchiveKey, purpose: String, limit: Int
    ) throws(ArchiveError) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw OpenFile.unreadable(path, errno)
        }
        defer { close(file) }
        var facts = stat()
        guard fstat(file, &facts) == 0 else { throw OpenFile.unreadable(path, errno) }
        let overhead = magic.count + Seal.overhead
        guard facts.st_size <= limit + overhead else { throw damaged(path) }
        let bytes = try contents(file, Int(facts.st_size), path)
        let common = magic.count - 2
        if bytes.count >= magic.count, bytes.starts(with: magic[..<common]), !bytes.starts(with: magic) {
            throw ArchiveError(
                .newerVersion, "\(path) was written by a newer version of this program.", hint: "Use that version.")
        }
        guard bytes.starts(with: magic),
            let plaintext = Seal(key, purpose: "file-\(purpose)").open(bytes[magic.count...], magic)
        else { throw damaged(path) }
        return plaintext
    }

    private static func contents(_ file: Int32, _ size: Int, _ path: String) throws(ArchiveError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: size)
        var filled = 0
        while filled < size {
            let step = bytes.withUnsafeMutableBytes {
                Glibc.read(file, $0.baseAddress?.advanced(by: filled), size - filled)
            }
            if step == 0 { throw damaged(path) }
            if step > 0 { filled += step } else if errno != EINTR { throw OpenFile.unreadable(path, errno) }
        }
        return bytes
    }

    private static func damaged(_ path: String) -> ArchiveError {
        ArchiveError(
            .damaged, "\(path) does not open with this desk's archive key.",
            hint: "Fetch it from a backup, or remove it.")
    }
}
