import Glibc

/// The secret words that open a key file: 1 to 1,024 bytes without line ends.
package struct Passphrase: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package static let byteLimit = 1024
    private let secret: SecretBytes

    /// - Throws: ``KeyringError`` with `passphrase-missing` when empty, `passphrase-malformed` when longer than
    ///   ``byteLimit`` or when a zero byte or a line end is in it.
    package init(_ bytes: [UInt8]) throws {
        guard !bytes.isEmpty else {
            throw KeyringError(
                .passphraseMissing, "The passphrase is empty.", hint: "Give a passphrase of at least one character.")
        }
        guard bytes.count <= Self.byteLimit, !bytes.contains(where: { $0 == 0 || $0 == 10 || $0 == 13 }) else {
            throw KeyringError(
                .passphraseMalformed,
                "The passphrase is expected to be one line of at most \(Self.byteLimit) bytes.",
                hint: "Give a shorter passphrase on a single line.")
        }
        secret = SecretBytes(bytes)
    }

    /// Lends the bytes for the length of a call.
    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try secret.withBytes(body)
    }

    package var description: String { "(a passphrase)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// Where a passphrase comes from.
package enum PassphraseSource: Sendable {
    /// The first line of a file that only its owner can read.
    case file(path: String)
    /// The first line of an open descriptor; nothing after that line is consumed, and it is not closed.
    case descriptor(Int32)
    /// Whatever the closure returns, for example after asking on a terminal.
    case prompt(@Sendable () throws -> [UInt8])

    /// Fetches it.
    /// - Throws: ``KeyringError``: `key-file-missing`, `key-file-open-to-others`, `file-unreadable`,
    ///   `passphrase-missing`, `passphrase-malformed`; and whatever the prompt throws.
    package func passphrase() throws -> Passphrase {
        var line: [UInt8]
        switch self {
        case .file(let path): line = try Self.firstLine(path: path)
        case .descriptor(let descriptor): line = try Self.firstLine(descriptor: descriptor)
        case .prompt(let ask): line = try ask()
        }
        defer { wipe(&line) }
        if line.last == 10 { line.removeLast() }
        if line.last == 13 { line.removeLast() }
        return try Passphrase(line)
    }

    private static func firstLine(path: String) throws -> [UInt8] {
        guard let text = try PrivateFile.read(path: path, limit: KeyFile.byteLimit, rule: .ownerOnly) else {
            throw KeyringError(
                .keyFileMissing, "There is no passphrase file \(path).", hint: "Check the path that you gave.")
        }
        return text.withBytes { [UInt8]($0.prefix { $0 != 10 }) }
    }

    private static func firstLine(descriptor: Int32) throws -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(Passphrase.byteLimit + 3)
        var byte: UInt8 = 0
        // One more than allowed is enough to see that it is too long.
        while line.count <= Passphrase.byteLimit + 1 {
            let step = Glibc.read(descriptor, &byte, 1)
            if step == 0 || (step == 1 && byte == 10) { break }
            if step == 1 {
                line.append(byte)
            } else if errno != EINTR {
                throw KeyringError(
                    .fileUnreadable, "The passphrase could not be read from descriptor \(descriptor).",
                    hint: "Check that the descriptor is open for reading.")
            }
        }
        return line
    }
}
