import Audit
import Ledger
import Relay
import Rules
import Statements
import Testing
import TestKit
import Wire
@Suite("What the relay says", .timeLimit(.minutes(1)))
struct OwnActsTests {
    @Test("every party has a tick at once, and another in every interval")
    func ticks() async throws {
        try await RelayInABox.run { box in
            let interval = box.world.charter.charter.limits.tickInterval
            await box.server.acts.round()
            for _ in 0..<3 {
                box.clock.pass(interval)
                await box.server.acts.round()
            }
            let result = try await box.audit()
            #expect(result.report.isGood, "\(result.report.findings)")
            for party in box.world.charter.charter.parties {
                let times = result.entries.filter { $0.signed?.tick?.party == party.id }.map(\.acceptedAt)
                #expect(Set(times).count >= 4, "\(party.id)")
            }
        }
    }

    @Test("ticks count exactly while messages come in")
    func exactUnderLoad() async throws {
        var limits = Limits.standard
        limits.tickInterval = .seconds(1)
        try await RelayInABox.run(RelaySite(limits: limits)) { box in
            let letters = try (0..<60).map { _ in try box.envelope() }
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for sender in 0..<4 {
                    tasks.addTask {
                        for letter in letters[(sender * 15)..<(sender * 15 + 15)] { try await box.accept(letter) }
                    }
                }
                let rounds = Task {
                    while !Task.isCancelled {
                        box.clock.pass(.seconds(1))
                        await box.server.acts.round()
                    }
                }
                try await tasks.waitForAll()
                rounds.cancel()
                await rounds.value
            }
            let result = try await box.audit()
            #expect(result.report.isGood, "\(result.report.findings)")
            var arrivals: UInt64 = 0
            var counted: Set<UInt64> = []
            for signed in result.entries.compactMap(\.signed) {
                if case .submission = signed.statement.act { arrivals += 1 }
                guard let tick = signed.tick, tick.party == FixtureWorld.speaker.party else { continue }
                #expect(tick.arrivals == arrivals)
                counted.insert(tick.arrivals)
            }
            #expect(arrivals == 60)
            #expect(counted.count > 2, "ticks fell between the messages: \(counted.sorted())")
        }
    }

    @Test("a leg that nobody took gets its notice once, when its time has run out")
    func expired() async throws {
        try await RelayInABox.run { box in
            let envelope = try box.envelope(expiresIn: .minutes(30))
            try await box.accept(envelope)
            box.clock.pass(.minutes(29))
            await box.server.acts.round()
            #expect(try await box.stage(envelope.message) == "held")
            box.clock.pass(.minutes(1))
            await box.server.acts.round()
            #expect(try await box.stage(envelope.message) == "expired")
            await box.server.acts.round()
            let result = try await box.audit()
            #expect(result.report.isGood, "\(result.report.findings)")
            #expect(result.entries.count { $0.signed?.expiry?.message == envelope.message } == 1)
            let code = try await box.refusal(envelope.message, by: FixtureWorld.speaker) { .conveyance($0) }
            #expect(code == "wrong-state")
        }
    }

    @Test("a retrieved leg that nobody confirmed becomes unconfirmed after the grace, and its content stays released")
    func unconfirmed() async throws {
        try await RelayInABox.run { box in
            let envelope = try box.envelope(legs: [RelayInABox.toSpeaker], expiresIn: .minutes(30))
            try await box.accept(envelope)
            try await box.tell(envelope.message, by: FixtureWorld.speaker) { .receipt($0, .retrieved) }
            box.clock.pass(.minutes(30))
            await box.server.acts.round()
            #expect(try await box.stage(envelope.message) == "retrieved")
            box.clock.pass(box.world.charter.charter.limits.confirmGrace)
            await box.server.acts.round()
            #expect(try await box.stage(envelope.message) == "unconfirmed")
            #expect(try await box.get(.envelope(envelope.message), as: FixtureWorld.speaker).status == 200)
            let code = try await box.refusal(envelope.message, by: FixtureWorld.speaker) { .receipt($0, .opened) }
            #expect(code == "wrong-state")
            #expect(try await box.audit().report.isGood)
        }
    }

    @Test("a leg past its expiry is expired before any notice says so")
    func expiredUnlogged() async throws {
        try await RelayInABox.run { box in
            let envelope = try box.envelope(expiresIn: .minutes(30))
            try await box.accept(envelope)
            box.clock.pass(.minutes(30))
            let code = try await box.refusal(envelope.message, by: FixtureWorld.speaker) { .conveyance($0) }
            #expect(code == "wrong-state")
        }
    }

    @Test("notices survive a restart")
    func afterRestart() async throws {
        let site = try RelaySite()
        let message = try await RelayInABox.run(site) { box in
            let envelope = try box.envelope(expiresIn: .minutes(30))
            try await box.accept(envelope)
            return envelope.message
        }
        site.clock.pass(.hours(1))
        try await RelayInABox.run(site) { box in
            await box.server.acts.round()
            let stage = try await box.stage(message)
            #expect(stage == "expired")
            #expect(try await box.audit().report.isGood)
        }
    }
}

extension SignedStatement {
    var tick: Tick? { if case .tick(let tick) = statement.act { tick } else { nil } }
    var expiry: LegReference? { if case .expiry(let leg) = statement.act { leg } else { nil } }
}

extension RelayInABox {
    /// The logged stage of a message's first leg, folded from what the relay shows its originator.
    func stage(_ message: MessageID) async throws -> String {
        let answer = try await get(.message(message), as: FixtureWorld.envoy)
        let chain = try MessageView(parsing: answer.body).chain.map {
            (index: $0.index, entry: try Entry(der: $0.entryBytes, limit: Bounds.entry))
        }
        guard let state = MessageState(chain: chain) else { throw Unexpected(description: "no chain") }
        return state.legs[0].stage.word
    }

    /// The code with which an act on a message's first leg is refused.
    func refusal(
        _ message: MessageID, by delegate: DelegateID, _ act: (LegReference) -> Act
    ) async throws -> String {
        guard let leg = LegNumber(0) else { throw Unexpected(description: "there is no leg 0") }
        let signed = try sign(act(LegReference(message: message, leg: leg)), by: delegate)
        return try Problem(parsing: try await post(.submitStatement, try signed.derBytes()).body).code
    }
}
