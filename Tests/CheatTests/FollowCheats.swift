import Desk
import Ledger
import Statements
import Store
import TestKit
import Testing

/// What an auditor who follows the log is shown of it.
@Suite("Cheats: followed logs", .serialized, .timeLimit(.minutes(1)))
struct FollowCheats {
    static let family = Family("Followed logs", rows)

    @Test("a follower misses what stands still, and compares times", arguments: family.rows)
    func holds(cheat: Cheat) async throws { try await cheat.hold() }

    private static let rows: [Cheat] = [
        Cheat(
            "stale-for-the-follower", .relay, what: "shows a follower the same checkpoint for ever",
            .noticed(.follower, "tick-late", .twoTicks)
        ) {
            try await Stage.play { scene in
                let honest = try scene.follower()
                let follower = FollowingAuditor(stage: scene.stage, source: FrozenLog(honest.source))
                return await .by([
                    Look(.follower) { try await follower.look() },
                    Look(.follower, .nextTick) {
                        await scene.interval()
                        try await follower.look()
                    },
                    Look(.follower, .twoTicks) {
                        await scene.interval()
                        try await follower.look()
                    },
                ])
            }
        },
        Cheat(
            "one-party-unticked", .relay, what: "logs ticks for all parties but one",
            .noticed(.follower, "tick-late", .twoTicks)
        ) {
            try await Stage.play { scene in
                let follower = try scene.follower()
                let clock = scene.box.clock
                scene.lies.tell {
                    $0.latestTick = { party, tick in
                        guard party == FixtureWorld.hezbollah.party else { return tick }
                        return tick.flatMap { dated($0, clock.now) }
                    }
                }
                let before = scene.box.head.size.rawValue
                return await .by([
                    Look(.follower) { try await follower.look() },
                    Look(.follower, .nextTick) {
                        await scene.interval()
                        try need(scene.box.head.size.rawValue == before + 2, "there are not two ticks")
                        try await follower.look()
                    },
                    Look(.follower, .twoTicks) {
                        await scene.interval()
                        try await follower.look()
                    },
                ])
            }
        },
        Cheat(
            "taken-back-between-rounds", .relay, what: "puts back an older log between two rounds of a follower",
            .noticed(.follower, "rolled-back-log", .nextRun)
        ) {
            try await Stage.set { stage in
                try await stage.run { _ in }
                try stage.site.keepData(as: "older")
                let early = try await stage.run { scene in
                    _ = try await scene.send()
                    let follower = try scene.follower()
                    return await Seen.by(.follower) { try await follower.look() }
                }
                guard early == .nothing else { return early }
                try stage.site.putBackData("older")
                return try await stage.run(isTicking: false) { scene in
                    let follower = try scene.follower()
                    return await .by([
                        scene.replay, Look(.follower, .nextRun) { try await follower.look() },
                    ])
                }
            }
        },
        Cheat(
            "entry-ahead-of-the-follower", .relay,
            what: "gives an entry a time that is still to come, before a follower",
            .noticed(.follower, "entry-time", .atOnce)
        ) {
            try await Stage.play { scene in
                let (message, follower) = (try await scene.send(), try scene.follower())
                try await follower.look()
                scene.box.clock.set(by: .seconds(540))
                try await scene.box.tell(message, by: FixtureWorld.speaker) { .conveyance($0) }
                scene.box.clock.set(by: .seconds(-540))
                return await .by([scene.replay, Look(.follower) { try await follower.look() }])
            }
        },
        Cheat(
            "entry-before-what-was-seen", .relay,
            what: "gives an entry a time at which a follower has seen the log without it",
            .noticed(.follower, "entry-time", .atOnce)
        ) {
            try await Stage.play { scene in
                let (message, follower) = (try await scene.send(), try scene.follower())
                scene.pass(.minutes(9))
                try await follower.look()
                scene.box.clock.set(by: .seconds(-480))
                try await scene.box.tell(message, by: FixtureWorld.speaker) { .conveyance($0) }
                scene.box.clock.set(by: .seconds(480))
                return await .by([scene.replay, Look(.follower) { try await follower.look() }])
            }
        },
    ]

    /// The same entry with another time: what the relay is told that it has logged.
    private static func dated(_ stored: StoredEntry, _ time: Timestamp) -> StoredEntry? {
        guard let entry = try? Entry(der: stored.bytes, limit: Bounds.entry) else { return nil }
        let later = Entry(
            acceptedAt: time, salt: entry.salt, constitution: entry.constitution, roster: entry.roster,
            previous: entry.previous, body: entry.body)
        return (try? later.derBytes()).map { StoredEntry(index: stored.index, bytes: $0) }
    }
}
