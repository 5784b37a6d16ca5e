import Crypto
import Foundation
import Ledger
import Testing

@Suite("Pinned Ed25519")
struct PinnedEd25519Tests {
    struct Vector: Decodable, Sendable, CustomTestStringConvertible {
        let name: String
        let message: String
        let key: String
        let signature: String
        let acceptKey: Bool
        let accept: Bool
        let reason: String

        var testDescription: String { name }
    }

    static func load() throws -> [Vector] {
        let data = try Data(contentsOf: URL(fileURLWithPath: vectors("ed25519-edge/vectors.json")))
        return try JSONDecoder().decode([Vector].self, from: data)
    }

    @Test("every edge vector has the expected verdict")
    func edges() throws {
        let all = try Self.load()
        #expect(all.count == 225)
        #expect(all.count { $0.accept } == 39)
        for vector in all {
            let message = try #require(Hex.decode(vector.message))
            let key = try #require(Hex.decode(vector.key))
            let signature = try #require(Hex.decode(vector.signature))
            let verdict = PinnedEd25519.verify(signature: signature, message: message, key: key)
            #expect(verdict == vector.accept, "\(vector.name): \(vector.reason)")
            #expect(PinnedEd25519.isAcceptableKey(key) == vector.acceptKey, "\(vector.name): \(vector.reason)")
            let prepared = PinnedEd25519.PreparedKey(key)
            #expect((prepared != nil) == vector.acceptKey)
            #expect((prepared?.verify(signature: signature, message: message) ?? false) == vector.accept)
        }
    }

    @Test("the vectors hold cases that the library alone would accept")
    func stricterThanLibrary() throws {
        let looser = try Self.load().filter { vector in
            let key = try #require(Hex.decode(vector.key))
            let signature = try #require(Hex.decode(vector.signature))
            let message = try #require(Hex.decode(vector.message))
            guard key.count == 32 else { return false }
            return try Curve25519.Signing.PublicKey(rawRepresentation: key)
                .isValidSignature(signature, for: message) && !vector.accept
        }
        #expect(looser.count { $0.reason.contains("small-order") } > 10)
    }

    @Test("every single-bit change of message, key or signature fails")
    func singleBits() throws {
        let signer = Curve25519.Signing.PrivateKey()
        let message = Array("a short message".utf8)
        let key = Array(signer.publicKey.rawRepresentation)
        let signature = Array(try signer.signature(for: message))
        #expect(PinnedEd25519.verify(signature: signature, message: message, key: key))
        for bit in 0..<(message.count * 8) {
            #expect(!PinnedEd25519.verify(signature: signature, message: flip(message, bit), key: key))
        }
        for bit in 0..<256 {
            #expect(!PinnedEd25519.verify(signature: signature, message: message, key: flip(key, bit)))
        }
        for bit in 0..<512 {
            #expect(!PinnedEd25519.verify(signature: flip(signature, bit), message: message, key: key))
        }
    }

    private func flip(_ bytes: [UInt8], _ bit: Int) -> [UInt8] {
        var changed = bytes
        changed[bit / 8] ^= 1 << UInt8(bit % 8)
        return changed
    }
}
