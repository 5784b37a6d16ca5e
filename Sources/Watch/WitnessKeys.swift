import Keyring
package import Ledger
import Wording

/// A witness's key, which opens unattended, and the name that it signs under.
///
/// Two files in one folder (0700): `witness.key`, as a relay's keys are (0600), and `witness.vkey` (0644), the verifier
/// key as one line, which is what charters and policies need.
package struct WitnessKeys: Sendable {
    package static let keyFile = "witness.key"
    package static let verifierFile = "witness.vkey"

    private let key: SigningKey
    /// The verifier key, of type 0x04.
    package let verifier: VerifierKey

    /// Makes the key. A key that is there is never overwritten.
    ///
    /// - Parameter name: the cosigner's name, by custom a URL without its scheme: `witness.example/w1`.
    /// - Throws: ``WitnessError``; ``Keyring/KeyringError`` with `key-file-exists` and `file-unwritable`.
    package static func make(folder: String, name: String) throws -> WitnessKeys {
        guard let name = NoteName(name) else {
            throw WitnessError(
                .nameMalformed, "'\(name.prefix(80))' cannot name a cosigner: no spaces and no + were expected.",
                hint: "for example: --name witness.example/w1")
        }
        let key = SigningKey.generate()
        let verifier = try VerifierKey(name: name, kind: .cosignature, publicKey: key.publicKey)
        try Durable.makeFolder(path: folder)
        let path = "\(folder)/\(keyFile)"
        if WitnessFile.exists(path) {
            throw KeyringError(
                .keyFileExists, "\(path) is already there, and a witness's key is never overwritten.",
                hint: "Choose another folder, or move the old key away if it is surely not needed.")
        }
        // The verifier key first: without the key it is nothing, and the next attempt replaces it.
        try Durable.write(
            path: "\(folder)/\(verifierFile)", bytes: Array("\(verifier.text)\n".utf8), mode: 0o644, exclusive: false)
        try KeyFile(path: path).write(key, .unattended)
        return WitnessKeys(key: key, verifier: verifier)
    }

    /// Opens the key, from the service manager's credentials or the folder, and the name from the folder.
    package static func open(
        folder: String, credentials: String? = CredentialStore.inherited()
    ) throws -> WitnessKeys {
        let key: SigningKey
        do {
            key = try CredentialStore(folder: folder, credentials: credentials).signingKey(keyFile)
        } catch let error as KeyringError where error.code == .keyFileMissing {
            throw KeyringError(
                .keyFileMissing, error.message,
                hint: "valise-audit witness keys new --out \(ShellWord.quoted(folder)) --name NAME makes it.")
        }
        let path = "\(folder)/\(verifierFile)"
        guard let bytes = try WitnessFile.read(path, limit: 1_024), bytes.last == 0x0a,
            let text = String(validating: bytes.dropLast(), as: UTF8.self), let verifier = try? VerifierKey(text: text),
            verifier.kind == .cosignature
        else {
            throw WitnessError(
                .keysDamaged, "\(path) was expected to be one line with the verifier key of a cosigner.",
                hint: "fetch it from a backup, or write it again as it stands in the charters")
        }
        guard verifier.publicKey == key.publicKey else {
            throw WitnessError(
                .keysDamaged, "\(path) is not the verifier key of \(keyFile).",
                hint: "point --keys at the folder where the two were made together")
        }
        return WitnessKeys(key: key, verifier: verifier)
    }

    /// Cosigns checkpoints, nothing else.
    package var signer: NoteSigner {
        let key = key
        return NoteSigner(key: verifier) { try key.sign($0) }
    }
}
