package import Ledger
import Synchronization

/// How the caller names sealing keys: a hash of the public key under the caller's own label.
package struct SealingKeyName: Sendable {
    private let rule: @Sendable (_ publicKey: [UInt8]) -> Hash

    package init(_ rule: @escaping @Sendable (_ publicKey: [UInt8]) -> Hash) { self.rule = rule }

    package func callAsFunction(_ publicKey: [UInt8]) -> Hash { rule(publicKey) }
}

/// What a delegate's private keys can do, wherever they are held. Every function throws ``KeyringError``.
package protocol DelegateKeys: Sendable {
    /// 32 bytes.
    var signingPublicKey: [UInt8] { get }
    /// 1,216 bytes each, in the order in which the keys were opened.
    var sealingPublicKeys: [[UInt8]] { get }
    /// An Ed25519 signature of 64 bytes.
    func sign(_ message: [UInt8]) async throws -> [UInt8]
    /// Opens the first message of an HPKE context with the named key; `unknown-sealing-key`, `cannot-unseal`.
    func open(sealingKey: Hash, enc: [UInt8], ciphertext: [UInt8], info: [UInt8], aad: [UInt8]) async throws -> [UInt8]
    /// The key of the desk's own files; `key-file-missing` when the holder has none.
    func archiveKey() async throws -> ArchiveKey
    /// Makes a sealing key, holds it from now on, and gives back its file's text, which the caller writes.
    func makeSealingKey() async throws -> NewSealingKey
    /// Lets go of an opened sealing key; nothing happens when it is not held.
    func forget(sealingKey: Hash) async throws
}

/// Keys opened in this process.
package final class OpenedKeys: DelegateKeys, CustomReflectable {
    let signing: SigningKey
    private let archive: ArchiveKey?
    private let passphrase: Passphrase?
    private let name: SealingKeyName
    private let sealing: Mutex<[SealingKey]>

    /// - Parameters:
    ///   - archive: nil where nothing is kept.
    ///   - passphrase: what encrypts the sealing keys that are made; nil where none will be.
    package init(
        signing: SigningKey, sealing: [SealingKey], archive: ArchiveKey? = nil, passphrase: Passphrase? = nil,
        name: SealingKeyName
    ) {
        self.signing = signing
        self.archive = archive
        self.passphrase = passphrase
        self.name = name
        self.sealing = Mutex(sealing)
    }

    package var sealingPublicKeys: [[UInt8]] { sealing.withLock { $0.map(\.publicKey) } }

    package func archiveKey() async throws -> ArchiveKey { try heldArchiveKey() }

    func heldArchiveKey() throws -> ArchiveKey {
        guard let archive else {
            throw KeyringError(
                .keyFileMissing, "No archive key was opened with these keys.",
                hint: "Run `valise lock` and `valise unlock` again, or give the passphrase instead.")
        }
        return archive
    }

    package func makeSealingKey() async throws -> NewSealingKey { try newSealingKey() }

    func newSealingKey() throws -> NewSealingKey {
        guard let passphrase else {
            throw KeyringError(
                .passphraseMissing, "No passphrase is at hand to protect a new sealing key.",
                hint: "Run `valise lock` and `valise unlock` again, or give the passphrase instead.")
        }
        let made = try NewSealingKey.make(passphrase, cost: .standard)
        sealing.withLock { $0.append(made.key) }
        return made.new
    }

    package func forget(sealingKey: Hash) async throws {
        sealing.withLock { keys in keys.removeAll { name($0.publicKey) == sealingKey } }
    }

    func forget(publicKeySHA256: Hash) {
        sealing.withLock { keys in keys.removeAll { Hash.sha256($0.publicKey) == publicKeySHA256 } }
    }

    package var signingPublicKey: [UInt8] { signing.publicKey }

    package func sign(_ message: [UInt8]) async throws -> [UInt8] { try signing.sign(message) }

    package func open(sealingKey: Hash, enc: [UInt8], ciphertext: [UInt8], info: [UInt8], aad: [UInt8]) async throws
        -> [UInt8]
    {
        guard let key = sealing.withLock({ keys in keys.first { name($0.publicKey) == sealingKey } }) else {
            throw KeyringError.unknownSealingKey(sealingKey)
        }
        return try key.open(enc: enc, ciphertext: ciphertext, info: info, aad: aad)
    }

    /// The key with this SHA-256 of its public key: the agent's own naming, whatever the caller's.
    func sealingKey(publicKeySHA256 name: Hash) -> SealingKey? {
        sealing.withLock { keys in keys.first { Hash.sha256($0.publicKey) == name } }
    }

    package var customMirror: Mirror { Mirror(self, children: []) }
}

extension KeyringError {
    static func unknownSealingKey(_ name: Hash) -> KeyringError {
        KeyringError(
            .unknownSealingKey, "No opened sealing key has the identifier \(name.hex).",
            hint: "Its key file may have been destroyed at the end of its time, or belong to another delegate.")
    }
}
