import Foundation
import Ledger
import Statements
import Testing

@Suite("Charter check")
struct CharterCheckTests {
    /// A change of the scene's charter, and the one finding that it makes.
    struct Row: Sendable, CustomTestStringConvertible {
        let code: String
        let testDescription: String
        let change: @Sendable (inout CharterDraft) throws -> Void
        init(_ code: String, _ name: String, _ change: @escaping @Sendable (inout CharterDraft) throws -> Void) {
            self.code = code
            testDescription = "\(code): \(name)"
            self.change = change
        }
    }

    static let partyRows = [
        Row("charter-order", "parties out of order") { $0.parties.swapAt(0, 1) },
        Row("charter-order", "bars out of order") { $0.bars.swapAt(0, 1) },
        Row("charter-order", "a bar twice") { $0.bars.append($0.bars[1]) },
        Row("charter-order", "delegates out of order") {
            $0.parties[4] = try Scene.party(
                "us-envoy", ["lead", "deputy"], founder: "lead", may: Capabilities(steward: true))
        },
        Row("charter-reserved-name", "a party named relay") {
            $0.parties.insert(try Scene.party("relay"), at: 4)
        },
        Row("charter-founder", "a founder who is no delegate") {
            $0.parties[0] = try Scene.party("hezbollah", founder: "nobody")
        },
        Row("charter-quorum", "a quorum above the number of delegates") {
            $0.parties[0] = try Scene.party("hezbollah", quorum: 2)
        },
        Row("charter-quorum", "a quorum of none") { $0.parties[0] = try Scene.party("hezbollah", quorum: 0) },
        Row("charter-quorum", "a quorum above eight") {
            $0.parties[0] = try Scene.party("hezbollah", Array(BoundsTests.delegates.prefix(9)), quorum: 9)
        },
        Row("charter-no-auditor", "nobody audits") { $0.parties[3] = try Scene.party("oversight-committee") },
        Row("charter-stewards", "more stewards wanted than there are") { $0.stewardThreshold = 3 },
        Row("charter-stewards", "no stewards wanted") { $0.stewardThreshold = 0 },
    ]

    static let keyRows = [
        Row("charter-key-twice", "log key and act key the same") {
            $0.relay = try Scene.relay(actKey: Scene.publicKey("relay/log"))
        },
        Row("charter-key-twice", "two delegates with one key") {
            $0.parties[0] = Party(
                id: "hezbollah", title: "", capabilities: Capabilities(), releaseQuorum: 1, founder: "lead",
                delegates: [try Scene.card("hezbollah/lead", keyName: "us-envoy/lead").delegate])
        },
        Row("charter-key-twice", "a delegate with the relay's act key") {
            $0.relay = try Scene.relay(actKey: Scene.publicKey("us-envoy/lead"))
        },
        Row("charter-key-bad", "a log key of small order") {
            $0.relay = try Scene.relay(logKey: [1] + [UInt8](repeating: 0, count: 31))
        },
        Row("charter-card-bad", "a key that did not sign its admission") {
            let wrong = try Scene.card("us-envoy/deputy")
            let lead = $0.parties[0].delegates[0]
            $0.parties[0] = Party(
                id: "hezbollah", title: "", capabilities: Capabilities(), releaseQuorum: 1, founder: "lead",
                delegates: [
                    Delegate(
                        name: "lead", signingKey: lead.signingKey, cardMadeAt: lead.cardMadeAt,
                        admission: wrong.signature)
                ])
        },
    ]

    static let pairRows = [
        Row("charter-channel-party", "a channel to nobody") { $0.channels.append(Scene.channel("us-envoy", "nobody")) },
        Row("charter-channel-party", "a channel to itself") {
            $0.channels.append(Scene.channel("us-envoy", "us-envoy"))
        },
        Row("charter-channel-window", "a channel that closes as it opens") {
            $0.channels[0] = Scene.channel("us-envoy", "lebanon-speaker", closes: Scene.start)
        },
        Row("charter-channel-barred", "a channel that is barred") {
            $0.channels.append(Scene.channel("us-envoy", "hezbollah"))
        },
        Row("charter-bar-party", "a bar to nobody") { $0.bars.append(Bar("us-envoy", "yonder")) },
    ]

