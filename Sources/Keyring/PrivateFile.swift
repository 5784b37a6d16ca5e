import Glibc
import Wording

/// Reads files that hold secrets, and refuses those that others can read.
enum PrivateFile {
    /// Who may read the file besides its owner.
    enum Rule {
        /// Nobody; and the owner is this user or root.
        case ownerOnly
        /// Its group: systemd hands credentials over as 0400 or 0440, owned by root or by the service's user.
        case credential
        /// Everyone: the file holds no secret.
        case anyone
    }

    /// The whole file; `nil` when there is none.
    ///
    /// The checks are made on the opened file, so a file or link that is exchanged meanwhile gains nothing.
    /// - Throws: ``KeyringError`` with `key-file-open-to-others`, `key-file-damaged` (too large, not a plain file) or
    ///   `file-unreadable`.
    static func read(path: String, limit: Int, rule: Rule) throws -> SecretBytes? {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard file >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw unreadable(path, errno)
        }
        defer { close(file) }
        var facts = stat()
        guard fstat(file, &facts) == 0 else { throw unreadable(path, errno) }
        guard facts.st_mode & S_IFMT == S_IFREG else {
            throw KeyringError(
                .keyFileDamaged, "\(path) is not a plain file.", hint: "Name the file itself, not a folder or a device."
            )
        }
        try check(facts, rule: rule, path: path)
        guard facts.st_size <= limit else { throw tooLarge(path, limit) }
        return try contents(of: file, limit: limit, path: path)
    }

    /// Whether anything has this name, be it a broken link.
    static func exists(path: String) throws -> Bool {
        var facts = stat()
        if lstat(path, &facts) == 0 { return true }
        guard errno == ENOENT else { throw unreadable(path, errno) }
        return false
    }

    private static func check(_ facts: stat, rule: Rule, path: String) throws {
        if rule == .anyone { return }
        let others: UInt32 = rule == .ownerOnly ? 0o077 : 0o027
        let ownerFits = rule == .credential || facts.st_uid == geteuid() || facts.st_uid == 0
        guard facts.st_mode & others == 0, ownerFits else {
            throw KeyringError(
                .keyFileOpenToOthers,
                "\(path) has mode \(octal(facts.st_mode & 0o7777)) and owner \(facts.st_uid), and was expected to be"
                    + " readable by you alone.",
                hint: "Make it yours and run `chmod 600 \(ShellWord.quoted(path))`; if others could have read it,"
                    + " replace the secret.")
        }
    }

    private static func contents(of file: Int32, limit: Int, path: String) throws -> SecretBytes {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: limit + 1, alignment: 16)
        defer {
            if let start = buffer.baseAddress { explicit_bzero(start, buffer.count) }
            buffer.deallocate()
        }
        var count = 0
        while count < buffer.count {
            let step = Glibc.read(file, buffer.baseAddress?.advanced(by: count), buffer.count - count)
            if step == 0 { break }
            if step > 0 {
                count += step
            } else if errno != EINTR {
                throw unreadable(path, errno)
            }
        }
        guard count <= limit else { throw tooLarge(path, limit) }
        return SecretBytes(copying: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }

    private static func octal(_ mode: UInt32) -> String {
        let digits = String(mode, radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    private static func unreadable(_ path: String, _ number: Int32) -> KeyringError {
        KeyringError(
            .fileUnreadable, "\(path) could not be read (\(String(cString: strerror(number)))).",
            hint: "Check the path, and that you own the file.")
    }

    private static func tooLarge(_ path: String, _ limit: Int) -> KeyringError {
        KeyringError(
            .keyFileDamaged, "\(path) is larger than the \(limit) bytes that such a file may have.",
            hint: "Check that this is the right file.")
    }
}
