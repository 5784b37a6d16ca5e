import Logging
import Rules
import Statements
import Store

/// Erases the content of messages that are settled for long enough: the duty that bounds a relay's disk.
struct Erasing: Sendable {
    let sequencer: Sequencer
    let log: PublishedLog
    let store: any Store
    let clock: RelayClock
    let logger: Logger
    /// How long the operator keeps contents; the charter's retention counts where that is longer, or nothing is set.
    let setting: TimeSpan?

    /// Erasures that are logged in one round, so that ticks and notices are not held up behind a great many.
    private static let mostActs = 16

    /// How long contents are kept; nil where nothing is erased.
    private var retention: TimeSpan? {
        log.snapshot.standing.charter.retention.map { max($0, setting ?? $0) }
    }

    /// Tells the operator when what was set is not what happens.
    func announce() {
        guard let setting else { return }
        let charter = log.snapshot.standing.charter
        guard let least = charter.retention else {
            let version = charter.charter.rulesVersion
            let reason =
                version < RulesVersions.erasing
                ? "rules version \(version) erases nothing" : "the charter names no retention"
            return logger.warning("retention is set, and nothing will be erased", metadata: ["reason": "\(reason)"])
        }
        guard setting < least else { return }
        logger.warning(
            "retention is set shorter than the charter's, which holds",
            metadata: ["set": "\(setting)", "charter": "\(least)"])
    }

    /// Erases what is due now, and does away with what earlier erasures have left.
    func round() async throws {
        if let retention {
            for _ in 0..<Self.mostActs {
                let due = try await store.settled(before: clock.now - retention, limit: Bounds.erasures)
                guard !due.isEmpty, await erase(due) else { break }
            }
        }
        _ = try await store.finishErasures()
    }

    private func erase(_ messages: [MessageID]) async -> Bool {
        switch await sequencer.say(Sequencer.OwnAct(erases: messages) { _, _ in .erasure(messages) }) {
        case .accepted(let entry, _):
            logger.info("contents erased", metadata: ["messages": "\(messages.count)", "entry": "\(entry.index)"])
            return true
        case .rejected(let objection, _):
            logger.error(
                "an erasure was rejected", metadata: ["code": "\(objection.code)", "why": "\(objection.detail)"])
            return false
        default: return false
        }
    }
}
