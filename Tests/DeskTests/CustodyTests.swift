import Rules
import Statements
import TestKit
import Testing

@testable import Desk

@Suite("Custody: who held a leg, and how long")
struct CustodyTests {
    @Test("each holder's time is counted, to the end or to now")
    func lengths() async throws {
        try await DeskBench.atRelay { bench, box in
            let envelope = try box.envelope()
            try await box.accept(envelope)
            let desk = try bench.desk(FixtureWorld.envoy)
            let leg = try #require(LegNumber(0))
            func spans() async throws -> [String] {
                let now = box.clock.now
                return try await desk.message(envelope.message).custody(of: leg, at: now, charter: desk.charter).map {
                    let minutes = $0.length(at: now).milliseconds / 60_000
                    return "\($0.stage.word) \($0.party) \(minutes)\($0.until == nil ? "+" : "")"
                }
            }
            box.clock.pass(.minutes(90))
            #expect(try await spans() == ["held lebanon-speaker 90+"])
            try await box.tell(envelope.message, by: FixtureWorld.speaker) { .conveyance($0) }
            box.clock.pass(.minutes(30))
            try await box.tell(envelope.message, by: FixtureWorld.hezbollah) { .receipt($0, .retrieved) }
            box.clock.pass(.minutes(5))
            try await box.tell(envelope.message, by: FixtureWorld.hezbollah) { .receipt($0, .opened) }
            box.clock.pass(.minutes(100))
            #expect(
                try await spans() == ["held lebanon-speaker 90", "available hezbollah 30", "retrieved hezbollah 5"])
        }
    }

    @Test("a leg that ran out of time was held until its expiry, whenever the notice came")
    func expired() async throws {
        try await DeskBench.atRelay { bench, box in
            let envelope = try box.envelope(expiresIn: .hours(2))
            try await box.accept(envelope)
            let desk = try bench.desk(FixtureWorld.envoy)
            let leg = try #require(LegNumber(0))
            box.clock.pass(.hours(5))
            for _ in 0..<2 {
                let spans = try await desk.message(envelope.message)
                    .custody(of: leg, at: box.clock.now, charter: desk.charter)
                #expect(spans.map { $0.length(at: box.clock.now) } == [.hours(2)])
                #expect(spans.first?.until != nil)
                await box.round()
            }
        }
    }

    @Test("a recall takes back what is not retrieved, and says why when nothing is left to recall")
    func recall() async throws {
        try await DeskBench.atRelay { bench, box in
            let (envoy, speaker) = (try bench.desk(FixtureWorld.envoy), try bench.desk(FixtureWorld.speaker))
            let envelope = try box.envelope(legs: [RelayInABox.toSpeaker])
            try await box.accept(envelope)
            let stranger = await #expect(throws: DeskError.self) { try await speaker.recall(envelope.message) }
            #expect(stranger?.code == "not-originator")
            #expect(try await envoy.recall(envelope.message).legs.map(\.value) == [0])
            let again = await #expect(throws: DeskError.self) { try await envoy.recall(envelope.message) }
            #expect(again?.code == "not-recallable")
            let read = await #expect(throws: DeskError.self) { try await speaker.read(envelope.message) }
            #expect(read?.code == "ended")
        }
    }
}
