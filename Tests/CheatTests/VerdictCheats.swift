import Desk
import Ledger
import Statements
import TestKit
import Testing
import Transport
import Wire

/// The words of full auditors, which the relay keeps and shows.
@Suite("Cheats: auditors' verdicts", .serialized, .timeLimit(.minutes(1)))
struct VerdictCheats {
    static let family = Family("Auditors' verdicts", shown + hidden + posted)

    @Test("a verdict cannot be made, and can be hidden", arguments: family.rows)
    func holds(cheat: Cheat) async throws { try await cheat.hold() }

    /// An auditor has found the log right, and a party has seen its verdict; then the relay shows another one.
    private static func shown(
        _ id: String, _ who: [Cheater], _ what: String,
        _ change: @escaping @Sendable (Scene) async throws -> SignedVerdict
    ) -> Cheat {
        Cheat(id, who, what, .noticed(.recipient, "proof-wrong", .atOnce)) {
            try await Stage.play { scene in
                let honest = try await scene.judge()
                let desk = try scene.hezbollah
                try await desk.expectCalm()
                try need(try await desk.replays()?.farthest == honest.verdict, "the honest one is not shown")
                let other = try await change(scene)
                scene.showVerdicts { _ in [other] }
                return await .by(.recipient) { try await desk.expectCalm() }
            }
        }
    }

    private static let shown: [Cheat] = [
        shown("verdict-forged", [.relay], "makes a verdict in an auditor's name") { scene in
            try await scene.sign { $0.signer = DelegateID(party: .relay, name: .act) }
        },
        shown(
            "verdict-altered", [.relay], "makes an auditor's verdict against the log one that finds it right"
        ) { scene in
            try await scene.breach()
            let against = try await scene.judge()
            try need(!against.verdict.isSound, "nothing was found")
            let said = against.verdict
            let other = Verdict(
                charter: said.charter, auditor: said.auditor, rulesVersion: said.rulesVersion, head: said.head,
                at: said.at, finding: nil, scopes: [])
            return try await SignedVerdict.sign(other) { _ in against.signature }
        },
        shown(
            "verdict-of-another-charter", [.relay], "shows what an auditor has said of another charter's log"
        ) { scene in try await scene.sign { $0.charter = CharterID(Hash.sha256([1])) } },
        shown(
            "verdict-by-other-rules", [.relay], "shows what an auditor has found by another version of the rules"
        ) { scene in try await scene.sign { $0.rules = 9 } },
        shown(
            "verdict-of-a-non-auditor", [.relay, .intermediary],
            "shows the verdict of a party that is no auditor as one"
        ) { scene in try await scene.sign { $0.auditor = FixtureWorld.speaker } },
        Cheat(
            "verdict-on-a-fork", .relay, what: "shows an auditor one log, and a party its verdict beside another",
            .noticed(.recipient, "fork", .atOnce)
        ) {
            try await Stage.set { stage in
                let message = try await stage.run { scene in try await scene.send() }
                try stage.site.keepData(as: "begin")
                let verdict = try await stage.run { scene in
                    await scene.interval()
                    return try await scene.judge()
                }
                try stage.site.putBackData("begin")
                return try await stage.run { scene in
                    try await scene.box.tell(message, by: FixtureWorld.speaker) { .conveyance($0) }
                    await scene.interval()
                    let desk = try scene.hezbollah
                    try await desk.expectCalm()
                    scene.showVerdicts { _ in [verdict] }
                    return await .by(.recipient) { try await desk.expectCalm() }
                }
            }
        },
    ]

