import Keyring
import Ledger
import Statements
import Store
import TestKit
import Testing
import Wire

/// What an originator is shown of the charter and of the keys that it seals to.
@Suite("Cheats: keys and charter", .serialized, .timeLimit(.minutes(1)))
struct KeyCheats {
    static let family = Family("Keys and charter", keys + charters)

    @Test("nothing is sealed to a key that somebody chose", arguments: family.rows)
    func holds(cheat: Cheat) async throws { try await cheat.hold() }

    private static let party = FixtureWorld.hezbollah.party

    /// Hezbollah publishes a newer key, which serves at once.
    private static func publishNewer(_ scene: Scene) async throws -> LogIndex {
        let limits = scene.box.world.charter.charter.limits
        let (from, until) = (scene.box.clock.now, scene.box.clock.now + .days(7))
        let key = try SealedTo.newer()
        let publication = KeyPublication(
            sealingKey: key, sealFrom: from, sealUntil: until,
            keepUntil: until + limits.longestLifetime + limits.keyGrace)
        return try await scene.box.accept(
            scene.box.sign(.keyPublication(publication), by: FixtureWorld.hezbollah)
        ).index
    }

    private static let keys: [Cheat] = [
        Cheat(
            "key-left-out", .relay, what: "hides a sealing key that a tick has counted",
            .noticed(.originator, "withheld", .atOnce)
        ) {
            try await Stage.play { scene in
                let newer = try await publishNewer(scene)
                await scene.interval()
                scene.lies.tell { $0.publications = { _, keys in keys.filter { $0.index != newer } } }
                return await .by(.originator) { try await scene.send() }
            }
        },
        Cheat(
            "key-list-altered", .relay, what: "leaves a key out of the list that a tick is over",
            .noticed(.originator, "proof-wrong", .atOnce)
        ) {
            try await Stage.play { scene in
                let newer = try await publishNewer(scene)
                await scene.interval()
                scene.lies.tell {
                    $0.publications = { _, keys in keys.filter { $0.index != newer } }
                    $0.keys = { keys in keys.filter { $0.delegate.party != party } }
                }
                return await .by(.originator) { try await scene.send() }
            }
        },
        Cheat(
            "key-delayed", .relay, what: "hides a newer key, and goes on ticking",
            .noticed(.originator, "withheld", .nextTick)
        ) {
            try await Stage.play { scene in
                let newer = try await publishNewer(scene)
                scene.lies.tell { $0.publications = { _, keys in keys.filter { $0.index != newer } } }
                return await .by([
                    Look(.originator) { try await scene.send() },
                    Look(.originator, .nextTick) {
                        await scene.interval()
                        try await scene.send()
                    },
                ])
            }
        },
        Cheat(
            "key-hidden-for-ever", .relay, what: "hides a newer key, and every tick since",
            .noticed(.originator, "tick-stale", .freshness)
        ) {
            try await Stage.play { scene in
                let old = try await scene.box.store.latestTick(FixtureWorld.envoy.party)
                let newer = try await publishNewer(scene)
                scene.lies.tell {
                    $0.publications = { _, keys in keys.filter { $0.index != newer } }
                    $0.latestTick = { _, _ in old }
                }
                return await .by([
                    Look(.originator) { try await scene.send() },
                    Look(.originator, .nextTick) {
                        await scene.intervals(5)
                        try await scene.send()
                    },
                    Look(.originator, .freshness) {
                        await scene.interval()
                        try await scene.send()
                    },
                ])
            }
        },
        Cheat(
            "key-of-another", .relay, what: "shows another party's sealing key as a recipient's",
            .noticed(.originator, "proof-wrong", .atOnce)
        ) {
            try await Stage.play { scene in
                let other = try await scene.box.store.publications(
                    FixtureWorld.speaker.party, at: scene.box.clock.now)
                scene.lies.tell { $0.publications = { asked, keys in asked == party ? keys + other : keys } }
                return await .by(.originator) { try await scene.send() }
            }
        },
        Cheat(
            "key-of-its-own", .relay, what: "logs a sealing key of its own making in a recipient's name, and shows it",
            .noticed(.originator, "proof-wrong", .atOnce)
        ) {
            try await Stage.play { scene in
                try await scene.send()
                var forge = try await LogForge(of: scene.box)
                let key = try SealedTo.publication(at: scene.box.clock.now, scene)
                let signed = try scene.box.site.sign(
                    .keyPublication(key), by: FixtureWorld.hezbollah, seen: scene.box.head,
                    signer: DelegateID(party: .relay, name: .act))
                try forge.append(signed, LogForge.Frame(at: scene.box.clock.now))
                let (note, entry) = (try forge.note(), try forge.proven(LogIndex(UInt64(forge.entries.count - 1))))
                let log = forge
                scene.show(log) { request, answer in
                    guard request.route == .keys(party) else { return nil }
                    let view = try KeysView(parsing: answer.body)
                    let tick = try view.tick.map { try log.proven($0.index) }
                    return try KeysView(checkpoint: note, tick: tick, keyList: view.keyList, publications: [entry])
                        .encoded()
                }
                return await .by(.originator) { try await scene.send() }
            }
        },
    ]

    private static let charters: [Cheat] = [
        Cheat(
            "charter-of-another", .relay, what: "shows another charter than the one that was joined",
            .noticed(.originator, "proof-wrong", .atOnce)
        ) {
            try await Stage.play { scene in
                let desk = try scene.envoy
                let other = try FixtureWorld(start: scene.box.world.start + .seconds(1)).charter
                scene.proxy.tell { request, relay in
                    let answer = try await relay(request)
                    return request.route == .charter ? answer.saying(try CharterView(charter: other).encoded()) : answer
                }
                return await .by(.originator) { try await desk.expectCalm() }
            }
        }
    ]
}

/// Sealing keys that nobody uses but these cheats.
private enum SealedTo {
    static func newer() throws -> [UInt8] { try key("a newer key") }

    static func publication(at time: Timestamp, _ scene: Scene) throws -> KeyPublication {
        let limits = scene.box.world.charter.charter.limits
        let until = time + .days(7)
        return KeyPublication(
            sealingKey: try key("the relay's own key"), sealFrom: time, sealUntil: until,
            keepUntil: until + limits.longestLifetime + limits.keyGrace)
    }

    private static func key(_ drawnFrom: String) throws -> [UInt8] {
        try SealingKey(seed: FixtureWorld.bytes(drawnFrom, 32)).publicKey
    }
}
