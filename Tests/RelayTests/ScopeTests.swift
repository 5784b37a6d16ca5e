import Audit
import Ledger
import Relay
import Rules
import Statements
import Store
import Testing
import TestKit
import Transport
import Wire

@Suite("Limited auditors", .timeLimit(.minutes(1)))
struct ScopeTests {
    private static let observer = FixtureWorld.observer
    private static let auditor = FixtureWorld.envoy
    private static let watched = PartyPair(FixtureWorld.envoy.party, FixtureWorld.speaker.party)
    private static let toHezbollah = Leg(intermediaries: [], recipient: FixtureWorld.hezbollah.party)

    /// A relay with messages over the watched channel, over another one, and over both.
    private struct Scene {
        let box: RelayInABox
        let direct: MessageID
        let carried: MessageID
        let other: MessageID
        let both: MessageID
        var folder: String { "\(box.site.folder.path)/scope" }

        func copy(_ path: String? = nil) -> ScopeCopy {
            ScopeCopy(
                folder: ScopeFolder(path: path ?? folder, charter: box.world.charter), charter: box.world.charter,
                party: ScopeTests.observer.party)
        }

        /// What the auditor's program does.
        func run(_ path: String? = nil) async throws -> ScopeCopy.Outcome {
            let memory = ScopeFolder(path: path ?? folder, charter: box.world.charter)
            let client = try box.client(ScopeTests.observer, memory: memory)
            do {
                let outcome = try await copy(path).run(client)
                try await client.shutdown()
                return outcome
            } catch {
                try? await client.shutdown()
                throw error
            }
        }

        /// A full auditor's replay, posted.
        @discardableResult
        func judge() async throws -> Verdict {
            box.clock.pass(.seconds(1))
            let verdict = try await box.audit().report.verdict(by: ScopeTests.auditor, at: box.clock.now)
            let signed = try await SignedVerdict.sign(verdict) { try box.world.sign($0, by: ScopeTests.auditor) }
            try await box.withClient(ScopeTests.auditor) { try await $0.post(signed) }
            return verdict
        }
    }

    private static func play(_ body: (Scene) async throws -> Void) async throws {
        try await RelayInABox.run(RelaySite(observes: [watched])) { box in
            func send(_ delegate: DelegateID, _ legs: [Leg]) async throws -> MessageID {
                MessageID(try await box.accept(box.envelope(from: delegate, legs: legs)).statement)
            }
            let direct = try await send(auditor, [RelayInABox.toSpeaker])
            let other = try await send(FixtureWorld.speaker, [toHezbollah])
            let carried = try await send(auditor, [RelayInABox.viaSpeaker])
            let toEnvoy = Leg(intermediaries: [], recipient: auditor.party)
            let both = try await send(FixtureWorld.speaker, [toHezbollah, toEnvoy])
            try await box.tell(carried, by: FixtureWorld.speaker) { .conveyance($0) }
            try await box.tell(other, by: FixtureWorld.hezbollah) { .receipt($0, .retrieved) }
            // Of the leg that is not watched.
            try await box.tell(both, by: FixtureWorld.hezbollah) { .receipt($0, .retrieved) }
            let leg = LegReference(message: both, leg: try #require(LegNumber(1)))
            try await box.accept(box.sign(.receipt(leg, .retrieved), by: auditor))
            try await box.tell(carried, by: FixtureWorld.hezbollah) { .receipt($0, .retrieved) }
            await box.round()
            try await body(Scene(box: box, direct: direct, carried: carried, other: other, both: both))
        }
    }

    @Test("it is shown the messages over its channel with the acts on their legs there, and no others")
    func shown() async throws {
        try await Self.play { scene in
            let outcome = try await scene.run()
            let messages = outcome.ledger.messages
            #expect(messages.map(\.state.id) == [scene.direct, scene.carried, scene.both])
            #expect(
                messages.map { $0.steps.map { "\($0.statement.act.kind)" } } == [
                    ["submission"], ["submission", "conveyance", "receipt"], ["submission", "receipt"],
                ])
            #expect(messages.map { $0.legs.map(\.value) } == [[0], [0], [1]])
            #expect(messages[1].state.legs[0].stage == .retrieved && messages[2].state.legs[1].stage == .retrieved)
            #expect(messages[2].state.legs[0].stage == .available, "what happened on the other leg is not shown")
            #expect(outcome.whole == nil && outcome.size == scene.box.head.size)
        }
    }

