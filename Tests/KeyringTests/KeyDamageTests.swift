import Keyring
import Testing

@Suite("damaged key files")
struct KeyDamageTests {
    let bench: Workbench
    init() throws { bench = try Workbench() }

    enum Sample: String, CaseIterable, Sendable {
        case protectedSigning, protectedSealing, openSigning, openSealing
    }

    /// The text of a key file, its public key, and a way to open such a text.
    private func make(_ sample: Sample) throws -> (
        bytes: [UInt8], publicKey: [UInt8], open: ([UInt8]) throws -> [UInt8]
    ) {
        let file = KeyFile(path: bench.file("key.pem"))
        let protection: KeyProtection
        switch sample {
        case .protectedSigning, .protectedSealing: protection = .passphrase(try .right)
        case .openSigning, .openSealing: protection = .unattended
        }
        switch sample {
        case .protectedSigning, .openSigning:
            let key = SigningKey.generate()
            try file.write(key, protection, cost: .negligible)
            let open = { try KeyFile.signingKey(SecretBytes($0), protection, name: "it").publicKey }
            return (try bench.bytes("key.pem"), key.publicKey, open)
        case .protectedSealing, .openSealing:
            let key = try SealingKey.generate()
            try file.write(key, protection, cost: .negligible)
            let open = { try KeyFile.sealingKey(SecretBytes($0), protection, name: "it").publicKey }
            return (try bench.bytes("key.pem"), key.publicKey, open)
        }
    }

    @Test("no changed byte yields another key", arguments: Sample.allCases)
    func flipped(sample: Sample) throws {
        let (bytes, publicKey, open) = try make(sample)
        #expect(try open(bytes) == publicKey)
        var harmless = 0
        for position in bytes.indices {
            for mask in [0x01, 0x10, 0x80] as [UInt8] {
                var changed = bytes
                changed[position] ^= mask
                do {
                    // White space and the unused bits before "=" do not change what is encoded.
                    #expect(try open(changed) == publicKey, "byte \(position), mask \(mask)")
                    harmless += 1
                } catch {
                    #expect(error is KeyringError, "\(error)")
                }
            }
        }
        #expect(harmless < 40)
    }

    @Test("no cut-off file opens", arguments: Sample.allCases)
    func truncated(sample: Sample) throws {
        let (bytes, _, open) = try make(sample)
        for length in 0..<(bytes.count - 2) {
            let found = code { _ = try open(Array(bytes.prefix(length))) }
            #expect(found == .keyFileDamaged, "\(length) of \(bytes.count)")
        }
    }

    @Test("random bytes between the PEM lines are refused and nothing breaks")
    func random() throws {
        var state: UInt64 = 0x5EED_0001
        func next() -> UInt8 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 33)
        }
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        for _ in 0..<300 {
            let body = (0..<64).map { _ in alphabet[Int(next() & 63)] }
            for label in ["PRIVATE KEY", "ENCRYPTED PRIVATE KEY"] {
                let words = "-----BEGIN \(label)-----\n\(text(body))\n-----END \(label)-----\n"
                for protection in [KeyProtection.unattended, .passphrase(try .right)] {
                    let secret = SecretBytes([UInt8](words.utf8))
                    #expect(throws: KeyringError.self) {
                        _ = try KeyFile.signingKey(secret, protection, name: "seed 0x5EED0001")
                    }
                }
            }
        }
    }
}
