import Audit
import Ledger
import Statements
import Store
import TestKit
import Testing
import Transport
import Wire

/// What a limited auditor is shown of its channels.
@Suite("Cheats: limited auditors", .serialized, .timeLimit(.minutes(1)))
struct ScopeCheats {
    static let family = Family("Limited auditors", atOnce + counted + unseen)

    @Test("what is shown is proven, and a full auditor counts it", arguments: family.rows)
    func holds(cheat: Cheat) async throws { try await cheat.hold() }

    /// A limited auditor that sees nothing wrong before the lie, in a folder of its own, and then begins.
    private static func lied(
        _ id: String, _ what: String, _ code: String, _ lie: @escaping @Sendable (ObservedScene) async throws -> Void
    ) -> Cheat {
        Cheat(id, [.relay], what, .noticed(.limitedAuditor, code, .atOnce)) {
            try await ObservedScene.play { seen in
                let all = try await seen.scene.box.withClient(FixtureWorld.observer) { client in
                    try await client.scope(query())
                }
                try need(all.entries.count == ObservedScene.count && !all.page.more, "the scope is another one")
                try await lie(seen)
                return await .by(.limitedAuditor) { try await seen.look() }
            }
        }
    }

    private static func query() throws -> ScopeQuery {
        guard let query = ScopeQuery(after: 0) else { throw NotPlayed("no query") }
        return query
    }

    private static let atOnce: [Cheat] = [
        lied("scope-entry-left-out", "leaves out an entry in the middle of a watched message", "withheld") {
            try await $0.leaveOut(2)
        },
        lied("scope-submission-left-out", "shows what became of a watched message without its submission", "withheld") {
            try await $0.leaveOut(1)
        },
        lied("scope-entry-altered", "shows a watched entry with another byte in it", "proof-wrong") { seen in
            seen.showPages { page in
                page.with(
                    page.entries.map { proven in
                        var bytes = proven.entryBytes
                        bytes[bytes.count - 1] ^= 1
                        return ProvenEntry(index: proven.index, entryBytes: bytes, proof: proven.proof)
                    })
            }
        },
        lied("scope-reordered", "shows watched entries in another order", "malformed-answer") { seen in
            seen.showPages { $0.with($0.entries.reversed()) }
        },
        lied("scope-foreign-entry", "slips in a message that passes over another channel", "out-of-scope") { seen in
            let foreign = try await seen.scene.box.store.chain(seen.other)
            seen.show { ($0 + foreign).sorted { $0.index < $1.index } }
        },
        lied("scope-without-end", "says for ever that more entries will come, and shows none", "malformed-answer") {
            $0.showPages { $0.with([], more: true) }
        },
        lied(
            "scope-count-altered", "leaves out a watched message, and changes a full auditor's count to fit",
            "proof-wrong"
        ) { seen in
            let honest = try await seen.scene.judge()
            let said = honest.verdict
            try need(said.scopes.map(\.entries) == [UInt64(ObservedScene.count)], "the count is another one")
            try await seen.leaveOut(ObservedScene.count - 1)
            var sum = ScopeSum(party: FixtureWorld.observer.party)
            for entry in try await seen.scene.box.store.scope(of: sum.party, after: 0, limit: 64) {
                sum.add(entry.index, leaf: Merkle.leafHash(entry.bytes))
            }
            let fewer = Verdict(
                charter: said.charter, auditor: said.auditor, rulesVersion: said.rulesVersion, head: said.head,
                at: said.at, finding: nil, scopes: [sum])
            let altered = try await SignedVerdict.sign(fewer) { _ in honest.signature }
            seen.scene.showVerdicts { _ in [altered] }
        },
        Cheat(
            "scope-log-taken-back", .relay, what: "puts back an older log that a limited auditor has seen more of",
            .noticed(.limitedAuditor, "checkpoint-wrong", .nextRun)
        ) {
            try await Stage.set(observes: [ObservedScene.channel]) { stage in
                try await stage.run { scene in _ = try await scene.direct() }
                try stage.site.keepData(as: "early")
                try await stage.run { scene in
                    _ = try await scene.direct()
                    _ = try await scene.observe()
                }
                try stage.site.putBackData("early")
                return try await stage.run(isTicking: false) { scene in
                    await .by(.limitedAuditor, .nextRun) { _ = try await scene.observe() }
                }
            }
        },
    ]

