import Audit
import Ledger
import Logging
import Relay
import Rules
import Statements
import Store
import Synchronization
import Testing
import TestKit
import Transport
import Wire

@Suite("The relay erases what is settled for long enough", .timeLimit(.minutes(1)))
struct ErasureTests {
    private static let retention = TimeSpan.days(3)
    private static let quiet = RelayInABox.Options { $0.runsActs = false }

    /// Under a charter with this retention.
    private static func site(_ retention: TimeSpan? = retention) throws -> RelaySite {
        var limits = Limits.standard
        limits.retention = retention
        return try RelaySite(limits: limits)
    }

    /// A letter that the speaker has opened.
    private static func opened(_ box: RelayInABox, _ count: Int = 10) async throws -> MessageID {
        let letter = try box.envelope(FixtureWorld.bytes("text", count), legs: [RelayInABox.toSpeaker])
        try await box.accept(letter)
        for outcome in [ReceiptOutcome.retrieved, .opened] {
            try await box.tell(letter.message, by: FixtureWorld.speaker) { .receipt($0, outcome) }
        }
        return letter.message
    }

    private static func status(_ box: RelayInABox, _ message: MessageID) async throws -> (Int, String?) {
        let answer = try await box.get(.envelope(message), as: FixtureWorld.speaker)
        return (answer.status, answer.status == 200 ? nil : try Problem(parsing: answer.body).code)
    }

    /// The messages of each logged erasure.
    private static func erasures(_ box: RelayInABox) async throws -> [[MessageID]] {
        let result = try await box.audit()
        #expect(result.report.isGood, "\(result.report.findings)")
        return result.entries.compactMap { entry in
            if case .erasure(let messages) = entry.signed?.statement.act { messages } else { nil }
        }
    }

