import Foundation
import Glibc
@testable import Keyring
import Ledger
import Testing

@Suite("passphrases and secrets")
struct PassphraseTests {
    let bench: Workbench
    init() throws { bench = try Workbench() }

    private func bytes(_ source: PassphraseSource) throws -> String {
        try source.passphrase().withBytes { String(decoding: $0, as: UTF8.self) }
    }

    @Test(
        "a file gives its first line",
        arguments: ["open sesame\n", "open sesame", "open sesame\r\n", "open sesame\nmore"])
    func file(content: String) throws {
        #expect(try bytes(.file(path: bench.put("pass", content))) == "open sesame")
    }

    @Test("a file that others can read is refused", arguments: [0o644, 0o640] as [mode_t])
    func openFile(mode: mode_t) throws {
        let path = try bench.put("pass", "x\n", mode: mode)
        #expect(code { _ = try PassphraseSource.file(path: path).passphrase() } == .keyFileOpenToOthers)
    }

    @Test("a descriptor gives its first line and keeps the rest")
    func descriptor() throws {
        let pipe = Pipe()
        pipe.fileHandleForWriting.write(Data("first\nsecond\n".utf8))
        let descriptor = pipe.fileHandleForReading.fileDescriptor
        #expect(try bytes(.descriptor(descriptor)) == "first")
        #expect(try bytes(.descriptor(descriptor)) == "second")
        try pipe.fileHandleForWriting.close()
        #expect(code { _ = try PassphraseSource.descriptor(descriptor).passphrase() } == .passphraseMissing)
    }

    @Test("a prompt gives what it is told")
    func prompt() throws {
        #expect(try bytes(.prompt { [UInt8]("spoken".utf8) }) == "spoken")
    }

    @Test("empty, overlong and broken passphrases are refused")
    func malformed() {
        #expect(code { _ = try Passphrase([]) } == .passphraseMissing)
        #expect(code { _ = try Passphrase([UInt8](repeating: 65, count: 1025)) } == .passphraseMalformed)
        #expect(code { _ = try Passphrase([65, 0, 65]) } == .passphraseMalformed)
        #expect(code { _ = try Passphrase([65, 10, 65]) } == .passphraseMalformed)
        #expect(code { _ = try Passphrase([UInt8](repeating: 65, count: 1024)) } == nil)
        #expect(code { _ = try PassphraseSource.file(path: bench.file("absent")).passphrase() } == .keyFileMissing)
    }

    @Test("nothing secret shows in text or in a dump")
    func redaction() throws {
        let seed = [UInt8](repeating: 0xA7, count: 32)
        let signing = try SigningKey(seed: seed)
        let sealing = try SealingKey(seed: seed)
        let opened = OpenedKeys(signing: signing, sealing: [sealing], name: SealingKeyName { .sha256($0) })
        let secrets: [Any] = [
            try Passphrase([UInt8]("hush-hush".utf8)),
            KeyProtection.passphrase(try Passphrase([UInt8]("hush-hush".utf8))),
            SecretBytes([UInt8]("hush-hush".utf8)), signing, sealing, opened,
        ]
        for secret in secrets {
            var shown = "\(secret) " + String(reflecting: secret)
            dump(secret, to: &shown)
            for trace in ["hush", "104, 117", "167", "A7", "a7a7", "Curve25519.Signing.PrivateKey", "0x"] {
                #expect(!shown.contains(trace), "\(trace) in \(shown)")
            }
        }
    }

    @Test("secret bytes can be lent and copied, and a wiped array is empty")
    func wiping() {
        var copy: [UInt8] = [1, 2, 3]
        wipe(&copy)
        #expect(copy.isEmpty)
        let secret = SecretBytes([7, 7])
        #expect(secret.copy() == [7, 7])
        #expect(secret.count == 2)
    }
}
