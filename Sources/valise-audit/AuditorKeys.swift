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
        let auditors = charter.parties.filter(\.capabilities.auditor).map(\.id)
        try self.init(
            home: home, profile: profile, passphrase: passphrase, charter: charter, of: auditors,
            otherwise: "not-an-auditor", "an auditor")
    }

    /// - Parameters:
    ///   - parties: whose delegates will do.
    ///   - code: of the failure when it is another's key.
    ///   - name: what these parties are.
    init(
        home: String?, profile: String?, passphrase: PassphraseOptions, charter: Charter, of parties: [PartyID],
        otherwise code: String, _ name: String
    ) throws {
        let home = try DeskHome.locate(option: home, profile: profile)
        let source: PassphraseSource =
            if let file = passphrase.file { .file(path: file) } else if let descriptor = passphrase.descriptor {
                .descriptor(descriptor)
            } else { .prompt { try PassphrasePrompt.read(home.passphrasePrompt) } }
        let keys = try DeskKeys.open(home, passphrase: source)
        sign = { try await keys.sign($0) }
        let key = keys.signingPublicKey
        for party in charter.parties where parties.contains(party.id) {
            guard let found = party.delegates.first(where: { $0.signingKey == key }) else { continue }
            delegate = DelegateID(party: party.id, name: found.name)
            return
        }
        let names = parties.isEmpty ? "none is named" : parties.map(\.description).joined(separator: " or ")
        throw CommandFailure(
            code: code, message: "The key is not that of a delegate of \(name) in this charter.",
            hints: ["use the home of a delegate of such a party: \(names)"], status: .refused)
    }
}
