/// What a running relay needs of its keys, opened unattended: the log key, the act key, the TLS leaf. Every function
/// throws ``KeyringError``.
package struct ServingKeys: Sendable {
    /// Signs checkpoints, nothing else.
    package let log: SigningKey
    /// Signs the relay's statements, nothing else.
    package let act: SigningKey
    package let leaf: TLSLeaf

    /// - Parameters:
    ///   - folder: of all files; the service manager's credentials go first.
    ///   - tls: where the leaf and its key are read instead, if not nil.
    package static func open(
        folder: String, tls: String?, credentials: String? = CredentialStore.inherited()
    ) throws -> ServingKeys {
        let store = CredentialStore(folder: folder, credentials: credentials)
        return ServingKeys(
            log: try store.signingKey(RelayKeys.Name.log.rawValue),
            act: try store.signingKey(RelayKeys.Name.act.rawValue),
            leaf: try openLeaf(folder: folder, tls: tls, credentials: credentials))
    }

    /// The leaf alone, as it is now.
    package static func openLeaf(
        folder: String, tls: String?, credentials: String? = CredentialStore.inherited()
    ) throws -> TLSLeaf {
        // Credentials are those of the start: what is exchanged while the relay runs is not among them.
        let credentials = tls == nil ? credentials : nil
        let folder = tls ?? folder
        let key = try CredentialStore(folder: folder, credentials: credentials)
            .read(RelayKeys.Name.certificateKey.rawValue)
        return try .read(folder: folder, key: key, certificate: certificate(folder, credentials))
    }

    private static func certificate(_ folder: String, _ credentials: String?) throws -> [UInt8] {
        let name = RelayKeys.Name.certificate.rawValue
        for place in [credentials, folder].compactMap({ $0 }) {
            let path = "\(place)/\(name)"
            let found = try PrivateFile.read(path: path, limit: CertificateText.byteLimit, rule: .anyone)
            if let found { return found.copy() }
        }
        throw KeyringError(
            .keyFileMissing, "There is no certificate \(folder)/\(name).",
            hint: "Make the relay's keys first, or name the folder of its certificate.")
    }
}

extension TLSLeaf {
    /// The pair of a folder. A renewal that was interrupted between its key and its certificate has left the new
    /// certificate under another name.
    /// - Throws: ``KeyringError`` with `certificate-unfit` if nothing there is the key's, or `certificate-damaged`.
    static func read(folder: String, key: SecretBytes, certificate: [UInt8]) throws -> TLSLeaf {
        let leaf = TLSLeaf(certificate: certificate, key: key)
        guard try !leaf.isPair() else { return leaf }
        let path = "\(folder)/\(RelayKeys.nextCertificate)"
        if let next = try PrivateFile.read(path: path, limit: CertificateText.byteLimit, rule: .anyone) {
            let renewed = TLSLeaf(certificate: next.copy(), key: key)
            if try renewed.isPair() { return renewed }
        }
        throw unfit("is not that of tls.key")
    }
}