    /// The limited auditor sees nothing by itself, and misses it as soon as a full auditor has counted.
    private static func missed(
        _ id: String, _ what: String, _ lie: @escaping @Sendable (ObservedScene) async throws -> Void
    ) -> Cheat {
        Cheat(id, [.relay], what, .noticed(.limitedAuditor, "withheld", .verdict)) {
            try await ObservedScene.play { seen in
                try await lie(seen)
                return await .by([
                    Look(.limitedAuditor) { try await seen.look() },
                    Look(.limitedAuditor, .verdict) {
                        try await seen.scene.judge()
                        try await seen.look()
                    },
                ])
            }
        }
    }

    private static let counted: [Cheat] = [
        missed("scope-message-left-out", "leaves out all entries of a watched message") { try await $0.leaveOut(0) },
        missed("scope-end-left-out", "leaves out the last entry of a watched message") {
            try await $0.leaveOut(ObservedScene.count - 1)
        },
        missed(
            "scope-cut-behind-verdict", "shows all that a verdict has counted, and nothing of what comes later"
        ) { seen in
            let verdict = try await seen.scene.judge().verdict
            try need(try await seen.look().whole == verdict, "the verdict does not count what is shown")
            _ = try await seen.scene.direct()
            seen.show { $0.filter { verdict.covers($0.index) } }
        },
    ]

    private static let unseen: [Cheat] = [
        Cheat(
            "scope-left-out-uncounted", .relay,
            what: "leaves out a watched message, and shows the limited auditor no verdict that counts it",
            .unnoticed("without a count nothing is missing; `scope` says up to where it is known to be whole")
        ) {
            try await ObservedScene.play { seen in
                try await seen.leaveOut(0)
                try await seen.scene.judge()
                seen.scene.showVerdicts { _ in [] }
                return await .by(.limitedAuditor) {
                    let outcome = try await seen.look()
                    try need(outcome.whole == nil && outcome.ledger.count == ObservedScene.count - 1, "it was shown")
                }
            }
        },
        Cheat(
            "scope-counted-in-league", .relay, .auditor,
            what: "leaves out a watched message, and the full auditor counts as if there were none",
            .unnoticed("the count is that auditor's word; only another full auditor's count differs")
        ) {
            try await ObservedScene.play { seen in
                try await seen.leaveOut(0)
                let shown = try await seen.look().ledger
                try need(shown.count == ObservedScene.count - 1, "it was shown")
                let head = seen.scene.box.head
                seen.scene.pass(.seconds(1))
                let verdict = try await seen.scene.sign { $0.scopes = [shown.sum(upTo: head.size)] }
                try await seen.scene.post(verdict)
                return await .by(.limitedAuditor, .verdict) {
                    let outcome = try await seen.look()
                    try need(outcome.whole == verdict.verdict, "it takes something to be missing")
                }
            }
        },
        Cheat(
            "scope-shown-too-much", .relay, .limitedAuditor,
            what: "shows a limited auditor the entries of another channel, and it keeps them",
            .unnoticed("what the relay tells somebody, by this way or another, is in no log")
        ) {
            try await ObservedScene.play { seen in
                let foreign = try await seen.scene.box.store.chain(seen.other)
                seen.show { _ in foreign }
                let client = try seen.scene.box.client(FixtureWorld.observer)
                let got = try await client.scope(query()).entries.map(\.index)
                try await client.shutdown()
                try need(got == foreign.map(\.index), "it has not got them")
                seen.scene.lies.stop()
                let (sender, reader) = (try seen.scene.speaker, try seen.scene.hezbollah)
                return await .by([
                    Look(.intermediary) { try await sender.expectCalm() },
                    Look(.recipient) { try await reader.expectCalm() }, seen.scene.replay,
                ])
            }
        },
    ]
}
