import Desk
import Foundation
import Ledger
import Rules
import Statements
import TestKit
import Testing
import Wire

/// Another history than the one that was shown before.
@Suite("Cheats: histories", .serialized, .timeLimit(.minutes(1)))
struct HistoryCheats {
    static let family = Family("Histories", rows)

    @Test("a log that is taken back is missed by who has seen it", arguments: family.rows)
    func holds(cheat: Cheat) async throws { try await cheat.hold() }

    /// The relay runs as an honest one; what the recipient saw last is then taken back.
    private static func takenBack(
        _ stage: Stage, then go: @escaping @Sendable (Scene) async throws -> Void
    ) async throws -> Seen {
        try await stage.run { scene in _ = try await scene.delivered() }
        try stage.site.keepData(as: "early")
        try await stage.run { scene in
            _ = try await scene.delivered()
            _ = try await scene.hezbollah.inbox()
        }
        try stage.site.putBackData("early")
        return try await stage.run { scene in
            try await go(scene)
            let desk = try scene.hezbollah
            return await .by(.recipient, .nextRequest) { _ = try await desk.inbox() }
        }
    }

    private static let rows: [Cheat] = [
        Cheat(
            "log-taken-back", .relay, what: "puts back an older log that a party has seen more of",
            .noticed(.recipient, "checkpoint-wrong", .nextRequest)
        ) { try await Stage.set { stage in try await takenBack(stage) { _ in } } },
        Cheat(
            "log-taken-back-and-grown", .relay, what: "puts back an older log, and goes on from there another way",
            .noticed(.recipient, "fork", .nextRequest)
        ) {
            try await Stage.set { stage in
                let seen = try await takenBack(stage) { scene in
                    for _ in 0..<3 { _ = try await scene.delivered() }
                }
                let kept = try FileManager.default.contentsOfDirectory(
                    atPath: stage.desks.desk(FixtureWorld.hezbollah).home.stateFolder)
                try need(kept.contains { $0.hasPrefix("fork-") }, "the evidence is not kept: \(kept)")
                return seen
            }
        },
        Cheat(
            "consistency-unproved", .relay, what: "proves that the log grew from what was seen with another proof",
            .noticed(.recipient, "fork", .atOnce)
        ) {
            try await Stage.play { scene in
                let desk = try scene.hezbollah
                _ = try await desk.inbox()
                _ = try await scene.delivered()
                scene.proxy.tell { request, relay in
                    let answer = try await relay(request)
                    guard case .consistency(let from, let to) = request.route else { return answer }
                    let hashes = try ConsistencyView(parsing: answer.body).proof.hashes
                    let other = ConsistencyProof(hashes: [Hash.sha256([1])] + hashes.dropFirst())
                    return answer.saying(ConsistencyView(from: from, to: to, proof: other).encoded)
                }
                return await .by(.recipient) { _ = try await desk.inbox() }
            }
        },
        Cheat(
            "fork-for-each", .relay, what: "shows two parties two logs that begin alike, and each always its own",
            .unnoticed("each log is whole; only who compares checkpoints across parties can tell")
        ) {
            try await Stage.set { stage in
                let message = try await stage.run { scene in try await scene.send() }
                try stage.site.keepData(as: "begin")
                // One log for the originator, in which the speaker does nothing.
                try await stage.run { scene in await scene.interval() }
                try stage.site.keepData(as: "first")
                // The other for those who carry and read.
                try stage.site.putBackData("begin")
                try await stage.run { scene in
                    _ = try await scene.speaker.say(.conveyance(scene.reference(message)))
                    _ = try await scene.hezbollah.read(message)
                }
                try stage.site.keepData(as: "second")
                try stage.site.putBackData("first")
                let first = try await stage.run { scene in
                    let desk = try scene.envoy
                    return await Seen.by([
                        Look(.originator) {
                            try need(try await desk.message(message).steps.count == 1, "it sees the other log")
                            try await desk.expectCalm()
                        },
                        Look(.replay) { if let found = try await scene.audit("first").first { throw Alarm(found) } },
                    ])
                }
                guard first == .nothing else { return first }
                try stage.site.putBackData("second")
                return try await stage.run { scene in
                    let (carrier, reader) = (try scene.speaker, try scene.hezbollah)
                    return await .by([
                        Look(.intermediary) { try await carrier.expectCalm() },
                        Look(.recipient) { try await reader.expectCalm() },
                        Look(.replay) { if let found = try await scene.audit("second").first { throw Alarm(found) } },
                    ])
                }
            }
        },
        Cheat(
            "fork-rejoined", .relay, what: "logs on one log what a party said after seeing the other",
            .replayed("rule-broken(other-log)", .itself)
        ) {
            try await Stage.set { stage in
                let message = try await stage.run { scene in try await scene.send() }
                try stage.site.keepData(as: "begin")
                let signed = try await stage.run { scene in
                    await scene.interval()
                    let desk = try scene.envoy
                    try await desk.expectCalm()
                    return try await desk.sign(.recall(message, legs: [scene.reference(message).leg]))
                }
                try stage.site.putBackData("begin")
                return try await stage.run(isTicking: false) { scene in
                    let seen = signed.statement.seen
                    scene.lies.tell { told in
                        told.facts = { facts in
                            var facts = facts
                            facts.roots[seen.size] = seen.root
                            return facts
                        }
                    }
                    let index = try await scene.box.accept(signed).index
                    return .replayed(try await scene.audit(), index)
                }
            }
        },
    ]
}
