import Desk
import Ledger
import Statements
import TestKit
import Testing
import Transport
import Wire

/// Contents that the relay destroys, and what it logs of it.
@Suite("Cheats: erasure", .serialized, .timeLimit(.minutes(1)))
struct ErasureCheats {
    static let family = Family("Erasure", logged + served)

    @Test("an erasure has its time, and its entry", arguments: family.rows)
    func holds(cheat: Cheat) async throws { try await cheat.hold() }

    private static let retention = TimeSpan.days(3)
    private static let retaining = {
        var limits = Limits.standard
        limits.retention = retention
        return limits
    }()

    /// An erasure that is logged against the rules, by the relay.
    private static func erased(
        _ id: String, _ what: String, _ code: String, after course: ForgedTalks.Course = .opened,
        limits: Limits = retaining, _ forge: @escaping @Sendable (inout ForgedTalks) throws -> LogIndex
    ) -> Cheat { .forged(id, [.relay], what, "rule-broken(\(code))", after: course, limits: limits, forge) }

    private static func erase(_ talks: inout ForgedTalks, _ message: MessageID? = nil) throws -> LogIndex {
        try talks.put(.erasure([message ?? talks.message]), by: ForgedTalks.relay)
    }

    private static let logged: [Cheat] = [
        erased(
            "erased-before-settled", "erases the content of a message that is on its way", "wrong-state",
            after: .conveyed
        ) { try erase(&$0) },
        erased(
            "erased-before-notice", "erases the content of a message that ran out of time, before its notice",
            "wrong-state", after: .conveyed
        ) { talks in
            talks.log.wait(.days(30))
            return try erase(&talks)
        },
        erased("erased-before-retention", "erases a content before the charter's retention is over", "not-due") {
            talks in
            // The last act was a second ago: a thousandth is missing.
            talks.log.wait(TimeSpan(milliseconds: retention.milliseconds - 1_001))
            return try erase(&talks)
        },
        erased("erased-twice", "logs a second erasure of a content", "wrong-state") { talks in
            talks.log.wait(retention)
            _ = try erase(&talks)
            talks.log.wait(.seconds(1))
            return try erase(&talks)
        },
        erased("erased-unknown", "logs the erasure of a message that is not in the log", "unknown-message") { talks in
            talks.log.wait(retention)
            return try erase(&talks, MessageID(Hash.sha256([1])))
        },
        erased(
            "erased-under-version-1", "logs an erasure under rules that know none", "unsupported-act",
            limits: .standard
        ) { talks in
            talks.log.wait(.days(30))
            return try erase(&talks)
        },
        .forged(
            "erased-by-a-party", [.relay, .originator], "logs an erasure that a party signed",
            "rule-broken(not-in-office)", limits: retaining
        ) { talks in
            talks.log.wait(retention)
            return try talks.put(.erasure([talks.message]), by: ForgedTalks.envoy)
        },
    ]

    /// Opened by its recipient, whose archive has it from then on.
    private static func opened(_ scene: Scene) async throws -> MessageID {
        let message = try await scene.delivered()
        _ = try await scene.hezbollah.read(message)
        return message
    }

    /// The retention passes for what is settled, and the relay erases it.
    private static func erase(_ message: MessageID, _ scene: Scene) async throws {
        scene.pass(retention)
        await scene.box.round()
        try need(try await scene.box.store.erasure(message) != nil, "it is not erased")
    }

    private static let served: [Cheat] = [
        Cheat(
            "destroyed-without-entry", .relay,
            what: "destroys a content before it was fetched, and says that it is erased, which the log does not",
            .noticed(.recipient, "unreadable-not-served", .atOnce)
        ) {
            try await Stage.play(limits: retaining) { scene in
                let (message, desk) = (try await scene.delivered(), try scene.hezbollah)
                scene.proxy.tell { request, relay in
                    guard case .envelope? = request.route else { return try await relay(request) }
                    return LyingProxy.Answer(Problem(.erased, "The content was erased."))
                }
                return await .by(.recipient) { _ = try await desk.read(message) }
            }
        },
        Cheat(
            "erasure-of-another-shown", .relay,
            what: "destroys a content, and shows the erasure of another message as its own",
            .noticed(.recipient, "proof-wrong", .atOnce)
        ) {
            try await Stage.play(limits: retaining) { scene in
                let first = try await opened(scene)
                try await erase(first, scene)
                let (message, desk) = (try await scene.delivered(), try scene.hezbollah)
                let foreign = try await scene.box.store.erasure(first)
                scene.lies.tell { told in
                    told.envelopeSize = { _ in nil }
                    told.erasure = { _ in foreign }
                }
                return await .by(.recipient) { _ = try await desk.read(message) }
            }
        },
        Cheat(
            "destroyed-and-not-asked-for", .relay,
            what: "destroys a content before the retention is over, without an entry, and nobody asks for it",
            .unnoticed("nobody sees a disk; who still needs it asks, and is not served")
        ) {
            try await Stage.play(limits: retaining) { scene in
                let (message, desk) = (try await opened(scene), try scene.hezbollah)
                scene.lies.tell { $0.envelopeSize = { _ in nil } }
                let asked = try await scene.box.get(.envelope(message), as: FixtureWorld.hezbollah)
                try need(asked.status == 404, "it is still served: \(asked.status)")
                return await .by([
                    Look(.recipient) {
                        _ = try await desk.read(message)
                        try await desk.expectCalm()
                    },
                    scene.replay,
                ])
            }
        },
        Cheat(
            "kept-after-erasure", .relay, what: "logs an erasure, keeps a copy, and shows it to the recipient again",
            .unnoticed(
                "that something was destroyed cannot be shown; it is sealed, and who can open it could before")
        ) {
            try await Stage.play(limits: retaining) { scene in
                let message = try await opened(scene)
                let desk = try scene.hezbollah
                let answers = Answers()
                scene.proxy.tell { request, relay in
                    guard case .envelope? = request.route else { return try await relay(request) }
                    return try await answers.first(request, relay)
                }
                let before = try await fetch(message, desk)
                try await erase(message, scene)
                return await .by([
                    Look(.recipient) {
                        try need(try await fetch(message, desk) == before, "it is not shown again")
                        try await desk.expectCalm()
                    },
                    scene.replay,
                ])
            }
        },
    ]

    private static func fetch(_ message: MessageID, _ desk: Desk) async throws -> Hash {
        let pieces = Pieces()
        _ = try await desk.relay.downloadEnvelope(message, limit: 1 << 20) { await pieces.take($0) }
        return Hash.sha256(await pieces.all)
    }
}
