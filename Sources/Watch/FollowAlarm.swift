package import Audit
package import Ledger
import Statements

/// Something that a follower tells at once (`Docs/Specification.md#following`).
package struct FollowAlarm: Hashable, Sendable {
    /// Stable; those of a broken log are the codes of ``Audit/Finding``.
    package let code: String
    /// One sentence. It may hold strangers' text.
    package let sentence: String
    package let nextStep: String
    /// The entry that it is about, where it is about one.
    package let entry: LogIndex?
    /// Whether the log can never be right again: following ends with it.
    package let isFinal: Bool
    /// What is told once, though the sentence changes.
    let subject: String

    private init(_ code: String, _ sentence: String, next: String, entry: LogIndex? = nil, subject: String = "") {
        self.code = code
        self.sentence = sentence
        nextStep = next
        self.entry = entry
        isFinal = false
        self.subject = subject
    }

    /// What a mirror or a replay has found.
    package init(_ finding: Finding) {
        code = finding.code == .ruleBroken ? finding.label : finding.code.rawValue
        sentence = finding.message.hasSuffix(".") ? finding.message : finding.message + "."
        nextStep = finding.nextStep
        entry = finding.index
        // A file that came damaged may come right the next time; what the log's key has signed stays.
        isFinal = ![.missingFile, .bundleMalformed, .tileMismatch, .checkpointMalformed].contains(finding.code)
        subject = finding.path ?? ""
    }

    static func tickLate(_ party: PartyID, after last: Timestamp, by late: TimeSpan, entry: LogIndex?) -> FollowAlarm {
        let minutes = late.milliseconds / 60_000
        let sentence =
            entry.map { "\(party) had no tick for \(minutes) minutes before entry \($0): what reached it then" }
            ?? "\(party) has had no tick for \(minutes) minutes: what reached it since"
        return FollowAlarm(
            "tick-late", "\(sentence) could have been withheld.",
            next: "ask the operator whether the relay stood still then", entry: entry,
            subject: "\(party) \(last.milliseconds)")
    }

    static func noticeMissing(_ notice: OverdueNotice, for span: TimeSpan) -> FollowAlarm {
        FollowAlarm(
            "notice-missing",
            "Leg \(notice.leg) of message \(notice.message.short), entry \(notice.entry), ran out of time "
                + "\(span.milliseconds / 60_000) minutes before the newest entry, and the log has no notice of it.",
            next: "tell the operator: until it is logged, the originator's quota is not given back",
            subject: "\(notice.message) \(notice.leg)")
    }

    static func entryTime(_ index: LogIndex, _ what: String) -> FollowAlarm {
        FollowAlarm(
            "entry-time", "Entry \(index) says \(what).",
            next: "compare clocks with the operator and the witnesses; keep the mirror: it shows both times",
            entry: index)
    }

    static func stale(_ newest: Timestamp, age: TimeSpan) -> FollowAlarm {
        FollowAlarm(
            "checkpoint-stale",
            "The newest entry is \(age.milliseconds / 60_000) minutes old, though each tick interval has one.",
            next: "ask the operator whether the relay runs; ask the parties whether it shows them more",
            subject: "\(newest.milliseconds)")
    }

    static func cosignaturesMissing(_ there: Int, of quorum: Int, for span: TimeSpan) -> FollowAlarm {
        FollowAlarm(
            "cosignatures-missing",
            "For \(span.milliseconds / 60_000) minutes no checkpoint had a fresh quorum: \(there) of \(quorum) "
                + "witnesses.",
            next: "ask the operator how the witnesses stand; until then a fork would not be seen at once")
    }

    static func away(_ message: String, for span: TimeSpan) -> FollowAlarm {
        FollowAlarm(
            "source-away", "Nothing could be fetched for \(span.milliseconds / 60_000) minutes: \(message)",
            next: "check the network, and whether the source runs; nothing is known of the log since")
    }

    /// Whether another telling would say nothing new.
    var key: String { "\(code) \(entry.map { "\($0)" } ?? "") \(subject)" }
}
