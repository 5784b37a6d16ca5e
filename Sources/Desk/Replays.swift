package import Ledger
package import Statements
package import Transport

/// On whose replay rests what ticks say: the newest word of each full auditor's delegate, as the relay shows them.
package struct Replays: Hashable, Sendable {
    /// The farthest first.
    package let verdicts: [Verdict]
    /// Of whom this desk was shown a newer word before.
    package let takenBack: [DelegateID]

    package init(_ answer: VerdictsAnswer, takenBack: [DelegateID] = []) {
        self.takenBack = takenBack
        verdicts = answer.verdicts.map(\.verdict).sorted { a, b in
            (b.head.size, b.at, a.auditor) < (a.head.size, a.at, b.auditor)
        }
    }

    /// Who has found every entry right up to this one and beyond; the farthest first.
    package func reaching(_ entry: LogIndex) -> [Verdict] { verdicts.filter { $0.covers(entry) } }
    /// The farthest replay that found everything right.
    package var farthest: Verdict? { verdicts.first(where: \.isSound) }
    /// Those who have found something wrong.
    package var against: [Verdict] { verdicts.filter { !$0.isSound } }
}

extension Desk {
    /// What the charter's full auditors have said, each verdict signed, and on this desk's own log.
    /// - Returns: nil when the relay does not say.
    /// - Throws: ``Transport/TransportError`` `fork` for a verdict on another log than this desk knows, `proof-wrong`.
    package func replays() async throws -> Replays? {
        do {
            let answer = try await relay.verdicts()
            return Replays(answer, takenBack: try KeptVerdicts(home).compare(answer.verdicts.map(\.verdict)))
        } catch let error as TransportError where [.relayRefused, .relayUnavailable].contains(error.code) {
            return nil
        }
    }
}

extension StatusReport.Concern {
    /// An auditor's word against the log.
    static func against(_ verdict: Verdict) -> Self {
        .init(
            weight: .alarm, code: "verdict-against",
            sentence: "\(verdict.auditor) has found the log wrong: \(verdict.finding?.description ?? "").",
            advice: "call \(verdict.auditor.party) and the other parties; an auditor's copy of the log proves it")
    }
}
