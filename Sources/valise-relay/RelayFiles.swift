import Foundation
import Keyring
import Ledger
import Relay
import Statements
import Terminal
import Wording

/// What the relay's commands read from files.
enum RelayFiles {
    /// - Throws: ``Terminal/CommandFailure`` with the codes of `valise`: `file-missing`, `file-too-large`,
    ///   `charter-unsigned`, `charter-damaged`.
    static func charter(_ path: String) throws -> SignedCharter {
        let bytes = try read(
            path, limit: Bounds.signedCharter + 1, hint: "valise charter collect makes it from the founders' signatures"
        )
        do throws(FormError) { return try SignedCharter(der: bytes, limit: Bounds.signedCharter) } catch {
            guard (try? Charter(der: bytes, limit: Bounds.charter)) == nil else {
                throw CommandFailure(
                    code: "charter-unsigned", message: "\(path) is a compiled charter without its signatures.",
                    hints: ["valise charter collect \(ShellWord.quoted(path)) SIGNATURES... -o charter.signed"])
            }
            throw CommandFailure(
                code: "charter-damaged",
                message: "\(path) is not a signed charter: \(error.field): expected \(error.expected).",
                hints: ["fetch the file again; valise charter verify FILE checks it"])
        }
    }

    /// At most `limit` bytes of a file.
    /// - Throws: ``Terminal/CommandFailure`` `file-missing`.
    static func read(_ path: String, limit: Int, hint: String = "check the path") throws -> [UInt8] {
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw CommandFailure(
                code: "file-missing", message: "There is no file \(path) that can be read.", hints: [hint],
                status: .notFound)
        }
        return Array(try file.read(upToCount: limit) ?? Data())
    }

    static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }

    static func isReadable(_ path: String) -> Bool { FileManager.default.isReadableFile(atPath: path) }

    /// - Throws: ``Keyring/KeyringError`` `certificate-unfit` unless the charter's parties will trust the leaf.
    static func requireTrust(_ leaf: TLSLeaf, charter: Charter) throws {
        let host = try KeysCommand.Address(charter.relay.url).host
        try leaf.requireTrust(
            under: charter.relay.tlsRoots, host: ServerName(host: host), now: TimeText.now())
    }

    static func signers(_ keys: RelayKeys, charter: Charter) throws -> RelaySigners {
        try signers(log: keys.log, act: keys.act, charter: charter)
    }

    static func signers(log: SigningKey, act: SigningKey, charter: Charter) throws -> RelaySigners {
        guard let key = try? charter.relay.verifierKey(of: log.publicKey) else {
            throw CommandFailure(
                code: "charter-origin", message: "The charter's origin cannot name a log key.",
                hints: ["compile the charter again with another origin"])
        }
        return RelaySigners(log: NoteSigner(key: key) { try log.sign($0) }, act: { try act.sign($0) })
    }
}
