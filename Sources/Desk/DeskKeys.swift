import Archive
package import Keyring
import Ledger
package import Statements
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
        let mark = PassphraseMark(home)
        let signing = try PassphraseChange.explaining(home) { try signingKey(home, card, words) }
        return LazyKeys(home: home, signing: signing, passphrase: words, mark: mark)
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

    /// Opens all key files, for an agent to hold; makes the archive key when there is none yet. Under the lock of
    /// ``KeysFolder``.
    static func openAll(_ home: DeskHome, _ words: Passphrase) throws -> AgentSecrets {
        let card = try home.card()
        return try PassphraseChange.explaining(home) {
            let signing = try signingKey(home, card, words)
            let archive = try archiveKey(home, words)
            let sealing = try home.sealingKeyNames().map { name in
                try KeyFile(path: "\(home.keysFolder)/sealing-\(name).pem").readSealingKey(.passphrase(words))
            }
            return AgentSecrets(signing: signing, archive: archive, passphrase: words, sealing: sealing)
        }
    }

    /// Opens the archive key, and makes it the first time. Under the lock of ``KeysFolder`` unless it is there.
    /// - Throws: ``Keyring/KeyringError`` `key-file-missing` when it is gone but an archive is there.
    fileprivate static func archiveKey(_ home: DeskHome, _ words: Passphrase) throws -> ArchiveKey {
        let file = KeyFile(path: home.archiveKeyFile)
        if !DeskFile.exists(home.archiveKeyFile) {
            guard !Archive.exists(in: home.archiveFolder) else {
                throw KeyringError(
                    .keyFileMissing, "\(home.archiveKeyFile) is gone, and the archive opens with no other key.",
                    hint: "Fetch the file from a backup, or move \(home.archiveFolder) away to begin a new archive.")
            }
            let key = try ArchiveKey.generate()
            try file.write(key, .passphrase(words))
            return key
        }
        return try file.readArchiveKey(.passphrase(words))
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
    private let mark: PassphraseMark?
    private let opened = Mutex<[String: SealingKey]>([:])
    private let archive = Mutex<ArchiveKey?>(nil)

    init(home: DeskHome, signing: SigningKey, passphrase: Passphrase, mark: PassphraseMark?) {
        self.home = home
        self.signing = signing
        self.passphrase = passphrase
        self.mark = mark
    }

    /// - Throws: ``Keyring/KeyringError`` `wrong-passphrase` when the passphrase that is held here is not the one of
    ///   the key files any more.
    func expectCurrentPassphrase() throws { try mark?.expectStill(home) }

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

    func archiveKey() async throws -> ArchiveKey {
        try archive.withLock { held in
            if let held { return held }
            var lock: FileLock.Kept?
            if !DeskFile.exists(home.archiveKeyFile) {
                lock = try KeysFolder.hold(home)
                try expectCurrentPassphrase()
            }
            defer { withExtendedLifetime(lock) {} }
            let key = try PassphraseChange.explaining(home) { try DeskKeys.archiveKey(home, passphrase) }
            held = key
            return key
        }
    }

    func makeSealingKey() async throws -> NewSealingKey {
        let made = try NewSealingKey.make(passphrase)
        opened.withLock { $0[KeyID(publicKey: made.key.publicKey).short] = made.key }
        return made.new
    }

    func forget(sealingKey: Hash) async throws {
        opened.withLock { _ = $0.removeValue(forKey: KeyID(sealingKey).short) }
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
            let key = try PassphraseChange.explaining(home) { try file.readSealingKey(.passphrase(passphrase)) }
            opened[name] = key
            return key
        }
    }

    var customMirror: Mirror { Mirror(self, children: []) }
}

/// Keys that come and go with their windows.
extension DeskKeys {
    /// Makes one more sealing key and writes its file, durably, before anyone hears of it. About 0.25 s.
    /// - Throws: ``Keyring/KeyringError`` `wrong-passphrase` when another run has changed the passphrase meanwhile.
    package static func makeSealingKey(_ home: DeskHome, keys: any DelegateKeys) async throws -> KeyID {
        let lock = try KeysFolder.hold(home)
        defer { withExtendedLifetime(lock) {} }
        // An agent needs no such question: whoever changes the passphrase ends it first.
        try (keys as? LazyKeys)?.expectCurrentPassphrase()
        let key = try await keys.makeSealingKey()
        let id = KeyID(publicKey: key.publicKey)
        try KeyFile(path: home.sealingKeyFile(id)).write(key)
        return id
    }

    /// Destroys a sealing key at the end of its time: its file, and what this program or the agent holds of it.
    package static func destroySealingKey(_ id: KeyID, _ home: DeskHome, keys: any DelegateKeys) async throws {
        let lock = try KeysFolder.hold(home)
        defer { withExtendedLifetime(lock) {} }
        try KeyFile(path: home.sealingKeyFile(id)).destroy()
        try await keys.forget(sealingKey: id.hash)
    }

    /// Whether the keys are held by the unlock agent, which knows all public sealing keys.
    static func usesAgent(_ keys: any DelegateKeys) -> Bool { !(keys is LazyKeys) }
}
