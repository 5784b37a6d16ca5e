import Crypto
import Foundation
import Glibc
import Keyring
import Testing

@Suite("key files")
struct KeyFileTests {
    let bench: Workbench
    init() throws { bench = try Workbench() }

    @Test("a signing key comes back from its file, and signs")
    func signingRoundTrip() throws {
        let key = SigningKey.generate()
        let file = KeyFile(path: bench.file("signing.pem"))
        try file.write(key, .passphrase(.right), cost: .negligible)
        let read = try file.readSigningKey(.passphrase(.right))
        #expect(read.publicKey == key.publicKey)
        let signature = try read.sign([1, 2, 3])
        let checker = try Curve25519.Signing.PublicKey(rawRepresentation: key.publicKey)
        #expect(checker.isValidSignature(signature, for: [1, 2, 3]))
        #expect(bench.mode("signing.pem") == 0o600)
    }

    @Test("a sealing key comes back from its file, and opens what was sealed to it")
    func sealingRoundTrip() throws {
        let key = try SealingKey.generate()
        let file = KeyFile(path: bench.file("sealing.pem"))
        try file.write(key, .passphrase(.right), cost: .negligible)
        let read = try file.readSealingKey(.passphrase(.right))
        #expect(read.publicKey == key.publicKey)
        #expect(read.publicKey.count == SealingKey.publicKeyByteCount)
        let (enc, ciphertext) = try seal([9, 8, 7], to: key.publicKey, info: [1], aad: [2])
        #expect(try read.open(enc: enc, ciphertext: ciphertext, info: [1], aad: [2]) == [9, 8, 7])
        #expect(code { _ = try read.open(enc: enc, ciphertext: ciphertext, info: [1], aad: [3]) } == .cannotUnseal)
        #expect(code { _ = try read.open(enc: enc, ciphertext: ciphertext, info: [2], aad: [2]) } == .cannotUnseal)
        #expect(code { _ = try read.open(enc: [], ciphertext: ciphertext, info: [1], aad: [2]) } == .cannotUnseal)
    }

    @Test("unattended keys come back without a passphrase")
    func unattended() throws {
        let signing = SigningKey.generate()
        let sealing = try SealingKey.generate()
        try KeyFile(path: bench.file("a")).write(signing, .unattended)
        try KeyFile(path: bench.file("b")).write(sealing, .unattended)
        #expect(try KeyFile(path: bench.file("a")).readSigningKey(.unattended).publicKey == signing.publicKey)
        #expect(try KeyFile(path: bench.file("b")).readSealingKey(.unattended).publicKey == sealing.publicKey)
    }

    @Test("the openssl program opens the signing key with the passphrase, and finds the same public key")
    func opensslOpensSigningKey() throws {
        let key = SigningKey.generate()
        try KeyFile(path: bench.file("signing.pem")).write(key, .passphrase(.right))
        _ = try bench.put("pass", "correct horse\n")
        _ = try bench.put("nopass", "battery staple\n")
        let found = try bench.openssl(
            "pkey", "-in", "signing.pem", "-passin", "file:pass", "-pubout", "-outform", "DER")
        #expect(found.status == 0)
        #expect(Array(found.output.suffix(32)) == key.publicKey)
        #expect(try bench.openssl("pkey", "-in", "signing.pem", "-passin", "file:nopass", "-noout").status != 0)
        try KeyFile(path: bench.file("log.key")).write(key, .unattended)
        let plain = try bench.openssl("pkey", "-in", "log.key", "-pubout", "-outform", "DER")
        #expect(Array(plain.output.suffix(32)) == key.publicKey)
    }

    @Test("a signing key that the openssl program converted opens here")
    func opensslMadeKey() throws {
        _ = try bench.put("pass", "correct horse\n")
        #expect(try bench.openssl("genpkey", "-algorithm", "ed25519", "-out", "plain.pem").status == 0)
        let converted = try bench.openssl(
            "pkcs8", "-topk8", "-scrypt", "-scrypt_p", "5", "-in", "plain.pem", "-passout", "file:pass", "-out",
            "key.pem")
        #expect(converted.status == 0)
        chmod(bench.file("key.pem"), 0o600)
        let der = try bench.openssl("pkey", "-in", "plain.pem", "-pubout", "-outform", "DER").output
        let key = try KeyFile(path: bench.file("key.pem")).readSigningKey(.passphrase(.right))
        #expect(key.publicKey == Array(der.suffix(32)))
    }

    @Test(
        "asn1parse shows scrypt with N=2^14, r=8, p=5 and AES-256-CBC",
        arguments: [KeyKind.signing, .sealing, .archive])
    func schemeIsVisible(kind: KeyKind) throws {
        let file = KeyFile(path: bench.file("key.pem"))
        switch kind {
        case .signing: try file.write(SigningKey.generate(), .passphrase(.right))
        case .sealing: try file.write(SealingKey.generate(), .passphrase(.right))
        case .archive: try file.write(ArchiveKey.generate(), .passphrase(.right))
        }
        let shown = try bench.openssl("asn1parse", "-in", "key.pem")
        #expect(shown.status == 0)
        let lines = text(shown.output)
        for part in ["PBES2", "scrypt", "INTEGER           :4000", "INTEGER           :08", "INTEGER           :05"] {
            #expect(lines.contains(part), "\(part) in\n\(lines)")
        }
        #expect(lines.contains("aes-256-cbc"))
        #expect(text(try bench.bytes("key.pem")).hasPrefix("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"))
    }