    @Test("pages of any size show the same")
    func pages() async throws {
        try await Self.play { scene in
            try await scene.box.withClient(Self.observer) { client in
                var seen: [LogIndex] = []
                var more = true
                while more {
                    let query = try #require(ScopeQuery(after: seen.last ?? 0, limit: 2))
                    let answer = try await client.scope(query)
                    #expect(answer.entries.count <= 2)
                    seen += answer.entries.map(\.index)
                    more = answer.page.more
                }
                let all = try await client.scope(try #require(ScopeQuery(after: 0)))
                #expect(seen == all.entries.map(\.index) && seen.count == 6 && !all.page.more)
            }
        }
    }

    @Test("nobody else is shown a scope; nor is the log shown to a limited auditor")
    func access() async throws {
        try await Self.play { scene in
            let box = scene.box
            let route = Route.scope(try #require(ScopeQuery(after: 0)))
            for delegate in FixtureWorld.delegates {
                let answer = try await box.get(route, as: delegate)
                #expect(try Problem(parsing: answer.body).code == "not-found", "\(delegate)")
            }
            #expect(try await box.exchange(box.request("GET", route.target)).status == 401)
            let entries = Route.entries(try #require(EntryBundleID(index: 0, width: 4)))
            #expect(try await box.get(entries, as: Self.observer).status == 404)
            #expect(try await box.get(.message(scene.direct), as: Self.observer).status == 404)
            #expect(try await box.get(.envelope(scene.direct), as: Self.observer).status == 404)
        }
    }

    @Test("a full auditor's verdict says up to where nothing was left out")
    func whole() async throws {
        try await Self.play { scene in
            let verdict = try await scene.judge()
            #expect(verdict.scopes.map(\.party) == [Self.observer.party] && verdict.scopes.map(\.entries) == [6])
            let outcome = try await scene.run()
            #expect(outcome.whole == verdict && outcome.ahead.isEmpty && outcome.against.isEmpty)
            try await scene.box.accept(scene.box.envelope(legs: [RelayInABox.toSpeaker]))
            let later = try await scene.run()
            #expect(later.ledger.count == 7 && later.whole == verdict, "what came later is not judged yet")
            let second = try await scene.judge()
            #expect(try await scene.run().whole == second)
        }
    }

    /// Drops one of the six entries from what the relay finds in its index.
    private static func drop(_ place: Int, _ scene: Scene) {
        scene.box.store.lies.tell { told in
            told.scope = { _, entries in entries.enumerated().filter { $0.offset != place }.map(\.element) }
        }
    }

    @Test("without a verdict, what is left out is missed only where later entries of its message are shown")
    func unjudged() async throws {
        try await Self.play { scene in
            for (missing, isMissed) in [(0, false), (1, true), (2, true), (3, true), (4, false), (5, false)] {
                Self.drop(missing, scene)
                let path = "\(scene.folder)-\(missing)"
                guard isMissed else {
                    let outcome = try await scene.run(path)
                    #expect(outcome.ledger.count == 5 && outcome.whole == nil)
                    continue
                }
                let finding = await #expect(throws: ScopeFinding.self) { try await scene.run(path) }
                #expect(finding?.code == .withheld)
            }
        }
    }

    @Test("with one, each entry that is left out is missed")
    func withheld() async throws {
        try await Self.play { scene in
            try await scene.judge()
            let all = try await scene.run().ledger
            #expect(all.count == 6)
            for missing in 0..<6 {
                Self.drop(missing, scene)
                let finding = await #expect(throws: ScopeFinding.self, "entry \(missing)") {
                    try await scene.run("\(scene.folder)-\(missing)")
                }
                #expect(finding?.code == .withheld)
            }
        }
    }

    @Test("what is not of its channels is not taken")
    func foreign() async throws {
        try await Self.play { scene in
            let tick = try #require(try await scene.box.store.latestTick(Self.observer.party))
            let other = try await scene.box.store.chain(scene.other)
            let whole = try await scene.box.store.chain(scene.both)
            for extra in [[tick], other, [whole[1]]] {
                scene.box.store.lies.tell { told in
                    told.scope = { _, entries in
                        let known = Set(entries.map(\.index))
                        return (entries + extra.filter { !known.contains($0.index) }).sorted { $0.index < $1.index }
                    }
                }
                let finding = await #expect(throws: ScopeFinding.self) {
                    try await scene.run("\(scene.folder)-\(extra[0].index)")
                }
                #expect(finding?.code == .outOfScope)
            }
        }
    }

    @Test("what was kept is verified again, and goes on where it ended; a changed byte is noticed")
    func kept() async throws {
        try await Self.play { scene in
            let first = try await scene.run()
            let offline = try await scene.copy().run(nil)
            #expect(offline.ledger.sum(upTo: offline.size) == first.ledger.sum(upTo: first.size))
            #expect(offline.size == first.size && offline.ledger.count == 6)
            let pages = "\(scene.folder)/\(ScopeFolder.pages)"
            let name = try #require(scene.box.site.folder.names(in: "scope/\(ScopeFolder.pages)").first)
            let good = try #require(Files.read("\(pages)/\(name)"))
            for place in stride(from: 3, to: good.count, by: 211) {
                var bad = good
                bad[place] ^= 0x10
                try Files.write(bad, to: "\(pages)/\(name)")
                let finding = await #expect(throws: ScopeFinding.self, "byte \(place)") {
                    try await scene.copy().run(nil)
                }
                #expect(finding?.code == .pageDamaged || finding?.code == .outOfScope)
            }
            try Files.write(good, to: "\(pages)/\(name)")
            #expect(try await scene.copy().run(nil).ledger.count == 6)
        }
    }

    @Test("an auditor's word against the log is told")
    func against() async throws {
        try await Self.play { scene in
            let box = scene.box
            let finding = try VerdictTests.broken()
            let signed = try await VerdictTests.verdict(box) { $0.finding = finding }
            #expect(try await VerdictTests.post(box, signed).status == 200)
            let outcome = try await scene.run()
            #expect(outcome.whole == nil && outcome.against.map(\.finding) == [finding])
        }
    }
}
