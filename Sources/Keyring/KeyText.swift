import COpenSSL

/// What a private key is for.
package enum KeyKind: Sendable {
    /// Ed25519 (RFC 8410).
    case signing
    /// X-Wing (draft-connolly-cfrg-xwing-kem).
    case sealing
    /// 32 bytes that keys are derived from by HKDF with SHA-256 (RFC 8619).
    case archive

    var identifier: String {
        switch self {
        case .signing: "1.3.101.112"
        case .sealing: "1.3.6.1.4.1.62253.25722"
        case .archive: "1.2.840.113549.1.9.16.3.28"
        }
    }

    var words: String {
        switch self {
        case .signing: "a signing key (Ed25519)"
        case .sealing: "a sealing key (X-Wing)"
        case .archive: "an archive key (HKDF)"
        }
    }

    /// What the OCTET STRING `privateKey` holds before the seed: RFC 8410 nests a second OCTET STRING, X-Wing does not.
    var prefix: [UInt8] {
        switch self {
        case .signing: [0x04, 0x20]
        case .sealing, .archive: []
        }
    }
}

/// The cost of turning a passphrase into a key by scrypt (RFC 7914).
package struct ScryptCost: Sendable {
    let n: UInt64
    let r: UInt64
    let p: UInt64

    /// N=2^14, r=8, p=5: about 0.25 s. OpenSSL's own limits allow no larger N or r.
    package static let standard = ScryptCost(n: 1 << 14, r: 8, p: 5)
    /// So cheap that it protects nothing: for throw-away worlds and tests alone.
    package static let negligible = ScryptCost(n: 1 << 4, r: 8, p: 1)

    /// What a file may ask of its reader: OpenSSL refuses more memory anyway; `p` is bounded here.
    static let largest = ScryptCost(n: 1 << 14, r: 8, p: 16)
}

/// Whether a passphrase protects a key.
package enum KeyProtection: Sendable {
    case passphrase(Passphrase)
    /// The key opens unattended; the file's permissions alone protect it.
    case unattended
}

/// A private key as PKCS#8 text: `PRIVATE KEY` or `ENCRYPTED PRIVATE KEY` (RFC 5208, RFC 8018, RFC 7914).
///
/// Inside lies a 32-byte seed and, as the PKCS#9 attribute `localKeyID`, the SHA-256 of the public key: AES-CBC notices
/// few changes, this attribute notices all.
enum KeyText {
    static func encode(
        _ kind: KeyKind, seed: SecretBytes, check: [UInt8], protection: KeyProtection, cost: ScryptCost
    ) throws -> SecretBytes {
        OpenSSL.begin()
        guard let info = frame(kind, seed: seed, check: check) else { throw KeyringError.failed("frame a key") }
        defer { PKCS8_PRIV_KEY_INFO_free(info) }
        let text: SecretBytes?
        switch protection {
        case .unattended: text = OpenSSL.written { PEM_write_bio_PKCS8_PRIV_KEY_INFO($0, info) == 1 }
        case .passphrase(let passphrase):
            let sealed = try encrypt(info, passphrase, cost)
            defer { X509_SIG_free(sealed) }
            text = OpenSSL.written { PEM_write_bio_PKCS8($0, sealed) == 1 }
        }
        guard let text else { throw KeyringError.failed("write a key as text") }
        return text
    }

    /// - Parameter name: the file, for the error messages.
    /// - Returns: the seed, and the check value unless the attribute is absent (as in keys that `openssl` made).
    static func decode(_ text: SecretBytes, kind: KeyKind, protection: KeyProtection, name: String) throws
        -> (seed: SecretBytes, check: [UInt8]?)
    {
        guard let (label, der) = OpenSSL.pemBlock(text) else { throw damaged(name, "a PEM block with a private key") }
        let info: OpaquePointer
        switch (label, protection) {
        case ("ENCRYPTED PRIVATE KEY", .passphrase(let passphrase)): info = try decrypt(der, passphrase, name)
        case ("PRIVATE KEY", .unattended):
            guard
                let plain = OpenSSL.decoded(
                    der, { d2i_PKCS8_PRIV_KEY_INFO(nil, &$0, $1) }, free: { PKCS8_PRIV_KEY_INFO_free($0) })
            else { throw damaged(name, "a PKCS#8 private key") }
            info = plain
        case ("ENCRYPTED PRIVATE KEY", .unattended):
            throw wrongKind(name, "protected by a passphrase", "a key that opens unattended")
        case ("PRIVATE KEY", .passphrase):
            throw wrongKind(name, "not protected by a passphrase", "a key that is")
        default: throw wrongKind(name, "a \(label)", kind.words)
        }
        defer { PKCS8_PRIV_KEY_INFO_free(info) }
        return try unframe(info, kind, name)
    }

