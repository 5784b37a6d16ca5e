import ArgumentParser
import Desk
import Terminal

/// The file that a command writes: `-o FILE`, never over another one unless told so.
struct TargetFile: ParsableArguments {
    @Option(
        name: [.short, .long, .customLong("out")], help: ArgumentHelp("The file to write.", valueName: "file"),
        completion: .file())
    var output: String?
    @Flag(help: "Replace the file if it is there already.") var overwrite = false

    /// Refuses before any work is done.
    /// - Parameter otherwise: what is written without `--output`; nil where the option is needed.
    /// - Throws: ``Terminal/CommandFailure`` `file-exists`.
    func path(otherwise: String? = nil) throws -> String {
        guard let path = output ?? otherwise else { throw ValidationError("Name the file to write with --output.") }
        try check(path)
        return path
    }

    /// The same where nothing is written without the option.
    func pathIfNamed() throws -> String? {
        if let output { try check(output) }
        return output
    }

    private func check(_ path: String) throws {
        guard overwrite || !DeskFile.exists(path) else {
            throw CommandFailure(
                code: "file-exists", message: "\(path) is there already, and nothing was written.",
                hints: ["name another file, or replace it with --overwrite"], status: .refused)
        }
    }

    /// A file that everyone may read, written whole or not at all.
    func write(_ bytes: [UInt8], to path: String) throws { try DeskFile.write(path, bytes) }
}
