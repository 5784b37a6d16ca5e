import Glibc
import Terminal

/// A small file that the command line names.
enum InputFile {
    /// The whole file.
    /// - Throws: `file-missing`, `file-unreadable`, `file-too-large`.
    static func read(_ path: String, limit: Int) throws(CommandFailure) -> [UInt8] {
        guard let file = fopen(path, "re") else {
            let found = errno != ENOENT
            throw CommandFailure(
                code: found ? "file-unreadable" : "file-missing",
                message: "\(path) cannot be opened: \(String(cString: strerror(errno))).",
                hints: ["check the path that you gave"], status: found ? .failed : .notFound)
        }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: limit + 1)
        let count = fread(&bytes, 1, bytes.count, file)
        guard ferror(file) == 0 else {
            throw CommandFailure(
                code: "file-unreadable", message: "\(path) cannot be read.", hints: ["name a file, not a folder"])
        }
        guard count <= limit else {
            throw CommandFailure(
                code: "file-too-large", message: "\(path) is larger than the \(limit) bytes that it may have.",
                hints: ["check the path that you gave"])
        }
        return Array(bytes.prefix(count))
    }
}
