import Ledger

/// A private key in a file of its own: PKCS#8 PEM, mode 0600, never overwritten but by another passphrase.
///
/// With a passphrase the text is `ENCRYPTED PRIVATE KEY`: PBES2 with scrypt (N=2^14, r=8, p=5) and AES-256-CBC, which
/// `openssl pkey -in FILE` opens for signing keys. OpenSSL 3.0 knows no X-Wing; `openssl asn1parse` shows that frame.
///
/// Every function throws ``KeyringError``.
package struct KeyFile: Sendable {
    /// A larger file is refused unread.
    package static let byteLimit = 16 * 1024

    package let path: String

    package init(path: String) { self.path = path }

    /// Writes the key, durably; `key-file-exists` when the path is taken, `file-unwritable`.
    package func write(_ key: SigningKey, _ protection: KeyProtection, cost: ScryptCost = .standard) throws {
        let check = Hash.sha256(key.publicKey).bytes
        try write(KeyText.encode(.signing, seed: key.seed, check: check, protection: protection, cost: cost))
    }

    /// Writes the key, durably; `key-file-exists` when the path is taken, `file-unwritable`.
    package func write(_ key: SealingKey, _ protection: KeyProtection, cost: ScryptCost = .standard) throws {
        let check = Hash.sha256(key.publicKey).bytes
        try write(KeyText.encode(.sealing, seed: key.seed, check: check, protection: protection, cost: cost))
    }

    /// Writes the key, durably; `key-file-exists` when the path is taken, `file-unwritable`.
    package func write(_ key: ArchiveKey, _ protection: KeyProtection, cost: ScryptCost = .standard) throws {
        try write(KeyText.encode(.archive, seed: key.seed, check: key.check, protection: protection, cost: cost))
    }

    /// Writes a sealing key that its holder has made and encrypted, durably; `key-file-exists`, `file-unwritable`.
    package func write(_ key: NewSealingKey) throws { try write(key.text) }

    /// Opens a signing key.
    ///
    /// Codes: `key-file-missing`, `key-file-open-to-others`, `key-file-damaged`, `key-file-unsupported`,
    /// `wrong-passphrase`, `wrong-key-kind`, `file-unreadable`.
    package func readSigningKey(_ protection: KeyProtection) throws -> SigningKey {
        try Self.signingKey(text(), protection, name: path)
    }

    /// Opens a sealing key; the codes are those of ``readSigningKey(_:)``.
    package func readSealingKey(_ protection: KeyProtection) throws -> SealingKey {
        try Self.sealingKey(text(), protection, name: path)
    }

    /// Opens an archive key; the codes are those of ``readSigningKey(_:)``.
    package func readArchiveKey(_ protection: KeyProtection) throws -> ArchiveKey {
        try Self.archiveKey(text(), protection, name: path)
    }

    /// Opens an archive key whose PEM text came from elsewhere.
    /// - Parameter name: what the error messages call it.
    package static func archiveKey(_ text: SecretBytes, _ protection: KeyProtection, name: String) throws -> ArchiveKey
    {
        let (seed, check) = try KeyText.decode(text, kind: .archive, protection: protection, name: name)
        let key = try ArchiveKey(seed: seed)
        guard check == nil || check == key.check else {
            throw KeyText.damaged(name, "the key that its own check value names")
        }
        return key
    }

    /// Opens a signing key whose PEM text came from elsewhere.
    /// - Parameter name: what the error messages call it.
    package static func signingKey(_ text: SecretBytes, _ protection: KeyProtection, name: String) throws -> SigningKey
    {
        let (seed, check) = try KeyText.decode(text, kind: .signing, protection: protection, name: name)
        let key = try SigningKey(seed: seed.copy())
        try compare(check, key.publicKey, name)
        return key
    }

    /// Opens a sealing key whose PEM text came from elsewhere.
    /// - Parameter name: what the error messages call it.
    package static func sealingKey(_ text: SecretBytes, _ protection: KeyProtection, name: String) throws -> SealingKey
    {
        let (seed, check) = try KeyText.decode(text, kind: .sealing, protection: protection, name: name)
        let key = try SealingKey(seed: seed.copy())
        try compare(check, key.publicKey, name)
        return key
    }

    private func write(_ text: SecretBytes) throws {
        do {
            try text.withBytes { try Durable.write(path: path, raw: $0, mode: 0o600, exclusive: true) }
        } catch let error as KeyringError where error.code == .fileExists {
            throw KeyringError(
                .keyFileExists, "\(path) is already there, and a key file is never overwritten.",
                hint: "Choose another name, or move the old key away if it is surely not needed.")
        }
    }

    func text() throws -> SecretBytes {
        guard let text = try PrivateFile.read(path: path, limit: Self.byteLimit, rule: .ownerOnly) else {
            throw KeyringError(
                .keyFileMissing, "There is no key file \(path).", hint: "Check the path, or make the key first.")
        }
        return text
    }

    private static func compare(_ check: [UInt8]?, _ publicKey: [UInt8], _ name: String) throws {
        guard check == nil || check == Hash.sha256(publicKey).bytes else {
            throw KeyText.damaged(name, "the key that its own check value names")
        }
    }
}