    // MARK: PKCS#8

    private static func frame(_ kind: KeyKind, seed: SecretBytes, check: [UInt8]) -> OpaquePointer? {
        guard let info = PKCS8_PRIV_KEY_INFO_new() else { return nil }
        let prefix = kind.prefix
        let count = prefix.count + seed.count
        guard let object = OBJ_txt2obj(kind.identifier, 1), let octets = CRYPTO_malloc(count, #file, #line) else {
            PKCS8_PRIV_KEY_INFO_free(info)
            return nil
        }
        let target = UnsafeMutableRawBufferPointer(start: octets, count: count)
        target.copyBytes(from: prefix)
        seed.withBytes { UnsafeMutableRawBufferPointer(rebasing: target[prefix.count...]).copyMemory(from: $0) }
        // Takes over the object and the octets.
        let set = PKCS8_pkey_set0(info, object, 0, V_ASN1_UNDEF, nil, octets, Int32(count))
        let marked = PKCS8_pkey_add1_attr_by_NID(info, NID_localKeyID, V_ASN1_OCTET_STRING, check, Int32(check.count))
        guard set == 1, marked == 1 else {
            PKCS8_PRIV_KEY_INFO_free(info)
            return nil
        }
        return info
    }

    private static func unframe(_ info: OpaquePointer, _ kind: KeyKind, _ name: String) throws
        -> (seed: SecretBytes, check: [UInt8]?)
    {
        var object: OpaquePointer?
        var octets: UnsafePointer<UInt8>?
        var count: Int32 = 0
        var algorithm: UnsafePointer<X509_ALGOR>?
        guard PKCS8_pkey_get0(&object, &octets, &count, &algorithm, info) == 1, let octets, let algorithm else {
            throw damaged(name, "a PKCS#8 private key")
        }
        var words = [CChar](repeating: 0, count: 80)
        guard OBJ_obj2txt(&words, Int32(words.count), object, 1) > 0 else { throw damaged(name, "a named algorithm") }
        let found = words.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
        guard found == kind.identifier else { throw wrongKind(name, "a key for algorithm \(found)", kind.words) }
        let bytes = UnsafeRawBufferPointer(start: octets, count: Int(count))
        guard algorithm.pointee.parameter == nil, bytes.count == kind.prefix.count + 32,
            bytes.starts(with: kind.prefix)
        else { throw damaged(name, "a seed of 32 bytes") }
        let seed = SecretBytes(copying: UnsafeRawBufferPointer(rebasing: bytes[kind.prefix.count...]))
        return (seed, try check(of: info, name))
    }

    /// `nil` only without any attribute: a changed byte can turn `localKeyID` into another, but not the whole set into
    /// nothing.
    private static func check(of info: OpaquePointer, _ name: String) throws -> [UInt8]? {
        guard let attributes = PKCS8_pkey_get0_attrs(info), X509at_get_attr_count(attributes) > 0 else { return nil }
        let position = X509at_get_attr_by_NID(attributes, NID_localKeyID, -1)
        guard position >= 0, let attribute = X509at_get_attr(attributes, position),
            let data = X509_ATTRIBUTE_get0_data(attribute, 0, V_ASN1_OCTET_STRING, nil)
        else { throw damaged(name, "the check value of the key") }
        let octets = data.assumingMemoryBound(to: ASN1_OCTET_STRING.self)
        return [UInt8](
            UnsafeRawBufferPointer(start: ASN1_STRING_get0_data(octets), count: Int(ASN1_STRING_length(octets))))
    }

    // MARK: PBES2 with scrypt and AES-256-CBC