    static let numberRows = [
        Row("charter-rules-version", "rules of tomorrow") { $0.rulesVersion = 3 },
        Row("charter-witnesses", "more cosignatures than witnesses") { $0.witnessQuorum = 2 },
        Row("charter-witnesses", "a witness with a log's key") {
            let key = try VerifierKey(text: $0.witnesses[0].verifierKey)
            let other = try VerifierKey(name: key.name, kind: .ed25519, publicKey: key.publicKey)
            $0.witnesses = [Witness(verifierKey: other.text, url: $0.witnesses[0].url)]
        },
        Row("charter-witnesses", "one witness's key under two names") {
            let key = try VerifierKey(text: $0.witnesses[0].verifierKey)
            let name = try #require(NoteName("another.example"))
            let other = try VerifierKey(name: name, kind: .cosignature, publicKey: key.publicKey)
            $0.witnesses.append(Witness(verifierKey: other.text, url: "https://another.example"))
        },
        Row("charter-witnesses", "a witness that cannot be asked") {
            $0.witnesses = [Witness(verifierKey: $0.witnesses[0].verifierKey, url: "witness.example")]
        },
        Row("charter-origin", "an origin with a space") { $0.relay = try Scene.relay(origin: "no origin") },
        Row("charter-url", "no TLS") { $0.relay = try Scene.relay(url: "http://relay.example") },
        Row("charter-url", "a path") { $0.relay = try Scene.relay(url: "https://relay.example/v1") },
        Row("charter-url", "a user") { $0.relay = try Scene.relay(url: "https://user@relay.example") },
        Row("charter-url", "no host") { $0.relay = try Scene.relay(url: "https://") },
        Row("charter-limits", "no lifetime") { $0.limits.longestLifetime = .seconds(0) },
        Row("charter-limits", "no submit window") { $0.limits.longestSubmitWindow = .seconds(0) },
        Row("charter-limits", "no ticks") { $0.limits.tickInterval = .seconds(0) },
        Row("charter-limits", "no message allowed") { $0.limits.unsettledMessages = 0 },
        Row("charter-retention", "a retention under rules that erase nothing") { $0.limits.retention = .days(30) },
        Row("charter-retention", "contents that go before a retrieved leg is over") {
            ($0.rulesVersion, $0.limits.retention) = (2, TimeSpan(milliseconds: 2 * 86_400_000 - 1))
        },
        Row("charter-retention", "no retention at all, written as one") {
            ($0.rulesVersion, $0.limits.retention, $0.limits.confirmGrace) = (2, .seconds(0), .seconds(0))
        },
    ]

    static let rows = partyRows + keyRows + pairRows + numberRows

    @Test("the scene's charter has no findings, signed or not")
    func good() throws {
        let charter = try CharterDraft().charter
        #expect(CharterCheck.findings(charter).isEmpty)
        #expect(CharterCheck.findings(try Scene.signed(charter)).isEmpty)
    }

    @Test("each defect is found by its code, and nothing else is", arguments: rows)
    func finding(row: Row) throws {
        var draft = try CharterDraft()
        try row.change(&draft)
        let found = CharterCheck.findings(draft.charter)
        #expect(Set(found.map(\.code)) == [row.code], "\(found)")
    }

    @Test("a retention as long as the confirm grace is fine, is read back, and changes the charter's identifier")
    func retention() throws {
        var draft = try CharterDraft()
        (draft.rulesVersion, draft.limits.retention) = (2, .days(2))
        #expect(CharterCheck.findings(draft.charter).isEmpty)
        let bytes = try draft.charter.derBytes()
        let read = try Charter(der: bytes, limit: Bounds.charter)
        #expect(read.limits.retention == .days(2))
        #expect(try read.derBytes() == bytes)
        draft.limits.retention = nil
        let without = try draft.charter.derBytes()
        #expect(try Charter(der: without, limit: Bounds.charter).limits.retention == nil)
        #expect(without != bytes)
    }

    @Test("a party without delegates is found, not stumbled over")
    func nobody() throws {
        var draft = try CharterDraft()
        draft.parties[0] = try Scene.party("hezbollah", [], founder: "lead")
        let codes = Set(CharterCheck.findings(draft.charter).map(\.code))
        #expect(codes == ["charter-founder", "charter-quorum"])
    }

    @Test("a founder's missing signature, a wrong one and a stranger's are found")
    func signatures() throws {
        let good = try Scene.signed(CharterDraft().charter)
        func codes(_ signatures: [OpenSignature]) throws -> [String] {
            CharterCheck.findings(try SignedCharter(charterBytes: good.charterBytes, signatures: signatures)).map(
                \.code)
        }
        let others = Array(good.signatures.dropLast())
        let last = good.signatures[4]
        #expect(try codes(others) == ["charter-signature-missing"])
        let wrong = OpenSignature(signer: last.signer, signature: good.signatures[0].signature)
        #expect(try codes(others + [wrong]) == ["charter-signature-bad"])
        let stranger = OpenSignature(signer: "us-envoy/stranger", signature: last.signature)
        #expect(try codes(good.signatures + [stranger]) == ["charter-signer-unknown"])
        // Another delegate may sign too; it does not stand in for the founder.
        let message = SignedCharter.message(charterBytes: good.charterBytes)
        let deputy = OpenSignature(
            signer: "us-envoy/deputy", signature: try Scene.sign(message, as: "us-envoy/deputy"))
        #expect(try codes(good.signatures + [deputy]).isEmpty)
        #expect(try codes(others + [deputy]) == ["charter-signature-missing"])
    }

    @Test("every code that the check can give has a row here")
    func complete() throws {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Sources/Statements/CharterCheck.swift")
        let source = try String(contentsOf: path, encoding: .utf8)
        let codes = Set(source.split(separator: "\"").map(String.init).filter { $0.hasPrefix("charter-") })
        let bySignatures: Set = ["charter-signature-missing", "charter-signature-bad", "charter-signer-unknown"]
        #expect(codes == Set(Self.rows.map(\.code)).union(bySignatures))
    }
}
