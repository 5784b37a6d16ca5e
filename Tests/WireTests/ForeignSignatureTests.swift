import Crypto
import Foundation
import HTTPTypes
import Ledger
import Statements
import Testing
import Wire

/// Requests that this code and another implementation signed; `Tests/Foreign/rfc9421` is the other side.
@Suite("HTTP message signatures of another implementation")
struct ForeignSignatureTests {
    struct Request: Codable, Equatable, Sendable {
        var method: String
        var authority: String
        var target: String
        var created: Int64
        var input = ""
        var signature = ""

        func signed() throws -> SignedRequest {
            SignedRequest(
                method: try #require(HTTPRequest.Method(rawValue: method)), authority: authority, target: target)
        }
    }

    static let requests = [
        Request(
            method: "GET", authority: "relay.example:8443", target: "/v1/inbox?after=1&wait=0", created: 1_700_000_000),
        Request(method: "GET", authority: "relay.example", target: "/checkpoint", created: 1_700_000_001),
        Request(method: "POST", authority: "localhost:1", target: "/v1/statements?", created: 1_700_000_003),
        Request(
            method: "GET", authority: "relay.example", target: "/tile/entries/x001/234.p/5", created: 1_700_000_002),
    ]
    let signer: DelegateID
    let key: Curve25519.Signing.PrivateKey

    init() throws {
        signer = try #require(DelegateID("us-envoy/lead"))
        key = try Curve25519.Signing.PrivateKey(rawRepresentation: [UInt8](repeating: 7, count: 32))
    }

    static func path(_ file: String, from here: String = #filePath) -> URL {
        URL(fileURLWithPath: here).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Vectors/rfc9421").appendingPathComponent(file)
    }

    static func read(_ file: String) throws -> [Request] {
        try JSONDecoder().decode([Request].self, from: Data(contentsOf: path(file)))
    }

    @Test("what this code signs is in ours.json")
    func ours() async throws {
        let key = key
        var made: [Request] = []
        for var request in Self.requests {
            let time = Timestamp(milliseconds: request.created * 1000)
            let signature = try await MessageSignature(signing: request.signed(), as: signer, at: time) {
                [UInt8](try key.signature(for: $0))
            }
            let inputName = try #require(HTTPField.Name("Signature-Input"))
            let signatureName = try #require(HTTPField.Name("Signature"))
            request.input = try #require(signature.fields[inputName])
            request.signature = try #require(signature.fields[signatureName])
            made.append(request)
        }
        if ProcessInfo.processInfo.environment["VALISE_WRITE_VECTORS"] == "1" {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            try (encoder.encode(made) + Data("\n".utf8)).write(to: Self.path("ours.json"))
        }
        #expect(try Self.read("ours.json") == made)
    }

    @Test("what another implementation signs is accepted, and only for its request")
    func theirs() throws {
        let theirs = try Self.read("theirs.json")
        #expect(theirs.map(\.target) == Self.requests.map(\.target))
        for (place, request) in theirs.enumerated() {
            let fields: HTTPFields = [
                try #require(.init("Signature-Input")): request.input,
                try #require(.init("Signature")): request.signature,
            ]
            let now = Timestamp(milliseconds: request.created * 1000)
            let publicKey = [UInt8](key.publicKey.rawRepresentation)
            #expect(
                try MessageSignature.verify(request.signed(), fields: fields, now: now) { _ in publicKey } == signer)
            let other = try theirs[(place + 1) % theirs.count].signed()
            #expect(throws: MessageSignatureError.invalid(signer)) {
                try MessageSignature.verify(other, fields: fields, now: now) { _ in publicKey }
            }
        }
    }
}
