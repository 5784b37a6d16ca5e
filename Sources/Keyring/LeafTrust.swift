import COpenSSL

extension TLSLeaf {
    /// Whether clients that trust these roots alone will trust the leaf: it has its key, is valid now, is made out to
    /// the host, and is under one of the roots.
    ///
    /// - Parameters:
    ///   - roots: DER, as the charter has them.
    ///   - now: milliseconds since 1970.
    /// - Throws: ``KeyringError`` with `certificate-unfit`, or `certificate-damaged`.
    package func requireTrust(under roots: [[UInt8]], host: ServerName, now: Int64) throws {
        guard try isPair() else { throw Self.unfit("is not that of tls.key") }
        try CertificateText.withCertificate(certificate, name: "the TLS certificate") { leaf in
            guard let store = X509_STORE_new(), let context = X509_STORE_CTX_new() else {
                throw KeyringError.failed("check a certificate")
            }
            defer {
                X509_STORE_CTX_free(context)
                X509_STORE_free(store)
            }
            for root in roots { try Self.add(root, to: store) }
            // The context only borrows the stack.
            try withExtendedLifetime(try Chain(certificate)) { chain in
                guard X509_STORE_CTX_init(context, store, leaf, chain.stack) == 1 else {
                    throw KeyringError.failed("check a certificate")
                }
                try Self.ask(context, host: host, now: now)
            }
        }
    }

    /// Whether the key is that of the certificate.
    func isPair() throws -> Bool {
        try CertificateText.withCertificate(certificate, name: "the TLS certificate") { leaf in
            try CertificateText.withKey(key, name: "the TLS key") { X509_check_private_key(leaf, $0) == 1 }
        }
    }

    private static func ask(_ context: OpaquePointer, host: ServerName, now: Int64) throws {
        let asked = X509_STORE_CTX_get0_param(context)
        let name = host.description
        let isSet =
            host.isAddress
            ? X509_VERIFY_PARAM_set1_ip_asc(asked, name) : X509_VERIFY_PARAM_set1_host(asked, name, name.utf8.count)
        guard isSet == 1, X509_STORE_CTX_set_default(context, "ssl_server") == 1 else {
            throw KeyringError.failed("check a certificate")
        }
        X509_VERIFY_PARAM_set_time(asked, time_t(now / 1000))
        guard X509_verify_cert(context) != 1 else { return }
        let reason = X509_verify_cert_error_string(Int(X509_STORE_CTX_get_error(context)))
        throw unfit(
            "is not one that the charter's parties will trust for \(name): "
                + (reason.map { String(cString: $0) } ?? "it does not verify"))
    }

    private static func add(_ root: [UInt8], to store: OpaquePointer) throws {
        let made = root.withUnsafeBufferPointer { bytes -> OpaquePointer? in
            var cursor = bytes.baseAddress
            return d2i_X509(nil, &cursor, bytes.count)
        }
        guard let made else { throw CertificateText.damaged("the charter", "a TLS root as DER") }
        defer { X509_free(made) }
        guard X509_STORE_add_cert(store, made) == 1 else { throw KeyringError.failed("check a certificate") }
    }

    static func unfit(_ problem: String) -> KeyringError {
        KeyringError(
            .certificateUnfit, "The TLS certificate \(problem).",
            hint: "valise-relay keys renew makes one under the relay's own root; the charter names the roots.")
    }
}

/// The certificates of a PEM text, as OpenSSL takes them.
private final class Chain {
    let stack: OpaquePointer

    init(_ text: [UInt8]) throws {
        OpenSSL.begin()
        guard let stack = OPENSSL_sk_new_null() else { throw KeyringError.failed("check a certificate") }
        self.stack = stack
        text.withUnsafeBytes { bytes in
            _ = OpenSSL.reading(bytes) { bio -> Bool? in
                while let found = PEM_read_bio_X509(bio, nil, nil, nil) {
                    OPENSSL_sk_push(stack, UnsafeRawPointer(found))
                }
                return true
            }
        }
    }

    deinit {
        while let found = OPENSSL_sk_pop(stack) { X509_free(OpaquePointer(found)) }
        OPENSSL_sk_free(stack)
    }
}
