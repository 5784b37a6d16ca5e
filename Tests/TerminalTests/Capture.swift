import Glibc
import Terminal

/// Outputs that write into a pipe, read back at the end. For up to 64 KiB, which a pipe holds.
struct Capture {
    let output: Output
    private let readEnd: Int32
    private let writeEnd: Int32

    init(isTerminal: Bool = false, usesColour: Bool = false, width: Int = 80) {
        var ends: [Int32] = [0, 0]
        precondition(pipe(&ends) == 0)
        (readEnd, writeEnd) = (ends[0], ends[1])
        output = Output(descriptor: ends[1], isTerminal: isTerminal, usesColour: usesColour, width: width)
    }

    var descriptor: Int32 { writeEnd }

    /// Closes both ends and returns what was written.
    func finish() -> String {
        close(writeEnd)
        defer { close(readEnd) }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        var all: [UInt8] = []
        while case let count = read(readEnd, &bytes, bytes.count), count > 0 { all += bytes.prefix(count) }
        return String(decoding: all, as: UTF8.self)
    }

    static func text(_ make: (Output) -> String) -> String {
        let capture = Capture()
        capture.output.write(make(capture.output))
        return capture.finish()
    }
}

/// A new directory, removed with its files when the value goes.
final class ScratchDirectory {
    let path: String

    init() {
        var template = Array("/tmp/valise-terminal-XXXXXX".utf8CString)
        precondition(mkdtemp(&template) != nil)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Writes a file with this mode and returns its path.
    func file(_ name: String, _ content: String, mode: mode_t = 0o600) -> String {
        let path = self.path + "/" + name
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        precondition(descriptor >= 0)
        defer { close(descriptor) }
        precondition(write(descriptor, content, content.utf8.count) == content.utf8.count)
        precondition(fchmod(descriptor, mode) == 0)
        return path
    }

    deinit {
        guard let directory = opendir(path) else { return }
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            unlink(path + "/" + name)
        }
        closedir(directory)
        rmdir(path)
    }
}
