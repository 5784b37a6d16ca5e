import COpenSSL
import Crypto
import Foundation
import Ledger
import Testing

/// The pinned rule gives one verdict whichever library computes the equation.
@Suite("Ed25519 in two libraries")
struct Ed25519AgreementTests {
    struct Vector: Decodable, Sendable, CustomTestStringConvertible {
        let name: String
        let message: String
        let key: String
        let signature: String
        let accept: Bool

        var testDescription: String { name }
    }

    static func load() throws -> [Vector] {
        let path = VectorTests.path("ed25519-edge/vectors.json")
        return try JSONDecoder().decode([Vector].self, from: try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    @Test("the pinned tests and OpenSSL agree with the pinned tests and swift-crypto on every edge vector")
    func agree() throws {
        let vectors = try Self.load()
        #expect(vectors.count { $0.accept } > 10 && vectors.count { !$0.accept } > 100)
        var looser = 0
        for vector in vectors {
            let message = try #require(Hex.decode(vector.message))
            let key = try #require(Hex.decode(vector.key))
            let signature = try #require(Hex.decode(vector.signature))
            let before = Self.passesPinnedTests(key: key, signature: signature)
            let openSSL = Self.openSSLVerifies(signature, message, key)
            #expect((before && openSSL) == vector.accept, "\(vector.name): OpenSSL says \(openSSL)")
            let pinned = PinnedEd25519.verify(signature: signature, message: message, key: key)
            #expect(pinned == vector.accept, "\(vector.name): swift-crypto")
            if openSSL && !vector.accept { looser += 1 }
        }
        #expect(looser > 0, "the vectors should hold cases that OpenSSL alone accepts")
    }

    @Test("OpenSSL verifies what swift-crypto signs, and nothing else")
    func ordinary() throws {
        let key = try Curve25519.Signing.PrivateKey(rawRepresentation: [UInt8](repeating: 7, count: 32))
        let message = Array("ordinary".utf8)
        let signature = Array(try key.signature(for: message))
        let publicKey = Array(key.publicKey.rawRepresentation)
        #expect(Self.openSSLVerifies(signature, message, publicKey))
        #expect(!Self.openSSLVerifies(signature, message + [0], publicKey))
    }

    /// The tests of the specification before the equation, written again: lengths, the key, R, S below L.
    static func passesPinnedTests(key: [UInt8], signature: [UInt8]) -> Bool {
        guard key.count == 32, signature.count == 64 else { return false }
        let order: [UInt8] =
            [0x10] + [UInt8](repeating: 0, count: 15)
            + [0x14, 0xde, 0xf9, 0xde, 0xa2, 0xf7, 0x9c, 0xd6, 0x58, 0x12, 0x63, 0x1a, 0x5c, 0xf5, 0xd3, 0xed]
        return Ed25519Point.isAcceptable(publicKey: key)
            && Ed25519Point.isAcceptable(publicKey: Array(signature[..<32]))
            && signature[32...].reversed().lexicographicallyPrecedes(order)
    }

    static func openSSLVerifies(_ signature: [UInt8], _ message: [UInt8], _ key: [UInt8]) -> Bool {
        guard let loaded = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, key, key.count) else { return false }
        defer { EVP_PKEY_free(loaded) }
        guard let context = EVP_MD_CTX_new() else { return false }
        defer { EVP_MD_CTX_free(context) }
        guard EVP_DigestVerifyInit(context, nil, nil, nil, loaded) == 1 else { return false }
        return EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    }
}
