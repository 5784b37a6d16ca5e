import Desk
import Ledger
import Statements
import Terminal
import Transport

/// On whose replay it rests that nothing was withheld.
enum ReplayText {
    /// Goes on after `nothing withheld up to` and a time.
    static func condition(_ tick: VerifiedTick, _ replays: Replays?) -> String {
        let entry = tick.entry.index
        if let verdicts = replays?.reaching(entry), let first = verdicts.first {
            let names = verdicts.map(\.auditor.description).joined(separator: ", ")
            let entries = Counted.words(first.head.size.rawValue, "entry", "entries")
            return "on the replay of \(names): \(entries), found right "
                + TimeText.both(milliseconds: first.at.milliseconds)
        }
        let wanted = "as the relay has counted in log entry \(entry), which no auditor is known to have checked"
        guard let farthest = replays?.farthest else { return wanted }
        let last = farthest.head.size.rawValue - 1
        return "\(wanted); \(farthest.auditor) has checked up to entry \(last), "
            + TimeText.both(milliseconds: farthest.at.milliseconds)
    }

    /// Told loudly, wherever replays are told.
    static func warn(_ replays: Replays?) {
        for verdict in replays?.against ?? [] {
            let what = verdict.finding?.description ?? ""
            Output.diagnostics.note(
                Label("alarm", .bad), "\(verdict.auditor) has found the log wrong: \(what) [verdict-against]")
        }
        for auditor in replays?.takenBack ?? [] {
            Output.diagnostics.note(
                .caution, "the relay showed a newer verdict of \(auditor) before than it shows now [verdict-taken-back]"
            )
        }
    }

    static func json(_ replays: Replays?, _ tick: VerifiedTick?) -> JSONValue {
        .array(
            (replays?.verdicts ?? []).map { verdict in
                [
                    "auditor": .string(verdict.auditor.description), "size": .unsigned(verdict.head.size.rawValue),
                    "at": .integer(verdict.at.milliseconds), "sound": .bool(verdict.isSound),
                    "finding": .optional(verdict.finding?.code.text), "rule": .optional(verdict.finding?.rule?.text),
                    "entry": verdict.finding?.entry.map { .unsigned($0.rawValue) } ?? .null,
                    "reachesTick": tick.map { .bool(verdict.covers($0.entry.index)) } ?? .null,
                ]
            })
    }
}
