import Desk
import Ledger
import Relay
import Rules
import Statements
import TestKit
import Testing
import Wire

/// The relay's own count of what reached a party, with the charter and the keys in force.
@Suite("Cheats: ticks", .serialized, .timeLimit(.minutes(1)))
struct TickCheats {
    static let family = Family("Ticks", logged + shown)

    @Test("a false tick is found, a missing one is missed", arguments: family.rows)
    func holds(cheat: Cheat) async throws { try await cheat.hold() }

    private static let hezbollah = ForgedTalks.hezbollah.party

    private static func tick(
        _ talks: inout ForgedTalks, _ change: (Tick) -> Tick
    ) throws -> LogIndex {
        try talks.put(.tick(change(talks.tick(hezbollah))), by: ForgedTalks.relay)
    }

    private static let logged: [Cheat] = [
        .forged("tick-counts-less", [.relay], "counts fewer arrivals in a tick than there were", "tick-wrong") {
            talks in
            try tick(&talks) {
                Tick(party: $0.party, arrivals: $0.arrivals - 1, charterInForce: $0.charterInForce, keys: $0.keys)
            }
        },
        .forged("tick-counts-more", [.relay], "counts more arrivals in a tick than there were", "tick-wrong") { talks in
            try tick(&talks) {
                Tick(party: $0.party, arrivals: $0.arrivals + 1, charterInForce: $0.charterInForce, keys: $0.keys)
            }
        },
        .forged("tick-hides-key", [.relay], "leaves a sealing key out of a tick", "tick-wrong") { talks in
            var known = talks.log.facts.standing
            known.keys[try talks.publication(number: 0).keyID] = nil
            let keys = known.keysHash(at: talks.now)
            return try tick(&talks) {
                Tick(party: $0.party, arrivals: $0.arrivals, charterInForce: $0.charterInForce, keys: keys)
            }
        },
        .forged("tick-hides-charter", [.relay], "names another charter in a tick", "tick-wrong") { talks in
            try tick(&talks) {
                Tick(party: $0.party, arrivals: $0.arrivals, charterInForce: .zero, keys: $0.keys)
            }
        },
        .forged(
            "tick-for-stranger", [.relay], "logs a tick for somebody who is no party", "rule-broken(unknown-party)"
        ) { talks in
            guard let stranger = PartyID("nobody") else { throw NotPlayed("no name") }
            return try tick(&talks) {
                Tick(party: stranger, arrivals: 0, charterInForce: $0.charterInForce, keys: $0.keys)
            }
        },
        Cheat(
            "tick-decided-on-lies", .relay,
            what: "has the real rules count too few arrivals by lying to them about what they count",
            .replayed("tick-wrong", .itself)
        ) {
            try await Stage.play { scene in
                _ = try await scene.delivered()
                scene.lies.tell { told in
                    told.facts = { facts in
                        var facts = facts
                        facts.standing.counters[hezbollah]?.arrivals = 0
                        return facts
                    }
                }
                // Ticks come in the charter's order, in which Hezbollah is the first.
                let index = LogIndex(scene.box.head.size.rawValue)
                await scene.interval()
                return .replayed(try await scene.audit(), index)
            }
        },
    ]

    private static let shown: [Cheat] = [
        Cheat(
            "tick-skipped", .relay, what: "logs no more ticks",
            .noticed(.originator, "tick-stale", .freshness)
        ) {
            try await Stage.play { scene in
                let early = Look(.originator) { _ = try await scene.send() }
                return await .by([
                    early,
                    Look(.originator, .nextTick) {
                        scene.pass(.minutes(50))
                        _ = try await scene.send()
                    },
                    Look(.originator, .freshness) {
                        scene.pass(.minutes(10))
                        _ = try await scene.send()
                    },
                ])
            }
        },
        Cheat(
            "tick-not-shown", .relay, what: "shows a party no tick",
            .noticed(.originator, "tick-missing", .atOnce)
        ) {
            try await Stage.play { scene in
                scene.lies.tell { $0.latestTick = { _, _ in nil } }
                return await .by(.originator) { _ = try await scene.send() }
            }
        },
        Cheat(
            "tick-of-another", .relay, what: "shows a party another party's tick",
            .noticed(.recipient, "proof-wrong", .atOnce)
        ) {
            try await Stage.play { scene in
                let other = try await scene.box.store.latestTick(FixtureWorld.speaker.party)
                try need(other != nil, "there is no tick of the speaker's")
                scene.lies.tell { $0.latestTick = { _, _ in other } }
                let desk = try scene.hezbollah
                return await .by(.recipient) { _ = try await desk.inbox() }
            }
        },
        Cheat(
            "tick-under-another-charter", .relay, what: "logs a tick that names another charter, and shows it",
            .noticed(.originator, "tick-wrong", .atOnce)
        ) {
            try await Stage.play { scene in
                let desk = try scene.envoy
                try await desk.expectCalm()
                var forge = try await LogForge(of: scene.box)
                let index = try forge.appendTick(for: FixtureWorld.envoy.party, in: scene) {
                    Tick(party: $0.party, arrivals: $0.arrivals, charterInForce: .zero, keys: $0.keys)
                }
                let (log, tick, note) = (forge, try forge.proven(index), try forge.note())
                scene.show(log) { request, answer in
                    guard case .inbox = request.route else { return nil }
                    let page = try InboxPage(parsing: answer.body)
                    return try InboxPage(party: page.party, checkpoint: note, arrivals: [], tick: tick, more: false)
                        .encoded()
                }
                return await .by(.originator) { try await desk.expectCalm() }
            }
        },
    ]
}

extension LogForge {
    /// A tick as it would be true now, changed.
    mutating func appendTick(
        for party: PartyID, in scene: Scene, _ change: (Tick) -> Tick
    ) throws -> LogIndex {
        let standing = scene.box.server.log.snapshot.standing
        let tick = Tick(
            party: party, arrivals: standing.counters[party]?.arrivals ?? 0, charterInForce: standing.charter.inForce,
            keys: standing.keysHash(at: scene.box.clock.now))
        let relay = DelegateID(party: .relay, name: .act)
        let signed = try scene.box.site.sign(.tick(change(tick)), by: relay, seen: scene.box.head)
        try append(signed, Frame(at: scene.box.clock.now))
        return LogIndex(UInt64(entries.count - 1))
    }
}
