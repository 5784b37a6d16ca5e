import Glibc

/// Lines at the end of a file that holds no secret and whose loss is borne: they are not forced to the disk, so that
/// the last one may be cut short. Callers hold a lock.
enum AppendedLines {
    /// What stands behind a line that was cut short: it makes the line one that no reader takes for a whole one.
    private static let torn = " torn\n"

    /// `write(2)`.
    typealias Writing = (Int32, UnsafeRawPointer?, Int) -> Int

    /// Adds all of the lines or none.
    /// - Throws: ``DeskError`` `file-unwritable`.
    static func add(_ lines: [String], to path: String, write: Writing = { Glibc.write($0, $1, $2) }) throws {
        guard !lines.isEmpty else { return }
        let file = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw unwritable(path, errno) }
        defer { close(file) }
        var facts = stat()
        guard fstat(file, &facts) == 0 else { throw unwritable(path, errno) }
        let size = facts.st_size
        var last = UInt8(ascii: "\n")
        if size > 0 {
            guard pread(file, &last, 1, size - 1) == 1 else { throw unwritable(path, errno) }
        }
        let begin = last == UInt8(ascii: "\n") ? "" : torn
        let bytes = Array((begin + lines.map { $0 + "\n" }.joined()).utf8)
        var written = 0
        while written < bytes.count {
            let step = bytes.withUnsafeBytes { write(file, $0.baseAddress?.advanced(by: written), $0.count - written) }
            if step > 0 {
                written += step
            } else if step == 0 || errno != EINTR {
                let number = step == 0 ? ENOSPC : errno
                // Half a line could be a whole one with another number in it.
                _ = ftruncate(file, size)
                throw unwritable(path, number)
            }
        }
    }

    /// The whole lines of a file; what stands behind the last end of a line was cut short.
    static func whole(_ bytes: [UInt8]) -> [[UInt8].SubSequence] {
        guard let end = bytes.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
        return bytes[..<end].split(separator: UInt8(ascii: "\n"))
    }

    private static func unwritable(_ path: String, _ number: Int32) -> DeskError {
        DeskError(
            "file-unwritable", "\(path) cannot be written (\(String(cString: strerror(number)))).",
            hint: "check its permissions and the space left")
    }
}
