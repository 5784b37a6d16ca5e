import COpenSSL

/// A relay's TLS root: a self-signed P-256 certificate that the charter names, and its key.
///
/// The root signs leaves and nothing else: `CA:TRUE, pathlen:0`, keyUsage keyCertSign and cRLSign (RFC 5280 section
/// 4.2.1), ECDSA with SHA-256, ten years. Every function throws ``KeyringError``.
package struct TLSRoot: Sendable {
    /// Ten years of 365 days, in milliseconds.
    package static let lifetime: Int64 = 3650 * 86_400_000

    /// PEM.
    package let certificate: [UInt8]
    /// PKCS#8 PEM without a passphrase.
    package let key: SecretBytes

    /// A new root.
    /// - Parameters:
    ///   - commonName: the subject, 1 to 64 bytes.
    ///   - now: milliseconds since 1970; valid from five minutes earlier.
    package static func make(commonName: String, now: Int64) throws -> TLSRoot {
        let pair = try CertificateText.newPair()
        defer { EVP_PKEY_free(pair) }
        let request = CertificateRequest(
            commonName: commonName, publicKey: pair, notBefore: now, notAfter: now + lifetime,
            extensions: [
                (NID_basic_constraints, "critical,CA:TRUE,pathlen:0"), (NID_key_usage, "critical,keyCertSign,cRLSign"),
                (NID_subject_key_identifier, "hash"),
            ])
        return TLSRoot(
            certificate: try request.issue(issuer: nil, issuerKey: pair),
            checkedKey: try CertificateText.text(ofKey: pair))
    }

    /// Takes up a root that was made earlier; `certificate-damaged` unless the two belong together.
    package init(certificate: [UInt8], key: SecretBytes) throws {
        try CertificateText.withCertificate(certificate, name: "the TLS root") { root in
            try CertificateText.withKey(key, name: "the TLS root's key") { pair in
                guard X509_check_private_key(root, pair) == 1 else {
                    throw CertificateText.damaged("the TLS root's key", "the key of the TLS root's certificate")
                }
            }
        }
        self.init(certificate: certificate, checkedKey: key)
    }

    private init(certificate: [UInt8], checkedKey: SecretBytes) {
        self.certificate = certificate
        key = checkedKey
    }

    /// The certificate as DER: what the charter holds.
    package var der: [UInt8] {
        get throws { try CertificateText.der(certificate, name: "the TLS root") }
    }

    /// A new leaf with a new key, for the names of the relay's URL.
    /// - Parameter now: milliseconds since 1970; valid from five minutes earlier for 397 days, but not beyond the root.
    package func issueLeaf(for names: [ServerName], now: Int64) throws -> TLSLeaf {
        guard let first = names.first else {
            throw KeyringError(
                .hostNameMalformed, "A certificate was expected to name at least one host.",
                hint: "Give the host of the relay's URL.")
        }
        let pair = try CertificateText.newPair()
        defer { EVP_PKEY_free(pair) }
        let end = min(now + TLSLeaf.lifetime, try CertificateText.notAfter(certificate, name: "the TLS root"))
        let request = CertificateRequest(
            commonName: first.description.utf8.count <= 64 ? first.description : "relay", publicKey: pair,
            notBefore: now, notAfter: end,
            extensions: [
                (NID_basic_constraints, "critical,CA:FALSE"), (NID_key_usage, "critical,digitalSignature"),
                (NID_ext_key_usage, "serverAuth"),
                (NID_subject_alt_name, names.map(\.alternative).joined(separator: ",")),
                (NID_subject_key_identifier, "hash"), (NID_authority_key_identifier, "keyid:always"),
            ])
        let text = try CertificateText.withCertificate(certificate, name: "the TLS root") { root in
            try CertificateText.withKey(key, name: "the TLS root's key") {
                try request.issue(issuer: root, issuerKey: $0)
            }
        }
        return TLSLeaf(certificate: text, key: try CertificateText.text(ofKey: pair))
    }
}

/// A relay's TLS certificate under its root: P-256, `CA:FALSE`, keyUsage digitalSignature, serverAuth, 397 days.
package struct TLSLeaf: Sendable {
    /// 397 days, in milliseconds: the longest that browsers would accept.
    package static let lifetime: Int64 = 397 * 86_400_000

    /// PEM.
    package let certificate: [UInt8]
    /// PKCS#8 PEM without a passphrase.
    package let key: SecretBytes

    package init(certificate: [UInt8], key: SecretBytes) {
        self.certificate = certificate
        self.key = key
    }

    /// When it ends, in milliseconds since 1970; `certificate-damaged` when it cannot be read.
    package var notAfter: Int64 {
        get throws { try CertificateText.notAfter(certificate, name: "the TLS certificate") }
    }
}
