import HTTPTypes
import Ledger
import Statements
import TestKit
import Testing
import Transport
import Wire

@Suite("What was sent", .timeLimit(.minutes(1)))
struct SentTests {
    private static let toSpeaker = [Leg(intermediaries: [], recipient: FixtureWorld.speaker.party)]

    private static func messages(_ answer: SentAnswer) -> [MessageID] {
        answer.chains.compactMap { $0.first?.entry.signed.map { MessageID($0.id) } }
    }

    @Test("either delegate sees what both sent, and nobody sees another party's")
    func office() async throws {
        try await RelayInABox.run { box in
            let lead = try box.envelope(from: FixtureWorld.envoy)
            let foreign = try box.envelope(from: FixtureWorld.hezbollah, legs: Self.toSpeaker)
            let deputy = try box.envelope(from: FixtureWorld.deputy, legs: Self.toSpeaker)
            for envelope in [lead, foreign, deputy] { try await box.accept(envelope) }
            let expected = [
                (FixtureWorld.envoy, [lead, deputy]), (FixtureWorld.deputy, [lead, deputy]),
                (FixtureWorld.hezbollah, [foreign]), (FixtureWorld.speaker, []),
            ]
            for (who, envelopes) in expected {
                let answer = try await box.withClient(who) { try await $0.sent(after: 0) }
                #expect(Self.messages(answer) == envelopes.map(\.message), "\(who)")
                #expect(!answer.more)
            }
            let signers = try await box.withClient(FixtureWorld.envoy) { try await $0.sent(after: 0) }.chains
                .compactMap { $0.first?.entry.signed?.statement.signers.first }
            #expect(signers == [FixtureWorld.envoy.name, FixtureWorld.deputy.name])
        }
    }

    @Test("pages follow each other without a gap, and the last one says so")
    func pages() async throws {
        try await RelayInABox.run { box in
            var sent: [MessageID] = []
            for number in 0..<5 {
                let envelope = try box.envelope(
                    from: number.isMultiple(of: 2) ? FixtureWorld.envoy : FixtureWorld.deputy, legs: Self.toSpeaker)
                try await box.accept(envelope)
                sent.append(envelope.message)
            }
            try await box.withClient(FixtureWorld.deputy) { client in
                var after = LogIndex(0)
                for page in [0..<2, 2..<4, 4..<5] {
                    let answer = try await client.sent(after: after, limit: 2)
                    #expect(Self.messages(answer) == Array(sent[page]))
                    #expect(answer.more == (page.upperBound < sent.count))
                    after = try #require(answer.chains.last?.first).index
                }
                let rest = try await client.sent(after: after)
                #expect(rest.chains.isEmpty && !rest.more)
            }
        }
    }

    @Test("a chain grows with what is done to its message")
    func chain() async throws {
        try await RelayInABox.run { box in
            let envelope = try box.envelope(legs: Self.toSpeaker)
            try await box.accept(envelope)
            let leg = try #require(LegNumber(0))
            try await box.accept(box.sign(.recall(envelope.message, legs: [leg]), by: FixtureWorld.deputy))
            let answer = try await box.withClient(FixtureWorld.envoy) { try await $0.sent(after: 0) }
            #expect(
                answer.chains.map { $0.compactMap { $0.entry.signed?.statement.act.kind } } == [
                    [.submission, .recall]
                ])
        }
    }

    @Test("it is for delegates only")
    func anyone() async throws {
        try await RelayInABox.run { box in
            let query = try #require(SentQuery(after: 0))
            #expect(try await box.exchange(box.request("GET", Route.sent(query).target)).status == 401)
        }
    }
}