    @Test("a settled letter is served until its retention is over, then erased once, by an act that its parties see")
    func erased() async throws {
        try await RelayInABox.run(Self.site(), Self.quiet) { box in
            let (small, large) = (try await Self.opened(box), try await Self.opened(box, 300_000))
            let waiting = try box.envelope(legs: [RelayInABox.toSpeaker], expiresIn: .days(10))
            try await box.accept(waiting)
            box.clock.pass(Self.retention + TimeSpan(milliseconds: -1))
            await box.round()
            for message in [small, large] { #expect(try await Self.status(box, message) == (200, nil)) }
            #expect(try await Self.erasures(box).isEmpty)
            box.clock.pass(TimeSpan(milliseconds: 1))
            await box.round()
            await box.round()
            for message in [small, large] { #expect(try await Self.status(box, message) == (410, "erased")) }
            #expect(try await Self.erasures(box) == [[small, large]])
            let answer = try await box.withClient(FixtureWorld.speaker) { try await $0.message(small) }
            let erasure = try #require(answer.erasure)
            #expect(erasure.entry.acceptedAt == box.clock.now && answer.chain.count == 3)
            let other = try await box.withClient(FixtureWorld.speaker) { try await $0.message(waiting.message) }
            #expect(other.erasure == nil)
            // To those who may not fetch it nothing new is said.
            let stranger = try await box.get(.envelope(small), as: FixtureWorld.hezbollah)
            #expect(stranger.status == 404)
            let sender = try await box.get(.envelope(small), as: FixtureWorld.envoy)
            #expect(try Problem(parsing: sender.body).code == "not-released")
            try await box.tell(waiting.message, by: FixtureWorld.speaker) { .receipt($0, .retrieved) }
            #expect(try await Self.status(box, waiting.message) == (200, nil))
        }
    }

    @Test("what nobody fetched goes only when its notice is logged and the retention after that is over")
    func expired() async throws {
        try await RelayInABox.run(Self.site(), Self.quiet) { box in
            let letter = try box.envelope(legs: [RelayInABox.toSpeaker], expiresIn: .hours(1))
            try await box.accept(letter)
            box.clock.pass(.hours(1))
            await box.round()
            #expect(try await box.stage(letter.message) == "expired")
            box.clock.pass(Self.retention + TimeSpan(milliseconds: -1))
            await box.round()
            #expect(try await Self.erasures(box).isEmpty)
            box.clock.pass(TimeSpan(milliseconds: 1))
            await box.round()
            #expect(try await Self.erasures(box) == [[letter.message]])
        }
    }

    @Test("a commit that fails before or after it was written erases once and loses nothing before")
    func faults() async throws {
        try await RelayInABox.run(Self.site(), Self.quiet) { box in
            await box.round()
            let first = try await Self.opened(box, 300_000)
            box.clock.pass(Self.retention)
            // Its ticks first.
            await box.quietRound()
            box.store.then([.notPersisted])
            await box.round()
            #expect(try await Self.status(box, first) == (200, nil))
            await box.round()
            #expect(try await Self.status(box, first) == (410, "erased"))
            let second = try await Self.opened(box, 300_000)
            box.clock.pass(Self.retention)
            await box.quietRound()
            box.store.then([.persistedButReportedFailed])
            await box.round()
            await box.round()
            #expect(box.store.stepsLeft == 0)
            #expect(try await Self.status(box, second) == (410, "erased"))
            #expect(try await Self.erasures(box) == [[first], [second]])
        }
    }

    @Test("without a retention in the charter, and under rules version 1, nothing is erased")
    func never() async throws {
        let options = RelayInABox.Options {
            $0.runsActs = false
            $0.settings = { $0.retention = .days(1) }
        }
        try await RelayInABox.run(Self.site(nil), options) { box in
            let message = try await Self.opened(box)
            box.clock.pass(.days(400))
            await box.round()
            #expect(try await Self.status(box, message) == (200, nil))
            #expect(try await Self.erasures(box).isEmpty)
        }
    }

    @Test(
        "an operator may keep contents for longer than the charter wants, not for less", arguments: [1, 5] as [Int64])
    func setting(days: Int64) async throws {
        let options = RelayInABox.Options {
            $0.runsActs = false
            $0.settings = { $0.retention = .days(days) }
        }
        try await RelayInABox.run(Self.site(), options) { box in
            let message = try await Self.opened(box)
            box.clock.pass(.days(max(3, days)) + TimeSpan(milliseconds: -1))
            await box.round()
            #expect(try await Self.status(box, message) == (200, nil))
            box.clock.pass(TimeSpan(milliseconds: 1))
            await box.round()
            #expect(try await Self.status(box, message) == (410, "erased"))
        }
    }

    @Test(
        "the relay's log says at the start when a set retention is not what happens",
        arguments: [
            (nil, 1, "retention is set, and nothing will be erased"),
            (3, 1, "retention is set shorter than the charter's, which holds"), (3, 4, nil),
        ] as [(Int64?, Int64, String?)])
    func announced(charter: Int64?, set: Int64, warning: String?) async throws {
        try await RelayInABox.run(Self.site(charter.map { .days($0) }), Self.quiet) { box in
            let heard = Heard()
            let acts = RelayActs(
                sequencer: box.server.sequencer, log: box.server.log, store: box.store,
                clock: RelayClock(box.clock.source, jumpLimit: .days(400)),
                logger: Logger(label: "acts") { _ in heard }, retention: .days(set))
            let running = Task { try await acts.run() }
            running.cancel()
            try await running.value
            #expect(heard.warnings == (warning.map { [$0] } ?? []))
        }
    }
}

/// Keeps what is said as a warning.
private final class Heard: LogHandler {
    private let kept = Mutex<[String]>([])
    var warnings: [String] { kept.withLock { $0 } }
    var metadata: Logger.Metadata {
        get { [:] }
        set { _ = newValue }
    }
    var logLevel: Logger.Level {
        get { .trace }
        set { _ = newValue }
    }
    subscript(metadataKey _: String) -> Logger.Metadata.Value? {
        get { nil }
        set { _ = newValue }
    }

    func log(event: LogEvent) {
        if event.level == .warning { kept.withLock { $0.append("\(event.message)") } }
    }
}

extension RelayInABox {
    /// Logs a tick for each party, so that none is due and the next commit is what a test wants it to be.
    fileprivate func quietRound() async {
        for party in world.charter.charter.parties {
            _ = await server.sequencer.say(
                Sequencer.OwnAct { standing, time in
                    .tick(
                        Tick(
                            party: party.id, arrivals: standing.counters[party.id]?.arrivals ?? 0,
                            charterInForce: standing.charter.inForce, keys: standing.keysHash(at: time)))
                })
        }
    }
}
