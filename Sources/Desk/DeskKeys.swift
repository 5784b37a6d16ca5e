package import Keyring
import Ledger
import Statements
import Synchronization

/// The private keys of a desk: from its unlock agent when one runs, else from the key files by their passphrase.
package enum DeskKeys {
    /// How this project names sealing keys: by ``Statements/KeyID``.
    package static let name = SealingKeyName { KeyID(publicKey: $0).hash }

    /// The keys, ready to sign. The passphrase is asked for only when no agent runs.
    ///
    /// Opening a key file costs 0.25 s: the signing key is opened at once, a sealing key when a wrap needs it.
    /// - Throws: ``DeskError`` with `no-keys`, `agent-of-other-keys`, `signing-key-mismatch`; ``Keyring/KeyringError``.
    package static func open(_ home: DeskHome, passphrase: PassphraseSource) throws -> any DelegateKeys {
        let card = try home.card()
        if let agent = try agent(home) {
            guard agent.signingPublicKey == card.signingKey else {
                throw DeskError(
                    "agent-of-other-keys", "The unlock agent holds keys that are not those of \(card.id).",
                    hint: "valise lock, then valise unlock", kind: .locked)
            }
            return agent
        }
        let words = try passphrase.passphrase()
        return LazyKeys(home: home, signing: try signingKey(home, card, words), passphrase: words)
    }

    /// The running agent of this home; nil when none runs.
    package static func agent(_ home: DeskHome) throws -> AgentClient? {
        do {
            return try AgentClient(socketPath: home.agentSocket, name: name)
        } catch let error as KeyringError where error.code == .agentNotRunning {
            return nil
        }
    }

    /// The public keys of every sealing key of the home, taken from the private keys themselves.
    ///
    /// Without an agent each file that was not opened yet costs 0.25 s.
    package static func sealingPublicKeys(of keys: any DelegateKeys) throws -> [[UInt8]] {
        if let lazy = keys as? LazyKeys { return try lazy.openAll() }
        return keys.sealingPublicKeys
    }

    /// Opens all key files, for an agent to hold.
    static func openAll(_ home: DeskHome, passphrase: PassphraseSource) throws -> (SigningKey, [SealingKey]) {
        let card = try home.card()
        let words = try passphrase.passphrase()
        let signing = try signingKey(home, card, words)
        let sealing = try home.sealingKeyNames().map { name in
            try KeyFile(path: "\(home.keysFolder)/sealing-\(name).pem").readSealingKey(.passphrase(words))
        }
        return (signing, sealing)
    }

    private static func signingKey(_ home: DeskHome, _ card: Card, _ words: Passphrase) throws -> SigningKey {
        let key = try KeyFile(path: home.signingKeyFile).readSigningKey(.passphrase(words))
        guard key.publicKey == card.signingKey else {
            throw DeskError(
                "signing-key-mismatch", "\(home.signingKeyFile) is not the key of the card \(home.cardFile).",
                hint: "put back the two files that were made together", kind: .locked)
        }
        return key
    }
}

/// Key files of one desk, opened as they are needed.
private final class LazyKeys: DelegateKeys, CustomReflectable {
    private let home: DeskHome
    private let signing: SigningKey
    private let passphrase: Passphrase
    private let opened = Mutex<[String: SealingKey]>([:])

    init(home: DeskHome, signing: SigningKey, passphrase: Passphrase) {
        self.home = home
        self.signing = signing
        self.passphrase = passphrase
    }

    var signingPublicKey: [UInt8] { signing.publicKey }

    /// Those opened so far.
    var sealingPublicKeys: [[UInt8]] { opened.withLock { $0.values.map(\.publicKey) } }

    func sign(_ message: [UInt8]) async throws -> [UInt8] { try signing.sign(message) }

    func open(sealingKey: Hash, enc: [UInt8], ciphertext: [UInt8], info: [UInt8], aad: [UInt8]) async throws -> [UInt8]
    {
        let id = KeyID(sealingKey)
        guard try home.sealingKeyNames().contains(id.short) else { throw unknown(id) }
        let key = try key(named: id.short)
        guard DeskKeys.name(key.publicKey) == sealingKey else { throw unknown(id) }
        return try key.open(enc: enc, ciphertext: ciphertext, info: info, aad: aad)
    }

    private func unknown(_ id: KeyID) -> KeyringError {
        KeyringError(
            .unknownSealingKey, "No sealing key \(id.short) lies in \(home.keysFolder).",
            hint: "Its file may have been destroyed at the end of its time, or belong to another delegate.")
    }

    func openAll() throws -> [[UInt8]] {
        try home.sealingKeyNames().map { try key(named: $0).publicKey }
    }

    private func key(named name: String) throws -> SealingKey {
        try opened.withLock { opened in
            if let key = opened[name] { return key }
            let file = KeyFile(path: "\(home.keysFolder)/sealing-\(name).pem")
            let key = try file.readSealingKey(.passphrase(passphrase))
            opened[name] = key
            return key
        }
    }

    var customMirror: Mirror { Mirror(self, children: []) }
}

extension DeskKeys {
    /// Whether the keys are held by the unlock agent, which knows all public sealing keys.
    static func usesAgent(_ keys: any DelegateKeys) -> Bool { !(keys is LazyKeys) }
}