    private static func encrypt(_ info: OpaquePointer, _ passphrase: Passphrase, _ cost: ScryptCost) throws
        -> OpaquePointer
    {
        var salt = try OpenSSL.random(16)
        guard let scheme = PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), &salt, 16, nil, cost.n, cost.r, cost.p) else {
            throw KeyringError.failed("prepare scrypt")
        }
        let sealed = passphrase.withBytes {
            PKCS8_set0_pbe($0.bindMemory(to: CChar.self).baseAddress, Int32($0.count), info, scheme)
        }
        guard let sealed else {
            X509_ALGOR_free(scheme)
            throw KeyringError.failed("encrypt a key")
        }
        return sealed
    }

    private static func decrypt(_ der: SecretBytes, _ passphrase: Passphrase, _ name: String) throws -> OpaquePointer {
        guard let sealed = OpenSSL.decoded(der, { d2i_X509_SIG(nil, &$0, $1) }, free: { X509_SIG_free($0) }) else {
            throw damaged(name, "an encrypted PKCS#8 private key")
        }
        defer { X509_SIG_free(sealed) }
        guard isExpectedScheme(sealed) else {
            throw KeyringError(
                .keyFileUnsupported,
                "\(name) was expected to be encrypted by AES-256-CBC with scrypt of N up to 16384, r 8, p up to 16.",
                hint: "Fetch it from a backup, or convert it with `openssl pkcs8 -topk8 -scrypt -scrypt_p 5`.")
        }
        let info = passphrase.withBytes {
            PKCS8_decrypt(sealed, $0.bindMemory(to: CChar.self).baseAddress, Int32($0.count))
        }
        guard let info else {
            throw KeyringError(
                .wrongPassphrase, "\(name) does not open with this passphrase.",
                hint: "Try again; if the passphrase is surely right, the file is damaged: fetch it from a backup.")
        }
        return info
    }

    /// A file must not choose how long its reader computes.
    private static func isExpectedScheme(_ sealed: OpaquePointer) -> Bool {
        var algorithm: UnsafePointer<X509_ALGOR>?
        X509_SIG_get0(sealed, &algorithm, nil)
        guard let algorithm, OBJ_obj2nid(algorithm.pointee.algorithm) == NID_pbes2,
            let raw = ASN1_TYPE_unpack_sequence(PBE2PARAM_it(), algorithm.pointee.parameter)
        else { return false }
        let scheme = raw.assumingMemoryBound(to: PBE2PARAM.self)
        defer { PBE2PARAM_free(scheme) }
        guard let derivation = scheme.pointee.keyfunc, let encryption = scheme.pointee.encryption,
            OBJ_obj2nid(encryption.pointee.algorithm) == NID_aes_256_cbc,
            OBJ_obj2nid(derivation.pointee.algorithm) == NID_id_scrypt,
            let rawCost = ASN1_TYPE_unpack_sequence(SCRYPT_PARAMS_it(), derivation.pointee.parameter)
        else { return false }
        let cost = rawCost.assumingMemoryBound(to: SCRYPT_PARAMS.self)
        defer { SCRYPT_PARAMS_free(cost) }
        return isBetween(cost.pointee.costParameter, 2, ScryptCost.largest.n)
            && isBetween(cost.pointee.blockSize, 1, ScryptCost.largest.r)
            && isBetween(cost.pointee.parallelizationParameter, 1, ScryptCost.largest.p)
    }

    private static func isBetween(_ number: UnsafeMutablePointer<ASN1_INTEGER>?, _ low: UInt64, _ high: UInt64) -> Bool
    {
        var value: UInt64 = 0
        return ASN1_INTEGER_get_uint64(&value, number) == 1 && value >= low && value <= high
    }

    static func damaged(_ name: String, _ expected: String) -> KeyringError {
        KeyringError(
            .keyFileDamaged, "\(name) is damaged: \(expected) was expected.", hint: "Fetch the file from a backup.")
    }

    private static func wrongKind(_ name: String, _ found: String, _ expected: String) -> KeyringError {
        KeyringError(
            .wrongKeyKind, "\(name) is \(found), where \(expected) was expected.", hint: "Name the other key file.")
    }
}
