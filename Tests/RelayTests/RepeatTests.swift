import Audit
import Ledger
import Statements
import Testing
import TestKit
import Wire
@Suite("What is sent again", .timeLimit(.minutes(1)))
struct RepeatTests {
    @Test("the same envelope is answered with the same entry")
    func replayed() async throws {
        try await RelayInABox.run { box in
            let envelope = try box.envelope()
            let first = try await box.accept(envelope)
            try await box.accept(box.envelope(from: FixtureWorld.hezbollah, legs: [RelayInABox.toSpeaker]))
            let second = try await box.accept(envelope)
            #expect(second.index == first.index)
            #expect(second.statement == first.statement)
            #expect(second.head.size >= first.head.size)
            #expect(try await box.count(envelope) == 1)
        }
    }

    @Test("a large envelope that is sent again leaves one file")
    func replayedFile() async throws {
        try await RelayInABox.run { box in
            let envelope = try box.envelope([UInt8](repeating: 7, count: 300_000))
            let first = try await box.accept(envelope)
            #expect(try await box.accept(envelope).index == first.index)
            #expect(box.site.folder.names(in: "data/envelopes").count == 1)
        }
    }

    @Test("an envelope that is signed again with the same nonce is answered with the first entry")
    func resigned() async throws {
        try await RelayInABox.run { box in
            let letter = try box.letter()
            let first = try RealEnvelope(letter, signed: box.sign(box.submission(letter), by: FixtureWorld.envoy))
            let entry = try await box.accept(first)
            box.clock.pass(.minutes(90))
            let again = try RealEnvelope(letter, signed: box.sign(box.submission(letter), by: FixtureWorld.deputy))
            #expect(again.signed.id != first.signed.id)
            let answer = try await box.accept(again)
            #expect(answer.index == entry.index)
            #expect(answer.statement == first.signed.id)
            #expect(try await box.count(first) == 1)
            #expect(try await box.count(again) == 0)
        }
    }

    @Test("a replay after submitBy is answered with the first entry, since that was in time")
    func lateReplay() async throws {
        try await RelayInABox.run { box in
            let envelope = try box.envelope()
            let first = try await box.accept(envelope)
            box.clock.pass(.hours(2))
            #expect(try await box.accept(envelope).index == first.index)
        }
    }

    @Test("another party's nonce is no obstacle")
    func sharedNonce() async throws {
        try await RelayInABox.run { box in
            let nonce = try #require(Nonce(FixtureWorld.bytes("shared", 32)))
            let first = try await box.accept(box.envelope(legs: [RelayInABox.toSpeaker], nonce: nonce))
            let other = try await box.accept(
                box.envelope(from: FixtureWorld.hezbollah, legs: [RelayInABox.toSpeaker], nonce: nonce))
            #expect(other.index != first.index)
        }
    }

    @Test("a stranger who knows a nonce learns nothing of the message")
    func strangersNonce() async throws {
        try await RelayInABox.run { box in
            let letter = try box.letter()
            try await box.accept(
                RealEnvelope(letter, signed: box.sign(box.submission(letter), by: FixtureWorld.envoy)))
            box.clock.pass(.seconds(1))
            let signed = try box.site.sign(
                box.submission(letter), by: FixtureWorld.envoy, seen: box.head, signer: FixtureWorld.hezbollah)
            let answer = try await box.post(.submitEnvelope, RealEnvelope(letter, signed: signed).bytes)
            #expect(try Problem(parsing: answer.body).code == "not-authenticated")
        }
    }

    @Test("many copies at a time are logged once")
    func concurrentCopies() async throws {
        try await RelayInABox.run { box in
            let envelope = try box.envelope()
            let entries = try await withThrowingTaskGroup(of: RelayInABox.AcceptedEntry.self) { tasks in
                for _ in 0..<12 { tasks.addTask { try await box.accept(envelope) } }
                return try await tasks.reduce(into: Set<LogIndex>()) { $0.insert($1.index) }
            }
            #expect(entries.count == 1)
            #expect(try await box.count(envelope) == 1)
        }
    }
}

extension RelayInABox {
    /// How often an envelope's submission is in the log, by a clean audit.
    func count(_ envelope: RealEnvelope) async throws -> Int {
        let result = try await audit()
        guard result.report.isGood else { throw Unexpected(description: "\(result.report.findings)") }
        return result.entries.count { $0.signed?.id == envelope.signed.id }
    }
}
