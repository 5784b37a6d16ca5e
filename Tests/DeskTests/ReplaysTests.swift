import Ledger
import Statements
import Store
import TestKit
import Testing
import Transport

@testable import Desk

@Suite("On whose replay it rests", .timeLimit(.minutes(1)))
struct ReplaysTests {
    private static let auditor = FixtureWorld.envoy

    private static func sign(_ box: RelayInABox, _ head: LogHead, _ finding: VerdictFinding? = nil) async throws
        -> SignedVerdict
    {
        let verdict = Verdict(
            charter: box.world.charter.id, auditor: auditor, rulesVersion: 1, head: head, at: box.clock.now,
            finding: finding, scopes: [])
        return try await SignedVerdict.sign(verdict) { try box.world.sign($0, by: auditor) }
    }

    private static func post(_ box: RelayInABox, _ signed: SignedVerdict) async throws {
        try await box.withClient(auditor) { try await $0.post(signed) }
    }

    @Test("without a verdict nobody is named; one that ends before the tick is no replay of it; a later one is")
    func reaching() async throws {
        try await OutgoingScene.run { scene in
            try await scene.with(FixtureWorld.speaker) { desk in
                let early = scene.box.head
                scene.clock.pass(scene.box.world.charter.charter.limits.tickInterval)
                await scene.box.round()
                let look = try await desk.inbox()
                let tick = try #require(look.tick).entry.index
                let none = try #require(try await desk.replays())
                #expect(none.verdicts.isEmpty && none.farthest == nil && none.reaching(tick).isEmpty)

                try await Self.post(scene.box, Self.sign(scene.box, early))
                let short = try #require(try await desk.replays())
                #expect(short.farthest?.head == early && short.reaching(tick).isEmpty)

                scene.clock.pass(.seconds(1))
                try await Self.post(scene.box, Self.sign(scene.box, scene.box.head))
                let far = try #require(try await desk.status().reached?.replays)
                #expect(far.reaching(tick).map(\.auditor) == [Self.auditor])
            }
        }
    }

    @Test("an auditor's word against the log is an alarm")
    func against() async throws {
        try await OutgoingScene.run { scene in
            let rule = try #require(Slug("rule-broken"))
            let finding = VerdictFinding(code: rule, rule: Slug("barred"), entry: 2)
            try await Self.post(scene.box, Self.sign(scene.box, scene.box.head, finding))
            try await scene.with(FixtureWorld.hezbollah) { desk in
                let replays = try #require(try await desk.replays())
                #expect(replays.farthest == nil && replays.against.map(\.finding) == [finding])
                let concern = try #require(try await desk.status().concerns.first { $0.code == "verdict-against" })
                #expect(concern.weight == .alarm)
                #expect(concern.sentence.contains("rule-broken(barred) at entry 2"))
            }
        }
    }

    /// The relay shows its kept notes, whatever they are: these never came through its own checks.
    @Test("a verdict on another log than the desk's own is a fork, and kept as evidence", arguments: [true, false])
    func forked(isSmaller: Bool) async throws {
        try await OutgoingScene.run { scene in
            let size = isSmaller ? TreeSize(2) : TreeSize(scene.box.head.size.rawValue + 5)
            let signed = try await Self.sign(scene.box, LogHead(size: size, root: Hash.sha256([9])))
            try await scene.box.store.keep(try signed.derBytes(), in: .verdict(Self.auditor))
            try await scene.with(FixtureWorld.speaker) { desk in
                let error = await #expect(throws: TransportError.self) { try await desk.replays() }
                #expect(error?.code == .fork && error?.fork != nil)
                let concerns = try await desk.status().concerns
                #expect(concerns.contains { $0.code == "fork" && $0.weight == .alarm })
                let kept = FolderNames.list(desk.home.stateFolder, ending: "").filter { $0.hasPrefix("fork-") }
                #expect(kept.count == 1)
            }
        }
    }

    @Test("a verdict that no auditor has signed is the relay's lie")
    func unsigned() async throws {
        try await OutgoingScene.run { scene in
            let verdict = try await Self.sign(scene.box, scene.box.head).verdict
            let forged = try await SignedVerdict.sign(verdict) {
                try scene.box.world.sign($0, by: FixtureWorld.speaker)
            }
            try await scene.box.store.keep(try forged.derBytes(), in: .verdict(Self.auditor))
            try await scene.with(FixtureWorld.hezbollah) { desk in
                let error = await #expect(throws: TransportError.self) { try await desk.replays() }
                #expect(error?.code == .proofWrong)
            }
        }
    }

    @Test("a relay that does not answer, or knows no verdicts, leaves it as it was")
    func silent() async throws {
        try await OutgoingScene.run { scene in
            try await scene.with(FixtureWorld.speaker) { desk in
                scene.link.lower()
                let unheard = try await desk.replays()
                #expect(unheard == nil)
            }
        }
    }
}