    @Test("asn1parse shows the frame of an unattended sealing key: X-Wing, and the bare seed")
    func xwingFrame() throws {
        let key = try SealingKey.generate()
        try KeyFile(path: bench.file("key.pem")).write(key, .unattended)
        let lines = text(try bench.openssl("asn1parse", "-in", "key.pem").output)
        #expect(lines.contains("1.3.6.1.4.1.62253.25722"))
        let seed = key.seed.copy().map { String(format: "%02X", $0) }.joined()
        #expect(lines.contains("[HEX DUMP]:\(seed)"))
    }

    @Test("a wrong passphrase opens nothing")
    func wrongPassphrase() throws {
        let file = KeyFile(path: bench.file("key.pem"))
        try file.write(SigningKey.generate(), .passphrase(.right), cost: .negligible)
        #expect(code { _ = try file.readSigningKey(.passphrase(.wrong)) } == .wrongPassphrase)
        // And the failure leaves nothing behind that spoils the next attempt.
        _ = try file.readSigningKey(.passphrase(.right))
    }

    @Test("a key of the other kind, or with the other protection, is named as such")
    func wrongKind() throws {
        let file = KeyFile(path: bench.file("key.pem"))
        try file.write(SigningKey.generate(), .passphrase(.right), cost: .negligible)
        #expect(code { _ = try file.readSealingKey(.passphrase(.right)) } == .wrongKeyKind)
        #expect(code { _ = try file.readSigningKey(.unattended) } == .wrongKeyKind)
        let open = KeyFile(path: bench.file("open.pem"))
        try open.write(SealingKey.generate(), .unattended)
        #expect(code { _ = try open.readSigningKey(.unattended) } == .wrongKeyKind)
        #expect(code { _ = try open.readSealingKey(.passphrase(.right)) } == .wrongKeyKind)
    }

    @Test("a file that others can read is refused", arguments: [0o644, 0o640, 0o604, 0o620, 0o660] as [mode_t])
    func openToOthers(mode: mode_t) throws {
        let file = KeyFile(path: bench.file("key.pem"))
        try file.write(SigningKey.generate(), .unattended)
        chmod(file.path, mode)
        #expect(code { _ = try file.readSigningKey(.unattended) } == .keyFileOpenToOthers)
        #expect(symlink("key.pem", bench.file("link.pem")) == 0)
        let link = KeyFile(path: bench.file("link.pem"))
        #expect(code { _ = try link.readSigningKey(.unattended) } == .keyFileOpenToOthers)
    }

    @Test("an existing file, even a broken link, is never overwritten")
    func existing() throws {
        let file = KeyFile(path: bench.file("key.pem"))
        try file.write(SigningKey.generate(), .unattended)
        let before = try bench.bytes("key.pem")
        #expect(code { try file.write(SigningKey.generate(), .unattended) } == .keyFileExists)
        #expect(try bench.bytes("key.pem") == before)
        #expect(symlink("nowhere", bench.file("link.pem")) == 0)
        #expect(
            code { try KeyFile(path: bench.file("link.pem")).write(SigningKey.generate(), .unattended) }
                == .keyFileExists)
        #expect(try FileManager.default.contentsOfDirectory(atPath: bench.path).sorted() == ["key.pem", "link.pem"])
    }

    @Test("a missing file, a folder, a device-like file and an oversized file each have their code")
    func notAKeyFile() throws {
        #expect(code { _ = try read("absent") } == .keyFileMissing)
        #expect(mkdir(bench.file("folder"), 0o700) == 0)
        #expect(code { _ = try read("folder") } == .keyFileDamaged)
        #expect(mkfifo(bench.file("fifo"), 0o600) == 0)
        #expect(code { _ = try read("fifo") } == .keyFileDamaged)
        _ = try bench.put("large", [UInt8](repeating: 0x41, count: KeyFile.byteLimit + 1))
        #expect(code { _ = try read("large") } == .keyFileDamaged)
        _ = try bench.put("empty", "")
        #expect(code { _ = try read("empty") } == .keyFileDamaged)
        let error = #expect(throws: KeyringError.self) { _ = try read("absent") }
        #expect(error?.message.contains(bench.file("absent")) == true)
    }

    @Test("protection that would make the reader compute long, or other than scrypt, is refused unread")
    func otherSchemes() throws {
        _ = try bench.put("pass", "correct horse\n")
        #expect(try bench.openssl("genpkey", "-algorithm", "ed25519", "-out", "plain.pem").status == 0)
        _ = try bench.openssl(
            "pkcs8", "-topk8", "-in", "plain.pem", "-passout", "file:pass", "-out", "pbkdf2.pem", "-iter", "1000")
        _ = try bench.openssl(
            "pkcs8", "-topk8", "-scrypt", "-scrypt_N", "16", "-scrypt_p", "17", "-in", "plain.pem", "-passout",
            "file:pass", "-out", "long.pem")
        for name in ["pbkdf2.pem", "long.pem"] {
            chmod(bench.file(name), 0o600)
            #expect(
                code { _ = try KeyFile(path: bench.file(name)).readSigningKey(.passphrase(.right)) }
                    == .keyFileUnsupported, "\(name)")
        }
    }

    private func read(_ name: String) throws -> SigningKey {
        try KeyFile(path: bench.file(name)).readSigningKey(.unattended)
    }
}

/// What a sender does: one HPKE message to an X-Wing public key.
func seal(_ message: [UInt8], to publicKey: [UInt8], info: [UInt8], aad: [UInt8]) throws -> (
    enc: [UInt8], ciphertext: [UInt8]
) {
    var sender = try HPKE.Sender(
        recipientKey: XWingMLKEM768X25519.PublicKey(rawRepresentation: publicKey),
        ciphersuite: .XWingMLKEM768X25519_SHA256_AES_GCM_256, info: Data(info))
    let ciphertext = try sender.seal(message, authenticating: aad)
    return ([UInt8](sender.encapsulatedKey), [UInt8](ciphertext))
}
