import COpenSSL

/// Certificates and their keys as PEM text, read and written with OpenSSL.
package enum CertificateText {
    /// The longest certificate file that is looked at, in bytes.
    package static let byteLimit = 16 * 1024

    /// The DER of the first certificate in the text.
    /// - Throws: ``KeyringError`` with `certificate-damaged`.
    package static func der(_ text: [UInt8], name: String) throws -> [UInt8] {
        try withCertificate(text, name: name) { certificate in
            var encoded: UnsafeMutablePointer<UInt8>?
            let count = i2d_X509(certificate, &encoded)
            defer { CRYPTO_free(encoded, #file, #line) }
            guard count > 0, let encoded else { throw KeyringError.failed("encode a certificate") }
            return [UInt8](UnsafeRawBufferPointer(start: encoded, count: Int(count)))
        }
    }

    /// The end of the validity of the first certificate in the text, in milliseconds since 1970.
    /// - Throws: ``KeyringError`` with `certificate-damaged`.
    package static func notAfter(_ text: [UInt8], name: String) throws -> Int64 {
        try withCertificate(text, name: name) { certificate in
            guard let epoch = ASN1_TIME_set(nil, 0) else { throw KeyringError.failed("reckon a time") }
            defer { ASN1_STRING_free(epoch) }
            var days: Int32 = 0
            var seconds: Int32 = 0
            guard ASN1_TIME_diff(&days, &seconds, epoch, X509_get0_notAfter(certificate)) == 1 else {
                throw damaged(name, "a certificate with an end")
            }
            return (Int64(days) * 86_400 + Int64(seconds)) * 1000
        }
    }

    static func withCertificate<Result>(_ text: [UInt8], name: String, _ body: (OpaquePointer) throws -> Result) throws
        -> Result
    {
        OpenSSL.begin()
        let found: OpaquePointer? =
            text.count > byteLimit
            ? nil : text.withUnsafeBytes { bytes in OpenSSL.reading(bytes) { PEM_read_bio_X509($0, nil, nil, nil) } }
        guard let found else { throw damaged(name, "a certificate as PEM text") }
        defer { X509_free(found) }
        return try body(found)
    }

    static func withKey<Result>(_ text: SecretBytes, name: String, _ body: (OpaquePointer) throws -> Result) throws
        -> Result
    {
        guard let (label, der) = OpenSSL.pemBlock(text), label == "PRIVATE KEY",
            let info = OpenSSL.decoded(
                der, { d2i_PKCS8_PRIV_KEY_INFO(nil, &$0, $1) }, free: { PKCS8_PRIV_KEY_INFO_free($0) })
        else { throw damaged(name, "a PKCS#8 private key as PEM text") }
        defer { PKCS8_PRIV_KEY_INFO_free(info) }
        guard let pair = EVP_PKCS82PKEY(info) else { throw damaged(name, "a private key of a known kind") }
        defer { EVP_PKEY_free(pair) }
        return try body(pair)
    }

    /// A new P-256 pair, to be freed by the caller.
    static func newPair() throws -> OpaquePointer {
        OpenSSL.begin()
        guard let pair = valise_ec_generate("P-256") else { throw KeyringError.failed("make a P-256 key") }
        return pair
    }

    static func text(ofKey pair: OpaquePointer) throws -> SecretBytes {
        OpenSSL.begin()
        guard let info = EVP_PKEY2PKCS8(pair) else { throw KeyringError.failed("frame a key") }
        defer { PKCS8_PRIV_KEY_INFO_free(info) }
        guard let text = OpenSSL.written({ PEM_write_bio_PKCS8_PRIV_KEY_INFO($0, info) == 1 }) else {
            throw KeyringError.failed("write a key as text")
        }
        return text
    }

    static func damaged(_ name: String, _ expected: String) -> KeyringError {
        KeyringError(
            .certificateDamaged, "In \(name), \(expected) was expected.",
            hint: "Check that this is the right file, or issue it anew.")
    }
}

/// What a certificate is to say.
struct CertificateRequest {
    /// Clocks of clients may be behind by this much, in milliseconds.
    static let backdating: Int64 = 5 * 60_000

    let commonName: String
    let publicKey: OpaquePointer
    let notBefore: Int64
    let notAfter: Int64
    /// OpenSSL's numbers and configuration texts (x509v3_config(5)); never built from unchecked input.
    let extensions: [(Int32, String)]

    /// The certificate as PEM, signed with SHA-256; without an issuer it is its own.
    func issue(issuer: OpaquePointer?, issuerKey: OpaquePointer) throws -> [UInt8] {
        OpenSSL.begin()
        guard let certificate = X509_new() else { throw KeyringError.failed("make a certificate") }
        defer { X509_free(certificate) }
        try describe(certificate, issuer: issuer)
        for (number, value) in extensions { try add(number, value, to: certificate, issuer: issuer ?? certificate) }
        guard X509_sign(certificate, issuerKey, EVP_sha256()) > 0,
            let text = OpenSSL.written({ PEM_write_bio_X509($0, certificate) == 1 })
        else { throw KeyringError.failed("sign a certificate") }
        return text.copy()
    }

    private func describe(_ certificate: OpaquePointer, issuer: OpaquePointer?) throws {
        guard (1...64).contains(commonName.utf8.count), !commonName.utf8.contains(0) else {
            throw KeyringError(
                .hostNameMalformed, "The certificate's subject was expected to have 1 to 64 bytes.",
                hint: "Choose a shorter name.")
        }
        // MBSTRING_UTF8, a macro that Swift cannot see: MBSTRING_FLAG (0x1000).
        guard let subject = X509_get_subject_name(certificate),
            X509_NAME_add_entry_by_NID(
                subject, NID_commonName, 0x1000, [UInt8](commonName.utf8), Int32(commonName.utf8.count), -1, 0) == 1,
            X509_set_issuer_name(certificate, issuer.map { X509_get_subject_name($0) } ?? subject) == 1,
            X509_set_version(certificate, 2) == 1, X509_set_pubkey(certificate, publicKey) == 1
        else { throw KeyringError.failed("fill in a certificate") }
        try setSerial(certificate)
        try setTime(notBefore - Self.backdating) { X509_set1_notBefore(certificate, $0) }
        try setTime(notAfter) { X509_set1_notAfter(certificate, $0) }
    }

    /// 127 random bits: positive, not zero, at most 20 octets (RFC 5280 section 4.1.2.2).
    private func setSerial(_ certificate: OpaquePointer) throws {
        var bytes = try OpenSSL.random(16)
        bytes[0] = bytes[0] & 0x3F | 0x40
        guard let number = BN_bin2bn(bytes, 16, nil) else { throw KeyringError.failed("number a certificate") }
        defer { BN_free(number) }
        guard BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nil else {
            throw KeyringError.failed("number a certificate")
        }
    }

    private func setTime(_ milliseconds: Int64, _ set: (UnsafePointer<ASN1_TIME>) -> Int32) throws {
        guard let time = ASN1_TIME_set(nil, time_t(milliseconds / 1000)) else {
            throw KeyringError.failed("set a time")
        }
        defer { ASN1_STRING_free(time) }
        guard set(time) == 1 else { throw KeyringError.failed("set a time") }
    }

    private func add(_ number: Int32, _ value: String, to certificate: OpaquePointer, issuer: OpaquePointer) throws {
        var context = X509V3_CTX()
        X509V3_set_ctx(&context, issuer, certificate, nil, nil, 0)
        guard let made = X509V3_EXT_conf_nid(nil, &context, number, value) else {
            throw KeyringError.failed("write a certificate's extension")
        }
        defer { X509_EXTENSION_free(made) }
        guard X509_add_ext(certificate, made, -1) == 1 else {
            throw KeyringError.failed("write a certificate's extension")
        }
    }
}
