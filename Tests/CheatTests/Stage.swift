import Desk
import Keyring
import Rules
import Statements
import TestKit
import Transport
import Wire

/// A dishonest operator's relay, the honest parties' desks, and the time that is true. The relay may run at it several
/// times, one after the other; the desks remember.
final class Stage: Sendable {
    let site: RelaySite
    /// The desks' clock. The relay has its own, which the operator may set.
    let truth: TestClock
    let desks: FixtureDesks

    private init(_ limits: Limits, _ witnesses: [Witness], _ observes: [PartyPair]) throws {
        site = try RelaySite(
            limits: limits, isBehindProxy: true, witnesses: witnesses, witnessQuorum: UInt64(witnesses.count),
            observes: observes)
        let truth = TestClock(site.clock.now)
        self.truth = truth
        desks = try FixtureDesks(site) { truth.now }
    }

    /// A stage as long as the body runs.
    /// - Parameters:
    ///   - witnesses: those of the charter, all of whom have to cosign.
    ///   - observes: the channels of a limited auditor; without any there is none.
    static func set<Value: Sendable>(
        limits: Limits = .standard, witnesses: [Witness] = [], observes: [PartyPair] = [],
        _ body: (Stage) async throws -> Value
    ) async throws -> Value {
        let stage = try Stage(limits, witnesses, observes)
        do {
            let value = try await body(stage)
            await stage.desks.close()
            return value
        } catch {
            await stage.desks.close()
            throw error
        }
    }

    /// A stage on which the relay runs once.
    static func play<Value: Sendable>(
        limits: Limits = .standard, witnesses: [Witness] = [], observes: [PartyPair] = [],
        _ body: (Scene) async throws -> Value
    ) async throws -> Value {
        try await set(limits: limits, witnesses: witnesses, observes: observes) { try await $0.run(body) }
    }

    /// Runs the relay, behind a proxy that passes everything on until it is told a lie. Sealing keys are published and
    /// every party has a tick; from then on the relay says something of its own only when the play has it do so.
    /// - Parameters:
    ///   - leaf: the certificate that the parties are shown; the relay's own if it is nil.
    ///   - isTicking: whether ticks that are due are logged before the play begins.
    func run<Value: Sendable>(
        leaf: TLSLeaf? = nil, isTicking: Bool = true, _ body: (Scene) async throws -> Value
    ) async throws -> Value {
        try await RelayInABox.run(site, RelayInABox.Options { $0.runsActs = false }) { box in
            try await LyingProxy.run(site, leaf: leaf) { proxy in
                let scene = Scene(stage: self, box: box, proxy: proxy)
                if isTicking { await box.round() }
                return try await body(scene)
            }
        }
    }
}

/// One run of the relay.
struct Scene: Sendable {
    let stage: Stage
    let box: RelayInABox
    let proxy: LyingProxy

    var lies: Lies { box.store.lies }
    var envoy: Desk { get throws { try stage.desks.desk(FixtureWorld.envoy) } }
    var speaker: Desk { get throws { try stage.desks.desk(FixtureWorld.speaker) } }
    var hezbollah: Desk { get throws { try stage.desks.desk(FixtureWorld.hezbollah) } }

    /// Time passes for everybody.
    func pass(_ span: TimeSpan) {
        stage.truth.pass(span)
        box.clock.pass(span)
    }

    /// A tick interval passes, and every party gets its tick.
    func interval() async {
        pass(box.world.charter.charter.limits.tickInterval)
        await box.round()
    }

    func intervals(_ count: Int) async { for _ in 0..<count { await interval() } }

    static let proposal = Outgoing(
        legs: [RelayInABox.viaSpeaker], subject: "Cedar", precedence: .routine, lifetime: .hours(48),
        text: Array("cedar and cypress".utf8), attachments: [], openToIntermediaries: false)
    static let direct = Outgoing(
        legs: [RelayInABox.toSpeaker], subject: "Cedar", precedence: .routine, lifetime: .hours(48),
        text: Array("cedar and cypress".utf8), attachments: [], openToIntermediaries: false)

