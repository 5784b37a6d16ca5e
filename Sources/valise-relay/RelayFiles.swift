import Foundation
import Keyring
import Ledger
import Relay
import Statements
import Terminal

/// What the relay's commands read from files.
enum RelayFiles {
    static func charter(_ path: String) throws -> SignedCharter {
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw CommandFailure(
                code: "charter-missing", message: "There is no charter at \(path).",
                hints: ["valise charter collect makes it from the founders' signatures"], status: .notFound)
        }
        let bytes = Array(try file.read(upToCount: Bounds.signedCharter + 1) ?? Data())
        do throws(FormError) { return try SignedCharter(der: bytes, limit: Bounds.signedCharter) } catch {
            throw CommandFailure(
                code: error.code.rawValue, message: "\(path) is not a signed charter: \(error).",
                hints: ["valise charter show FILE prints what it is"])
        }
    }

    static func signers(_ keys: RelayKeys, charter: Charter) throws -> RelaySigners {
        guard let name = NoteName(charter.relay.origin) else {
            throw CommandFailure(
                code: "charter-origin", message: "The charter's origin cannot name a log key.",
                hints: ["compile the charter again with another origin"])
        }
        let log = keys.log
        let act = keys.act
        let key = try VerifierKey(name: name, kind: .ed25519, publicKey: log.publicKey)
        return RelaySigners(log: NoteSigner(key: key) { try log.sign($0) }, act: { try act.sign($0) })
    }
}
