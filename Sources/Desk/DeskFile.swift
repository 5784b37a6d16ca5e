import Glibc
import Keyring

/// Files of a desk that hold no secret: read within a bound, written whole or not at all.
package enum DeskFile {
    /// The whole file.
    /// - Parameter limit: the most bytes it may have; a larger one is refused unread.
    /// - Throws: ``DeskError`` with `file-missing`, `file-unreadable` or `file-too-large`.
    package static func read(_ path: String, limit: Int) throws -> [UInt8] {
        guard let bytes = try readIfThere(path, limit: limit) else {
            throw DeskError("file-missing", "There is no file \(path).", hint: "check the path", kind: .notFound)
        }
        return bytes
    }

    /// As ``read(_:limit:)``; nil when there is no such file.
    package static func readIfThere(_ path: String, limit: Int) throws -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
        guard file >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw unreadable(path, errno)
        }
        defer { close(file) }
        var facts = stat()
        guard fstat(file, &facts) == 0 else { throw unreadable(path, errno) }
        guard facts.st_size <= limit else { throw tooLarge(path, limit) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(facts.st_size))
        var buffer = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let step = Glibc.read(file, &buffer, buffer.count)
            if step == 0 { return bytes }
            if step > 0 {
                bytes.append(contentsOf: buffer[..<step])
                guard bytes.count <= limit else { throw tooLarge(path, limit) }
            } else if errno != EINTR {
                throw unreadable(path, errno)
            }
        }
    }

    /// As ``read(_:limit:)``, as text.
    /// - Throws: also `file-not-text` unless it is UTF-8.
    package static func readText(_ path: String, limit: Int) throws -> String {
        guard let text = String(validating: try read(path, limit: limit), as: UTF8.self) else {
            throw DeskError("file-not-text", "\(path) is not UTF-8 text.", hint: "check that it is the right file")
        }
        return text
    }

    /// Writes a file that everyone may read, replacing an older one in one step.
    package static func write(_ path: String, _ bytes: [UInt8]) throws {
        try Durable.write(path: path, bytes: bytes, mode: 0o644, exclusive: false)
    }

    /// Removes a file, if it is there.
    static func remove(_ path: String) throws {
        guard unlink(path) == 0 || errno == ENOENT || errno == ENOTDIR else {
            throw DeskError(
                "file-unwritable", "\(path) could not be removed (\(String(cString: strerror(errno)))).",
                hint: "check the permissions of its folder")
        }
    }

    /// The folder that a path's last name is in.
    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Whether anything has this name, be it a broken link.
    package static func exists(_ path: String) -> Bool {
        var facts = stat()
        return lstat(path, &facts) == 0
    }

    private static func unreadable(_ path: String, _ number: Int32) -> DeskError {
        DeskError(
            "file-unreadable", "\(path) could not be read (\(String(cString: strerror(number)))).",
            hint: "check the path and its permissions")
    }

    private static func tooLarge(_ path: String, _ limit: Int) -> DeskError {
        DeskError(
            "file-too-large", "\(path) has more than the \(limit) bytes that such a file may have.",
            hint: "check that it is the right file")
    }
}
