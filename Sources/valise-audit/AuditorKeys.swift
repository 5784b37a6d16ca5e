import Desk
import Keyring
import Statements
import Terminal

/// The signing key of an auditor's delegate: from the unlock agent of its home when one runs, else from
/// `keys/signing.pem` by its passphrase.
struct AuditorKeys: Sendable {
    let delegate: DelegateID
    let sign: @Sendable ([UInt8]) async throws -> [UInt8]

    /// - Parameters:
    ///   - home: the desk's folder; nil takes `VALISE_HOME`.
    ///   - profile: the desk's name among several.
    /// - Throws: `not-an-auditor`; ``Desk/DeskError``; ``Keyring/KeyringError``.
    init(home: String?, profile: String?, passphrase: PassphraseOptions, charter: Charter) throws {
        let home = try DeskHome.locate(option: home, profile: profile)
        let source: PassphraseSource =
            if let file = passphrase.file { .file(path: file) } else if let descriptor = passphrase.descriptor {
                .descriptor(descriptor)
            } else { .prompt { try PassphrasePrompt.read("Passphrase of the keys in \(home.path): ") } }
        let keys = try DeskKeys.open(home, passphrase: source)
        sign = { try await keys.sign($0) }
        delegate = try Self.auditor(keys.signingPublicKey, charter)
    }

    private static func auditor(_ key: [UInt8], _ charter: Charter) throws(CommandFailure) -> DelegateID {
        for party in charter.parties where party.capabilities.auditor {
            for delegate in party.delegates where delegate.signingKey == key {
                return DelegateID(party: party.id, name: delegate.name)
            }
        }
        let auditors = charter.parties.filter(\.capabilities.auditor).map(\.id.description)
        throw CommandFailure(
            code: "not-an-auditor", message: "The key is not that of a delegate of an auditor in this charter.",
            hints: ["use the home of a delegate of \(auditors.joined(separator: " or "))"], status: .refused)
    }
}
