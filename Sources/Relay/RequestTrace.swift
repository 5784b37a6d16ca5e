import Daemon
import Logging
import Statements
import Synchronization
import Wire

/// What is noted of one request while it is answered: for the metrics, and for its line in the log.
final class RequestTrace: Sendable {
    @TaskLocal static var current: RequestTrace?

    struct Notes: Sendable {
        /// The route's template; a target that is no route's counts as `none`.
        var route = "none"
        /// Of the problem that it was answered with.
        var code: String?
        /// In whose name it was, once that was proven.
        var party: PartyID?
        /// The message or statement that it is about.
        var subject: String?
    }

    let id = RequestID()
    private let state = Mutex(Notes())

    var notes: Notes { state.withLock { $0 } }

    func note(_ route: Route) {
        state.withLock { notes in
            notes.route = route.template
            notes.subject = route.subject
        }
    }

    func note(problem code: String) { state.withLock { $0.code = code } }
    func note(party: PartyID) { state.withLock { $0.party = party } }
    func note(subject: StatementID) { state.withLock { $0.subject = subject.description } }
}

/// How much the log says of a request. Each level says what the ones above it say, and more:
/// `Docs/Operations/metrics.md#the-log`.
enum AccessLine {
    /// Writes the line of a request that was answered with a status, or of one whose client went away.
    static func write(_ trace: RequestTrace, status: Int?, duration: Duration, to logger: Logger) {
        // A fault of ours; what a 503 is about is said once where it began, and counted.
        let level: Logger.Level = status == 500 ? .warning : .debug
        guard logger.logLevel <= level else { return }
        let notes = trace.notes
        var line: Logger.Metadata = [
            "route": "\(notes.route)", "ms": "\(Int64((duration / .milliseconds(1)).rounded()))",
            "status": "\(status.map { String($0) } ?? "gone")",
        ]
        if let code = notes.code { line["code"] = "\(code)" }
        // Who asked is told from `debug` on, about what from `trace` on.
        if logger.logLevel <= .debug, let party = notes.party { line["party"] = "\(party)" }
        if logger.logLevel <= .trace, let subject = notes.subject { line["subject"] = "\(subject)" }
        logger.log(level: level, "request", metadata: line)
    }
}
