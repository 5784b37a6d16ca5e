import Crypto
import Glibc
@testable import Keyring
import Testing

@Suite("the archive key")
struct ArchiveKeyTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    @Test("it comes back from its file, with and without a passphrase, and opens as nothing else")
    func file() throws {
        let key = try ArchiveKey.generate()
        for (name, protection) in [("a", KeyProtection.passphrase(try .right)), ("b", .unattended)] {
            let file = KeyFile(path: bench.file(name))
            try file.write(key, protection, cost: .negligible)
            #expect(try file.readArchiveKey(protection).seed == key.seed)
            #expect(bench.mode(name) == 0o600)
            #expect(code { _ = try file.readSealingKey(protection) } == .wrongKeyKind)
            #expect(code { try file.write(key, protection, cost: .negligible) } == .keyFileExists)
        }
        #expect(code { _ = try KeyFile(path: bench.file("c")).readArchiveKey(.unattended) } == .keyFileMissing)
        #expect(code { _ = try ArchiveKey(seed: SecretBytes([1])) } == .keyFileDamaged)
    }

    @Test("each purpose has a key of its own, the same at every derivation (RFC 5869)")
    func purposes() throws {
        // Computed with Python's hmac: HKDF-SHA256, no salt, info "valise/v1/archive-key/" and the purpose.
        let key = try ArchiveKey(seed: SecretBytes([UInt8](repeating: 9, count: 32)))
        let known = [
            "archive-records": "467db47a358e292cc48ea9cba871859db3a2b0626a385df6fac0cb723ddc6b34",
            "file-draft": "cc67ed5222bacee721bd9cad1508245bfc5e2c189820570c659af77956184127",
        ]
        for (purpose, hex) in known {
            let derived = key.key(for: purpose).withUnsafeBytes {
                $0.map { byte in
                    let digits = String(byte, radix: 16)
                    return digits.count == 1 ? "0" + digits : digits
                }.joined()
            }
            #expect(derived == hex)
        }
        #expect(key.key(for: "a") != key.key(for: "b"))
    }

    @Test("it never shows itself")
    func redaction() throws {
        let key = try ArchiveKey(seed: SecretBytes([UInt8](repeating: 77, count: 32)))
        var dumped = ""
        dump(key, to: &dumped)
        #expect(!"\(key)\(String(reflecting: key))\(dumped)".contains("77"))
    }
}

@Suite("another passphrase, and the end of a key")
struct RewrappingTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    @Test("a key file opens with the new passphrase alone, is as old as before, and holds the same key")
    func rewrap() throws {
        let signing = SigningKey.generate()
        let sealing = try SealingKey.generate()
        let archive = try ArchiveKey.generate()
        let files = ["signing", "sealing", "archive"].map { KeyFile(path: bench.file($0)) }
        try files[0].write(signing, .passphrase(.right), cost: .negligible)
        try files[1].write(sealing, .passphrase(.right), cost: .negligible)
        try files[2].write(archive, .passphrase(.right), cost: .negligible)
        var old = stat()
        let past = [timespec(tv_sec: 1_000_000, tv_nsec: 0), timespec(tv_sec: 1_000_000, tv_nsec: 0)]
        for (file, kind) in zip(files, [KeyKind.signing, .sealing, .archive]) {
            _ = utimensat(AT_FDCWD, file.path, past, 0)
            #expect(try file.opens(kind, current: .right, next: .wrong) == .current)
            try file.rewrap(kind, from: .right, to: .wrong, cost: .negligible)
            #expect(try file.opens(kind, current: .right, next: .wrong) == .next)
            #expect(code { _ = try file.opens(kind, current: .right, next: .right) } == .wrongPassphrase)
            #expect(lstat(file.path, &old) == 0 && old.st_mtim.tv_sec == 1_000_000 && old.st_mode & 0o777 == 0o600)
        }
        #expect(try files[0].readSigningKey(.passphrase(.wrong)).publicKey == signing.publicKey)
        #expect(try files[1].readSealingKey(.passphrase(.wrong)).publicKey == sealing.publicKey)
        #expect(try files[2].readArchiveKey(.passphrase(.wrong)).seed == archive.seed)
        #expect(code { try files[0].rewrap(.signing, from: .right, to: .wrong, cost: .negligible) } == .wrongPassphrase)
    }

    @Test("a destroyed file is overwritten and gone; a missing one is no error, a link is not followed")
    func destroy() throws {
        let file = KeyFile(path: bench.file("key.pem"))
        try file.write(SealingKey.generate(), .passphrase(.right), cost: .negligible)
        #expect(link(file.path, bench.file("other name")) == 0)
        try file.destroy()
        #expect(bench.mode("key.pem") == 0)
        #expect(try bench.bytes("other name").allSatisfy { $0 == 0 })
        try file.destroy()
        _ = try bench.put("mine", "mine")
        #expect(symlink("mine", file.path) == 0)
        #expect(code { try file.destroy() } == .fileUnwritable)
        #expect(text(try bench.bytes("mine")) == "mine")
    }
}