    /// Sends from the originator's desk.
    /// - Throws: what the desk throws; an alarm with the reason why a message stays in the outbox.
    @discardableResult
    func send(_ outgoing: Outgoing = proposal) async throws -> MessageID {
        let sent = try await envoy.send(outgoing)
        if case .kept(let error) = sent.outcome { throw Alarm(error.reportedCode) }
        return sent.message
    }

    /// A proposal of the envoy's that has reached Hezbollah.
    func delivered() async throws -> MessageID {
        let message = try await box.accept(box.envelope()).statement
        try await box.tell(MessageID(message), by: FixtureWorld.speaker) { .conveyance($0) }
        return MessageID(message)
    }

    /// A message of the envoy's that has reached the speaker, whom it is for.
    func direct() async throws -> MessageID {
        MessageID(try await box.accept(box.envelope(legs: [RelayInABox.toSpeaker])).statement)
    }

    func reference(_ message: MessageID) throws -> LegReference {
        guard let leg = LegNumber(0) else { throw NotPlayed("there is no leg 0") }
        return LegReference(message: message, leg: leg)
    }

    /// Has the proxy show a forged log in place of the relay's, with everything honest that is asked for in it.
    /// - Parameter lie: what is answered otherwise; nil for what is not its concern.
    func show(
        _ forge: LogForge, _ lie: @escaping @Sendable (LyingProxy.Request, LyingProxy.Answer) throws -> [UInt8]?
    ) {
        proxy.tell { request, relay in
            let answer = try await relay(request)
            switch request.route {
            case .checkpoint: return answer.saying(try forge.note())
            case .consistency(let from, let to):
                let proof = try forge.consistency(from: from, to: to)
                let view = ConsistencyView(from: from, to: to, proof: proof)
                return LyingProxy.Answer(status: 200, mediaType: "application/json", body: view.encoded)
            default: return try lie(request, answer).map { answer.saying($0) } ?? answer
            }
        }
    }

    /// What an audit of the relay's log finds, mirrored into a folder of this name.
    func audit(_ mirror: String = "mirror") async throws -> [String] {
        let audit = try LiveAudit(folder: "\(stage.site.folder.path)/\(mirror)", charter: box.world.charter)
        let connection = try await box.connect()
        let (world, port, now) = (box.world, stage.site.port, box.clock.now)
        let result = try await audit.run(connection) { target in
            try await LoadConnection.reading(target, port: port, as: FixtureWorld.envoy, at: now) {
                try world.sign($0, by: FixtureWorld.envoy)
            }
        }
        await connection.close()
        return result.report.found
    }

    /// An auditor that mirrors and replays, and finds nothing.
    var replay: Look {
        Look(.replay) { if let found = try await audit().first { throw Alarm(found) } }
    }
}

extension Desk {
    /// Looks at `status`, and is alarmed by what it says of the relay.
    func expectCalm() async throws {
        let own: Set<String> = ["no-current-key", "unread", "outbox-waiting"]
        if let concern = try await status().concerns.first(where: { !own.contains($0.code) }) {
            throw Alarm(concern.code)
        }
    }

    /// Tracks a message's first leg, and is alarmed by an end other than `opened`.
    func expectOpen(_ message: MessageID) async throws {
        let tracked = try await self.message(message)
        guard let leg = LegNumber(0) else { throw NotPlayed("there is no leg 0") }
        let stage = tracked.stage(leg, at: now(), charter: charter)
        if stage.isTerminal, stage != .opened { throw Alarm(stage.word) }
    }
}

/// The first answer to each request, for ever.
actor Answers {
    private var known: [String: LyingProxy.Answer] = [:]

    func first(_ request: LyingProxy.Request, _ relay: LyingProxy.Relay) async throws -> LyingProxy.Answer {
        if let answer = known[request.target] { return answer }
        let answer = try await relay(request)
        known[request.target] = answer
        return answer
    }
}
