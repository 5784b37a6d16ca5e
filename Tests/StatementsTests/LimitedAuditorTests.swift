import Ledger
import Statements
import Testing

extension KnownValues {
    static let committee = LimitedAuditor(
        party: "lebanon-speaker", channels: [PartyPair("us-envoy", "israel-strategic-affairs")])

    static func scopes() throws -> [KnownValue] {
        var draft = try CharterDraft()
        draft.limitedAuditors = [
            LimitedAuditor(
                party: "hezbollah",
                channels: [
                    PartyPair("us-envoy", "israel-strategic-affairs"), PartyPair("us-envoy", "lebanon-speaker"),
                ]), committee,
        ]
        let signed = try Scene.signed(draft.charter)
        return [
            try KnownValue("limited-auditors", signed.charter, [("id", signed.id.description)]),
            try KnownValue("two-channels", draft.limitedAuditors[0]), try KnownValue("one-channel", committee),
            try KnownValue("pair", committee.channels[0]),
        ]
    }
}

@Suite("Limited auditors of a charter")
struct LimitedAuditorTests {
    @Test("a charter without them has the bytes that it always had")
    func absent() throws {
        let charter = try CharterDraft().charter
        #expect(charter.limitedAuditors.isEmpty)
        var tree = DERTree(try charter.derBytes())
        let count = tree.children.count
        var draft = try CharterDraft()
        draft.limitedAuditors = [KnownValues.committee]
        let longer = DERTree(try draft.charter.derBytes())
        #expect(
            longer.children.count == count + 1
                && longer.children.prefix(count).map(\.bytes) == tree.children.map(\.bytes))
        #expect(try Charter(der: longer.bytes, limit: Bounds.charter) == draft.charter)
        tree.children.append(DERTree([0xA0, 0]))
        #expect(throws: FormError.self) { try Charter(der: tree.bytes, limit: Bounds.charter) }
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let code: String?
        let testDescription: String
        let auditors: [LimitedAuditor]
        init(_ code: String?, _ name: String, _ auditors: [LimitedAuditor]) {
            self.code = code
            testDescription = "\(code ?? "good"): \(name)"
            self.auditors = auditors
        }
    }

    private static let (north, south) = (
        PartyPair("us-envoy", "lebanon-speaker"), PartyPair("lebanon-speaker", "hezbollah")
    )

    static let rows = [
        Row(nil, "one", [KnownValues.committee]),
        Row(
            nil, "both ways of a channel",
            [LimitedAuditor(party: "hezbollah", channels: [PartyPair("lebanon-speaker", "us-envoy")])]),
        Row("charter-limited-auditor", "an unlisted party", [LimitedAuditor(party: "stranger", channels: [north])]),
        Row(
            "charter-limited-auditor", "a full auditor",
            [LimitedAuditor(party: "oversight-committee", channels: [north])]),
        Row(
            "charter-limited-auditor", "a pair without a channel",
            [LimitedAuditor(party: "lebanon-speaker", channels: [PartyPair("hezbollah", "us-envoy")])]),
        Row("charter-order", "channels out of order", [LimitedAuditor(party: "us-envoy", channels: [north, south])]),
        Row("charter-order", "a channel twice", [LimitedAuditor(party: "us-envoy", channels: [south, south])]),
        Row(
            "charter-order", "parties out of order",
            [
                LimitedAuditor(party: "us-envoy", channels: [south]),
                LimitedAuditor(party: "hezbollah", channels: [north]),
            ]),
        Row(
            "charter-order", "a party twice",
            [
                LimitedAuditor(party: "hezbollah", channels: [south]),
                LimitedAuditor(party: "hezbollah", channels: [north]),
            ]),
    ]

    @Test("what is wrong with them is found", arguments: rows)
    func findings(row: Row) throws {
        var draft = try CharterDraft()
        draft.limitedAuditors = row.auditors
        #expect(CharterCheck.findings(draft.charter).map(\.code) == [row.code].compactMap(\.self))
    }

    @Test("a scope has the legs over its channels, in either direction, and the acts on them alone")
    func scope() throws {
        let scope = Scope(LimitedAuditor(party: "oversight-committee", channels: [Self.south]))
        let via = Leg(intermediaries: ["lebanon-speaker"], recipient: "hezbollah")
        let back = Leg(intermediaries: ["lebanon-speaker"], recipient: "us-envoy")
        let direct = Leg(intermediaries: [], recipient: "lebanon-speaker")
        #expect(scope.covers(via, from: "us-envoy") && scope.covers(back, from: "hezbollah"))
        #expect(!scope.covers(direct, from: "us-envoy") && scope.covers(direct, from: "hezbollah"))
        #expect(!scope.covers(back, from: "israel-strategic-affairs"))
        func shows(_ act: Act, _ legs: [Leg]) -> Bool { scope.shows(act, legs: legs, from: "us-envoy") }
        let both = [direct, via]
        #expect(shows(.submission(Acts.submission()), both) && !shows(.submission(Acts.submission()), [direct]))
        for (leg, isShown) in [(0, false), (1, true), (2, false)] {
            let reference = LegReference(message: Acts.message, leg: try #require(LegNumber(leg)))
            let acts: [Act] = [
                .conveyance(reference), .refusal(reference, .declined), .receipt(reference, .retrieved),
                .expiry(reference), .recall(Acts.message, legs: [reference.leg]),
            ]
            for act in acts { #expect(shows(act, both) == isShown, "\(act.kind) of leg \(leg)") }
        }
        #expect(shows(.recall(Acts.message, legs: [0, 1]), both))
        for act in [Act.tick(Acts.tick), .keyPublication(Acts.keyPublication()), .erasure([Acts.message])] {
            #expect(!shows(act, both), "\(act.kind)")
        }
    }
}
