import Crypto
import Foundation
import Ledger
import Testing

@Suite("Known answers of X-Wing and HPKE")
struct KnownAnswerTests {
    struct XWing: Decodable { let seed, sk, pk, ct, ss: String }
    struct Sealed: Decodable { let aad, ct, pt: String }
    struct HPKEAnswer: Decodable {
        let info, enc, skRm, pkRm, shared_secret, key, base_nonce: String; let encryptions: [Sealed]
    }

    static func load<T: Decodable>(_ name: String, from file: String = #filePath) throws -> [T] {
        let tests = URL(filePath: file).deletingLastPathComponent().deletingLastPathComponent()
        let url = tests.appending(path: "Vectors/swift-crypto/\(name).json")
        return try JSONDecoder().decode([T].self, from: Data(contentsOf: url))
    }

    static func bytes(_ hex: String) throws -> [UInt8] { try #require(Hex.decode(hex.utf8)) }

    @Test("X-Wing keys come from their seeds, and encapsulations give their shared secrets")
    func xwing() throws {
        let answers: [XWing] = try Self.load("xwing")
        #expect(answers.count == 3)
        for answer in answers {
            let key = try XWingMLKEM768X25519.PrivateKey(seedRepresentation: Self.bytes(answer.seed), publicKey: nil)
            #expect([UInt8](key.publicKey.rawRepresentation) == (try Self.bytes(answer.pk)))
            let secret = try key.decapsulate(Data(Self.bytes(answer.ct)))
            #expect(secret.withUnsafeBytes { Array($0) } == (try Self.bytes(answer.ss)))
        }
    }

    @Test("HPKE with X25519, HKDF-SHA256 and AES-256-GCM opens the published ciphertexts")
    func hpke() throws {
        let answers: [HPKEAnswer] = try Self.load("hpke-x25519-aes256gcm")
        let answer = try #require(answers.first)
        let suite = HPKE.Ciphersuite(kem: .Curve25519_HKDF_SHA256, kdf: .HKDF_SHA256, aead: .AES_GCM_256)
        let key = try Curve25519.KeyAgreement.PrivateKey(rawRepresentation: Self.bytes(answer.skRm))
        var recipient = try HPKE.Recipient(
            privateKey: key, ciphersuite: suite, info: Data(Self.bytes(answer.info)),
            encapsulatedKey: Data(Self.bytes(answer.enc)))
        #expect(answer.encryptions.count == 257)
        for sealed in answer.encryptions {
            let opened = try recipient.open(Self.bytes(sealed.ct), authenticating: Self.bytes(sealed.aad))
            #expect([UInt8](opened) == (try Self.bytes(sealed.pt)))
        }
        let schedule = try KeySchedule(
            kem: 0x0020, sharedSecret: Self.bytes(answer.shared_secret), info: Self.bytes(answer.info))
        #expect(schedule.key == (try Self.bytes(answer.key)))
        #expect(schedule.nonce == (try Self.bytes(answer.base_nonce)))
    }

    @Test("HPKE with X-Wing opens what RFC 9180's key schedule seals under a known answer's shared secret")
    func hpkeXWing() throws {
        let answers: [XWing] = try Self.load("xwing")
        for answer in answers {
            let info: [UInt8] = Array("an info".utf8)
            let schedule = try KeySchedule(kem: 0x647A, sharedSecret: Self.bytes(answer.ss), info: info)
            let box = try AES.GCM.seal(
                Array("content key".utf8), using: SymmetricKey(data: schedule.key),
                nonce: AES.GCM.Nonce(data: schedule.nonce), authenticating: [1, 2, 3])
            let key = try XWingMLKEM768X25519.PrivateKey(seedRepresentation: Self.bytes(answer.seed), publicKey: nil)
            var recipient = try HPKE.Recipient(
                privateKey: key, ciphersuite: .XWingMLKEM768X25519_SHA256_AES_GCM_256, info: Data(info),
                encapsulatedKey: Data(Self.bytes(answer.ct)))
            let opened = try recipient.open(box.ciphertext + box.tag, authenticating: [1, 2, 3] as [UInt8])
            #expect([UInt8](opened) == Array("content key".utf8))
        }
    }
}

/// The key schedule of RFC 9180 section 5.1 for base mode, HKDF-SHA256 (1) and AES-256-GCM (2).
private struct KeySchedule {
    let key: [UInt8]
    let nonce: [UInt8]

    init(kem: UInt16, sharedSecret: [UInt8], info: [UInt8]) throws {
        let suite = Array("HPKE".utf8) + Self.two(Int(kem)) + Self.two(1) + Self.two(2)
        func extract(_ salt: [UInt8], _ label: String, _ input: [UInt8]) -> [UInt8] {
            let material = Array("HPKE-v1".utf8) + suite + Array(label.utf8) + input
            return Array(HKDF<SHA256>.extract(inputKeyMaterial: SymmetricKey(data: material), salt: salt))
        }
        let context = [0] + extract([], "psk_id_hash", []) + extract([], "info_hash", info)
        let secret = extract(sharedSecret, "secret", [])
        func expand(_ label: String, _ count: Int) -> [UInt8] {
            let info = Self.two(count) + Array("HPKE-v1".utf8) + suite + Array(label.utf8) + context
            let out = HKDF<SHA256>.expand(pseudoRandomKey: secret, info: info, outputByteCount: count)
            return out.withUnsafeBytes { Array($0) }
        }
        key = expand("key", 32)
        nonce = expand("base_nonce", 12)
    }

    static func two(_ number: Int) -> [UInt8] { [UInt8(number >> 8), UInt8(number & 255)] }
}
