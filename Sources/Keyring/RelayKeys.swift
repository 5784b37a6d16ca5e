import Glibc

/// A relay's own keys: log key, act key, TLS root and leaf. They open unattended.
///
/// Six files in one folder (0700), keys 0600 and certificates 0644: `log.key`, `act.key`, `tls-root.pem`,
/// `tls-root.key`, `tls.pem`, `tls.key`. Serving needs all but `tls-root.key`, which may be kept elsewhere and brought
/// back to renew the leaf. Every function throws ``KeyringError``.
package struct RelayKeys: Sendable {
    /// The names of the files, which are also the names of systemd credentials.
    package enum Name: String, Sendable, CaseIterable {
        case log = "log.key"
        case act = "act.key"
        case rootCertificate = "tls-root.pem"
        case rootKey = "tls-root.key"
        case certificate = "tls.pem"
        case certificateKey = "tls.key"
    }

    /// Signs checkpoints, nothing else.
    package let log: SigningKey
    /// Signs the relay's statements, nothing else.
    package let act: SigningKey
    /// PEM.
    package let rootCertificate: [UInt8]
    package let leaf: TLSLeaf

    /// Makes all six files; `key-file-exists`, and nothing written, when one of them is there.
    ///
    /// - Parameters:
    ///   - commonName: the subject of the TLS root, 1 to 64 bytes.
    ///   - now: milliseconds since 1970.
    package static func make(folder: String, commonName: String, hosts: [ServerName], now: Int64) throws -> RelayKeys {
        let root = try TLSRoot.make(commonName: commonName, now: now)
        let leaf = try root.issueLeaf(for: hosts, now: now)
        let keys = RelayKeys(
            log: .generate(), act: .generate(), rootCertificate: root.certificate, leaf: leaf)
        try Durable.makeFolder(path: folder)
        for name in Name.allCases { try requireAbsent("\(folder)/\(name.rawValue)") }
        try KeyFile(path: path(folder, .log)).write(keys.log, .unattended)
        try KeyFile(path: path(folder, .act)).write(keys.act, .unattended)
        try write(root.key, to: path(folder, .rootKey), exclusive: true)
        try Durable.write(path: path(folder, .rootCertificate), bytes: root.certificate, mode: 0o644, exclusive: true)
        try write(leaf.key, to: path(folder, .certificateKey), exclusive: true)
        try Durable.write(path: path(folder, .certificate), bytes: leaf.certificate, mode: 0o644, exclusive: true)
        return keys
    }

    /// Opens what serving needs: keys from the credential store, certificates from the folder.
    package static func open(folder: String, credentials: String? = CredentialStore.inherited()) throws -> RelayKeys {
        let store = CredentialStore(folder: folder, credentials: credentials)
        return RelayKeys(
            log: try store.signingKey(Name.log.rawValue), act: try store.signingKey(Name.act.rawValue),
            rootCertificate: try certificate(folder, .rootCertificate),
            leaf: try .read(
                folder: folder, key: store.read(Name.certificateKey.rawValue),
                certificate: certificate(folder, .certificate)))
    }

    /// Replaces the leaf and its key by new ones under the same root.
    ///
    /// Two files cannot change at once: the new certificate is there under another name before the key, so that one of
    /// the two fits whenever this is interrupted (``TLSLeaf/read(folder:key:certificate:)``).
    /// - Parameter now: milliseconds since 1970.
    package static func renewLeaf(folder: String, hosts: [ServerName], now: Int64) throws -> TLSLeaf {
        let store = CredentialStore(folder: folder)
        let root = try TLSRoot(
            certificate: certificate(folder, .rootCertificate), key: store.read(Name.rootKey.rawValue))
        let leaf = try root.issueLeaf(for: hosts, now: now)
        let next = "\(folder)/\(nextCertificate)"
        try Durable.write(path: next, bytes: leaf.certificate, mode: 0o644, exclusive: false)
        try write(leaf.key, to: path(folder, .certificateKey), exclusive: false)
        try Durable.write(path: path(folder, .certificate), bytes: leaf.certificate, mode: 0o644, exclusive: false)
        unlink(next)
        return leaf
    }

    /// The certificate of a renewal that has not come to its end.
    static let nextCertificate = Name.certificate.rawValue + ".next"

    private static func path(_ folder: String, _ name: Name) -> String { "\(folder)/\(name.rawValue)" }

    private static func write(_ key: SecretBytes, to path: String, exclusive: Bool) throws {
        try key.withBytes { try Durable.write(path: path, raw: $0, mode: 0o600, exclusive: exclusive) }
    }

    private static func certificate(_ folder: String, _ name: Name) throws -> [UInt8] {
        let path = path(folder, name)
        guard let text = try PrivateFile.read(path: path, limit: CertificateText.byteLimit, rule: .anyone) else {
            throw KeyringError(
                .keyFileMissing, "There is no certificate \(path).", hint: "Make the relay's keys first.")
        }
        return text.copy()
    }

    private static func requireAbsent(_ path: String) throws {
        if try PrivateFile.exists(path: path) {
            throw KeyringError(
                .keyFileExists, "\(path) is already there, and a relay's keys are never overwritten.",
                hint: "Choose another folder, or move the old keys away if they are surely not needed.")
        }
    }
}
