package import ArgumentParser
import Glibc
import Wording

/// The options by which every command takes a passphrase: a file, an open descriptor, else the terminal.
///
/// There is no option that holds the passphrase itself: other users of the machine can read command lines.
package struct PassphraseOptions: ParsableArguments {
    @Option(
        name: .customLong("passphrase-file"),
        help: ArgumentHelp("Read the passphrase from the first line of this file (mode 0600).", valueName: "file"),
        completion: .file())
    package var file: String?

    @Option(
        name: .customLong("passphrase-fd"),
        help: ArgumentHelp("Read the passphrase from this open file descriptor.", valueName: "number"))
    package var descriptor: Int32?

    package init() {}

    package func validate() throws {
        if file != nil, descriptor != nil {
            throw ValidationError("Give either --passphrase-file or --passphrase-fd, not both.")
        }
        if let descriptor, descriptor < 0 {
            throw ValidationError("--passphrase-fd \(descriptor) is not a descriptor: 0 or more was expected.")
        }
    }

    /// Whether a passphrase was given without the terminal.
    package var isGiven: Bool { file != nil || descriptor != nil }

    /// The passphrase from where the options say; `prompt` and `confirm` matter only on the terminal.
    package func read(_ prompt: String, confirm: Bool = false) throws(CommandFailure) -> [UInt8] {
        if let file { return try PassphraseFile.read(path: file) }
        if let descriptor { return try PassphraseFile.read(descriptor: descriptor, name: "descriptor \(descriptor)") }
        return try PassphrasePrompt.read(prompt, confirm: confirm)
    }
}

/// A passphrase in a file: its first line, without the line end.
package enum PassphraseFile {
    /// Refuses a regular file that others than its owner may read (`passphrase-file-readable`), one that cannot be read
    /// (`passphrase-file-unreadable`), an empty first line (`passphrase-empty`), more than 1024 bytes
    /// (`passphrase-too-long`).
    package static func read(path: String) throws(CommandFailure) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else { throw unreadable(path, errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw unreadable(path, errno) }
        if status.st_mode & S_IFMT == S_IFREG, status.st_mode & 0o077 != 0 {
            throw CommandFailure(
                code: "passphrase-file-readable",
                message: "The passphrase file '\(path)' can be read by other users: mode 0600 was expected.",
                hints: ["chmod 600 \(ShellWord.quoted(path))"], status: .locked)
        }
        return try read(descriptor: descriptor, name: "'\(path)'")
    }

    /// As above for an open descriptor, which stays open.
    package static func read(descriptor: Int32, name: String) throws(CommandFailure) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(PassphrasePrompt.limit + 2)
        while line.last != UInt8(ascii: "\n") {
            var byte: UInt8 = 0
            let count = Glibc.read(descriptor, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw unreadable(name, errno) }
            if count == 0 { break }
            line.append(byte)
            if line.count > PassphrasePrompt.limit + 2 { throw tooLong }
        }
        if line.last == UInt8(ascii: "\n") { line.removeLast() }
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        guard line.count <= PassphrasePrompt.limit else { throw tooLong }
        guard !line.isEmpty else {
            throw CommandFailure(
                code: "passphrase-empty", message: "The first line of \(name) is empty: a passphrase was expected.",
                hints: ["write the passphrase as the first line"], status: .locked)
        }
        return line
    }

    static let tooLong = CommandFailure(
        code: "passphrase-too-long", message: "The passphrase is longer than \(PassphrasePrompt.limit) bytes.",
        hints: ["choose a shorter passphrase"], status: .locked)

    private static func unreadable(_ name: String, _ error: Int32) -> CommandFailure {
        CommandFailure(
            code: "passphrase-file-unreadable",
            message: "The passphrase could not be read from \(name): \(String(cString: strerror(error))).",
            hints: ["name a file that exists and that you can read"], status: .locked)
    }
}
