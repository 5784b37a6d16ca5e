package import Ledger

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
}

/// Keys opened in this process.
package struct OpenedKeys: DelegateKeys, CustomReflectable {
    let signing: SigningKey
    private let sealing: [Hash: SealingKey]
    private let bySHA256: [Hash: SealingKey]
    package let sealingPublicKeys: [[UInt8]]

    package init(signing: SigningKey, sealing: [SealingKey], name: SealingKeyName) {
        self.signing = signing
        self.sealing = Dictionary(sealing.map { (name($0.publicKey), $0) }, uniquingKeysWith: { first, _ in first })
        bySHA256 = Dictionary(
            sealing.map { (Hash.sha256($0.publicKey), $0) }, uniquingKeysWith: { first, _ in first })
        sealingPublicKeys = sealing.map(\.publicKey)
    }

    package var signingPublicKey: [UInt8] { signing.publicKey }

    package func sign(_ message: [UInt8]) async throws -> [UInt8] { try signing.sign(message) }

    package func open(sealingKey: Hash, enc: [UInt8], ciphertext: [UInt8], info: [UInt8], aad: [UInt8]) async throws
        -> [UInt8]
    {
        guard let key = sealing[sealingKey] else { throw KeyringError.unknownSealingKey(sealingKey) }
        return try key.open(enc: enc, ciphertext: ciphertext, info: info, aad: aad)
    }

    /// The key with this SHA-256 of its public key: the agent's own naming, whatever the caller's.
    func sealingKey(publicKeySHA256 name: Hash) -> SealingKey? { bySHA256[name] }

    package var customMirror: Mirror { Mirror(self, children: []) }
}

extension KeyringError {
    static func unknownSealingKey(_ name: Hash) -> KeyringError {
        KeyringError(
            .unknownSealingKey, "No opened sealing key has the identifier \(name.hex).",
            hint: "Its key file may have been destroyed at the end of its time, or belong to another delegate.")
    }
}
