import Foundation
import Glibc
import Keyring

/// A folder of its own (0700) for one test, removed with the last reference.
final class Workbench {
    let path: String

    init() throws {
        var template = Array("/tmp/valise-keyring-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw POSIXError(.EIO) }
        path = template.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    func put(_ name: String, _ text: String, mode: mode_t = 0o600) throws -> String {
        try put(name, [UInt8](text.utf8), mode: mode)
    }

    func put(_ name: String, _ bytes: [UInt8], mode: mode_t = 0o600) throws -> String {
        let path = file(name)
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        chmod(path, mode)
        return path
    }

    func bytes(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: file(name)))) }

    func mode(_ name: String) -> mode_t {
        var facts = stat()
        return lstat(file(name), &facts) == 0 ? facts.st_mode & 0o7777 : 0
    }

    /// Runs the `openssl` program; what it wrote on both streams, and its exit status.
    func openssl(_ arguments: String...) throws -> (status: Int32, output: [UInt8]) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        process.currentDirectoryURL = URL(fileURLWithPath: path)
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, [UInt8](output))
    }
}

/// The code of the ``KeyringError`` that `body` throws; `nil` when it throws none.
func code(_ body: () throws -> Void) -> KeyringError.Code? {
    do {
        try body()
        return nil
    } catch {
        return (error as? KeyringError)?.code
    }
}

func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

extension Passphrase {
    static var right: Passphrase { get throws { try Passphrase([UInt8]("correct horse".utf8)) } }
    static var wrong: Passphrase { get throws { try Passphrase([UInt8]("battery staple".utf8)) } }
}
