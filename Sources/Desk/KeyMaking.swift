package import Keyring
package import Statements

/// Makes a delegate's first keys: one signing key, two sealing keys, and the public card.
package enum KeyMaking {
    /// So many sealing keys that the next window can be published before the first one ends.
    package static let firstSealingKeys = 2

    /// What was made; all of it is public.
    package struct Made: Sendable {
        package let card: Card
        package let sealingKeys: [KeyID]
    }

    /// Makes keys in an empty keys folder.
    ///
    /// The card is written last: a folder without one was not finished, and no later command takes it for a desk.
    /// - Parameters:
    ///   - now: the card's time.
    ///   - cost: `standard` outside tests.
    /// - Throws: ``DeskError`` `keys-exist`, and nothing written, when there are keys; ``Keyring/KeyringError``.
    package static func make(
        _ home: DeskHome, for id: DelegateID, passphrase: Passphrase, now: Timestamp, cost: ScryptCost = .standard
    ) throws -> Made {
        guard id.party != .relay else {
            throw DeskError(
                "reserved-name", "No party may be named relay: the relay's own statements carry that name.",
                hint: "choose another name for the party", kind: .usage)
        }
        try checkNone(home)
        let signing = SigningKey.generate()
        let sealing = try (0..<firstSealingKeys).map { _ in try SealingKey.generate() }
        let message = try Card.message(id: id, signingKey: signing.publicKey, madeAt: now)
        let card = Card(id: id, signingKey: signing.publicKey, madeAt: now, signature: try signing.sign(message))
        let lock = try KeysFolder.hold(home)
        defer { withExtendedLifetime(lock) {} }
        try checkNone(home)
        for key in sealing {
            let file = KeyFile(path: home.sealingKeyFile(KeyID(publicKey: key.publicKey)))
            try file.write(key, .passphrase(passphrase), cost: cost)
        }
        try KeyFile(path: home.signingKeyFile).write(signing, .passphrase(passphrase), cost: cost)
        try Durable.write(path: home.cardFile, bytes: Array(card.text.utf8), mode: 0o644, exclusive: true)
        return Made(card: card, sealingKeys: sealing.map { KeyID(publicKey: $0.publicKey) })
    }

    /// Refuses a folder that has keys already; worth asking before a passphrase is.
    /// - Throws: ``DeskError`` `keys-exist`.
    package static func checkNone(_ home: DeskHome) throws {
        guard let existing = [home.cardFile, home.signingKeyFile].first(where: { DeskFile.exists($0) }) else { return }
        throw DeskError(
            "keys-exist", "\(existing) is already there, and keys are never overwritten.",
            hint: "valise keys show prints the card; another delegate needs another --home or --profile", kind: .refused
        )
    }
}