    private static let hidden: [Cheat] = [
        Cheat(
            "verdict-hidden", .relay, what: "shows no verdict, although an auditor has made one",
            .unnoticed("an auditor need not have spoken; `inbox` says that none is known to have checked")
        ) {
            try await Stage.play { scene in
                try await scene.judge()
                scene.showVerdicts { _ in [] }
                return try await unalarmed(scene, isShown: nil)
            }
        },
        Cheat(
            "verdict-older-shown", .relay, what: "shows an auditor's older verdict in the place of its newest",
            .unnoticed("an auditor need not have said more; how far it reaches and how old it is are shown")
        ) {
            try await Stage.play { scene in
                let older = try await scene.judge()
                _ = try await scene.delivered()
                try await scene.judge()
                scene.showVerdicts { _ in [older] }
                return try await unalarmed(scene, isShown: older)
            }
        },
        Cheat(
            "verdict-taken-back", .relay, what: "shows an older verdict of an auditor to who has seen its newer one",
            .noticed(.recipient, "verdict-taken-back", .nextRequest)
        ) {
            try await Stage.play { scene in
                let older = try await scene.judge()
                _ = try await scene.delivered()
                let newer = try await scene.judge()
                try need(try await scene.hezbollah.replays()?.farthest == newer.verdict, "it has not seen the newer")
                scene.showVerdicts { _ in [older] }
                let desk = try scene.hezbollah
                return await .by([Look(.recipient, .nextRequest) { try await desk.expectCalm() }])
            }
        },
        Cheat(
            "verdict-against-hidden", .relay,
            what: "breaks the rules, and shows an older verdict in the place of the one that says so",
            .unnoticed("no log has verdicts, and the relay carries them; only the auditor can say that it has spoken")
        ) {
            try await Stage.play { scene in
                let older = try await scene.judge()
                try await scene.breach()
                try await scene.judge()
                let carrier = try scene.speaker
                let told = await Seen.by(.intermediary) { try await carrier.expectCalm() }
                try need(told == .noticed(.intermediary, "verdict-against", .atOnce), "it is not shown: \(told)")
                scene.showVerdicts { _ in [older] }
                return try await unalarmed(scene, isShown: older)
            }
        },
        Cheat(
            "verdict-without-replay", .relay, .auditor,
            what: "signs that a log is right in which the relay has broken the rules",
            .unnoticed("a signature says who speaks, not what was done before; another auditor's replay tells")
        ) {
            try await Stage.play { scene in
                try await scene.breach()
                scene.pass(.seconds(1))
                let verdict = try await scene.sign()
                try await scene.post(verdict)
                try need(try await !scene.audit("another").isEmpty, "another auditor finds nothing either")
                return try await unalarmed(scene, isShown: verdict)
            }
        },
    ]

    /// A party that looks, and sees no other verdict than this one.
    private static func unalarmed(_ scene: Scene, isShown verdict: SignedVerdict?) async throws -> Seen {
        let desk = try scene.hezbollah
        return await .by(.recipient, .nextRequest) {
            let shown = try await desk.replays()?.verdicts
            try need(shown == [verdict?.verdict].compactMap(\.self), "another verdict is shown")
            try await desk.expectCalm()
        }
    }

    /// What is handed to an honest relay as an auditor's word.
    private static func posted(
        _ id: String, _ who: Cheater, _ what: String, _ code: String,
        _ make: @escaping @Sendable (Scene) async throws -> SignedVerdict
    ) -> Cheat {
        Cheat(id, [who], what, .noticed(.relay, code, .atOnce)) {
            try await Stage.play { scene in
                let signed = try await make(scene)
                return await .by(.relay) {
                    let answer = try await scene.box.post(.postVerdict, signed.derBytes())
                    if answer.status != 200 { throw Alarm(try Problem(parsing: answer.body).code) }
                }
            }
        }
    }

    private static let posted = [
        posted(
            "verdict-posted-on-another-log", .auditor, "posts a verdict on a log that is not this one",
            "verdict-other-log"
        ) { scene in try await scene.sign { $0.head = LogHead(size: 2, root: Hash.sha256([2])) } },
        posted(
            "verdict-posted-over-newer", .recipient, "posts an auditor's older verdict over its newer one",
            "verdict-older"
        ) { scene in
            let older = try await scene.judge()
            try await scene.judge()
            return older
        },
        posted(
            "verdict-posted-by-no-auditor", .intermediary, "posts a verdict, and is no auditor", "not-an-auditor"
        ) { scene in try await scene.sign { $0.auditor = FixtureWorld.speaker } },
        posted(
            "verdict-posted-for-another", .intermediary, "posts a verdict in an auditor's name", "not-authenticated"
        ) { scene in try await scene.sign { $0.signer = FixtureWorld.speaker } },
    ]
}
