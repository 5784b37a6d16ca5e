import Audit
import Relay
import Rules
import Statements
import Testing
import TestKit
import Wire
@Suite("The relay's clock", .timeLimit(.minutes(1)))
struct ClockTests {
    private static func code(_ box: RelayInABox, _ envelope: RealEnvelope) async throws -> String {
        let answer = try await box.post(.submitEnvelope, envelope.bytes)
        return answer.status == 200 ? "accepted" : try Problem(parsing: answer.body).code
    }

    @Test("a clock behind the last entry stops intake, and nothing else, until it is mended")
    func behind() async throws {
        try await RelayInABox.run { box in
            let first = try await box.accept(box.envelope())
            box.clock.set(by: .seconds(-60))
            let envelope = try box.envelope()
            let answer = try await box.post(.submitEnvelope, envelope.bytes)
            let problem = try Problem(parsing: answer.body)
            #expect(answer.status == 503)
            #expect(problem.code == "clock-behind")
            #expect(problem.detail == "The relay's clock is 60 s behind its last entry.")
            #expect(problem.hint == "The operator must set the relay's clock; try again later.")
            #expect(answer.field("Retry-After") == "5")
            #expect(try await box.get(.checkpoint, as: FixtureWorld.speaker).status == 200)
            box.clock.set(by: .seconds(60))
            let entry = try await box.accept(envelope)
            #expect(entry.index > first.index)
            #expect(try await box.audit().report.isGood)
        }
    }

    @Test("a small step back is waited out with the last entry's time")
    func smallStep() async throws {
        try await RelayInABox.run { box in
            try await box.accept(box.envelope())
            let last = box.server.log.snapshot.standing.lastAcceptedAt
            box.clock.set(by: .seconds(-2))
            try await box.accept(box.envelope())
            #expect(box.server.log.snapshot.standing.lastAcceptedAt == last)
            #expect(try await box.audit().report.isGood)
        }
    }

    @Test("a jump ahead of the steady clock stops intake until it is taken back")
    func ahead() async throws {
        try await RelayInABox.run { box in
            let envelope = try box.envelope()
            box.clock.set(by: .days(2))
            #expect(try await Self.code(box, envelope) == "clock-behind")
            box.clock.set(by: .days(-2))
            #expect(try await Self.code(box, envelope) == "accepted")
        }
    }

    @Test("time that the steady clock measured too is believed, however much it is")
    func passed() async throws {
        try await RelayInABox.run { box in
            box.clock.pass(.days(2))
            let code = try await Self.code(box, box.envelope())
            #expect(code == "accepted")
        }
    }

    @Test("a jump ahead is believed after a restart by the operator")
    func restarted() async throws {
        let site = try RelaySite()
        try await RelayInABox.run(site) { box in
            box.clock.set(by: .hours(3))
            let code = try await Self.code(box, box.envelope())
            #expect(code == "clock-behind")
        }
        try await RelayInABox.run(site) { try await $0.accept($0.envelope()) }
    }

    @Test("entry times never go back")
    func monotone() async throws {
        let clock = TestClock(FixtureWorld.standardStart)
        let relay = RelayClock(clock.source, jumpLimit: .minutes(10))
        var last = clock.now
        for step in [5, -1, -1, 0, 2, -2, 1, 700] as [Int64] {
            clock.set(by: TimeSpan(milliseconds: step * 500))
            let next = try relay.next(after: last)
            #expect(next >= last)
            last = next
        }
    }
}
