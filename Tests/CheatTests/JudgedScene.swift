import Audit
import Ledger
import Rules
import Statements
import TestKit
import Transport
import Wire

/// What full auditors say on a stage, and what a relay makes of it.
extension Scene {
    /// What an auditor's delegate signs, with what a play has otherwise.
    struct Word: Sendable {
        var auditor = FixtureWorld.envoy
        /// Whose key signs, if not the auditor's.
        var signer: DelegateID?
        var charter: CharterID?
        var rules: UInt64?
        var head: LogHead?
        var scopes: [ScopeSum] = []
    }

    /// Signs that the log is right, without a look at it.
    func sign(_ change: (inout Word) -> Void = { _ in }) async throws -> SignedVerdict {
        var word = Word()
        change(&word)
        let verdict = Verdict(
            charter: word.charter ?? box.world.charter.id, auditor: word.auditor,
            rulesVersion: word.rules ?? box.world.charter.charter.rulesVersion, head: word.head ?? box.head,
            at: box.clock.now, finding: nil, scopes: word.scopes)
        return try await Self.sign(verdict, by: word.signer ?? word.auditor, box.world)
    }

    static func sign(
        _ verdict: Verdict, by signer: DelegateID, _ world: FixtureWorld
    ) async throws -> SignedVerdict {
        try await SignedVerdict.sign(verdict) { try world.sign($0, by: signer) }
    }

    func post(_ signed: SignedVerdict) async throws {
        try await box.withClient(signed.verdict.auditor) { try await $0.post(signed) }
    }

    /// An honest auditor replays the whole log and posts its verdict.
    @discardableResult
    func judge() async throws -> SignedVerdict {
        pass(.seconds(1))
        let verdict = try await box.audit().report.verdict(by: FixtureWorld.envoy, at: box.clock.now)
        let signed = try await Self.sign(verdict, by: FixtureWorld.envoy, box.world)
        try await post(signed)
        return signed
    }

    /// Has the proxy show other verdicts than the relay keeps.
    func showVerdicts(_ change: @escaping @Sendable ([SignedVerdict]) -> [SignedVerdict]) {
        proxy.tell { request, relay in
            let answer = try await relay(request)
            guard request.route == .verdicts else { return answer }
            let view = try VerdictsView(parsing: answer.body)
            return answer.saying(
                try VerdictsView(checkpoint: view.checkpoint, verdicts: change(view.verdicts)).encoded())
        }
    }

    /// Logs what the rules forbid: a conveyance by one who says that it has seen another log.
    func breach() async throws {
        let message = try await box.accept(box.envelope()).statement
        let other = LogHead(size: TreeSize(box.head.size.rawValue + 5), root: Hash.sha256([9]))
        let signed = try box.site.sign(
            .conveyance(reference(MessageID(message))), by: FixtureWorld.speaker, seen: other)
        lies.tell { told in
            told.facts = { facts in
                var facts = facts
                facts.roots[other.size] = other.root
                return facts
            }
        }
        try await box.accept(signed)
        lies.stop()
    }
}
