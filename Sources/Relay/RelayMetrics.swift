import Daemon
import Rules
import Statements
import Synchronization

/// What a relay counts while it runs, in memory only: a restart begins anew.
///
/// No label names a party, a delegate or a message, at any log level: labels are routes, codes, acts, checks and the
/// charter's witnesses, so their number is bounded and they say nothing of who writes to whom.
package final class RelayMetrics: Sendable {
    /// What became of the relay's own duties in its last round.
    struct Duties: Sendable {
        /// By the relay's clock.
        var at: Timestamp?
        /// By the machine's steady clock.
        var finished: ContinuousClock.Instant?
        /// Parties whose tick was due and did not come into the log.
        var ticksOverdue = 0
        /// Legs whose notice was due and did not come into the log.
        var noticesOverdue = 0
    }

    let connections = ConnectionFigures()
    let requests = LabelledCounter("route", "status")
    let durations = Histogram(bounds: Histogram.durations, by: "route")
    let problems = LabelledCounter("code")
    let statements = LabelledCounter("act", "outcome")
    let rejections = LabelledCounter("code")
    let envelopeBytes = Counter()
    let queue = Level()
    let limits = LimitFigures()
    let batches = Histogram(bounds: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512])
    let commits = Histogram(bounds: Histogram.durations)
    let commitFailures = Counter()
    private let newestCommit = Mutex<ContinuousClock.Instant?>(nil)
    private let newestDuties = Mutex(Duties())

    package init() {}

    var duties: Duties { newestDuties.withLock { $0 } }
    func note(_ duties: Duties) { newestDuties.withLock { $0 = duties } }

    /// When a commit became durable last.
    var committedAt: ContinuousClock.Instant? { newestCommit.withLock { $0 } }

    /// Notes that a commit became durable.
    func committed(since begin: ContinuousClock.Instant) {
        let end = ContinuousClock.now
        commits.observe(end - begin)
        newestCommit.withLock { $0 = end }
    }

    /// Notes what a sender was told.
    /// - Parameters:
    ///   - isRepeated: whether it was in the log already.
    ///   - envelope: bytes of the envelope that came with it.
    func count(
        _ kind: Act.Kind, _ outcome: Sequencer.Outcome, isRepeated: Bool = false, envelope: UInt64 = 0
    ) {
        switch outcome {
        case .accepted where isRepeated: statements.add(kind.description, "repeated")
        case .accepted:
            statements.add(kind.description, "accepted")
            envelopeBytes.add(envelope)
        case .rejected(let objection, _):
            statements.add(kind.description, "rejected")
            rejections.add(objection.code.rawValue)
        case .busy: statements.add(kind.description, "busy")
        case .overloaded: statements.add(kind.description, "overloaded")
        case .clock: statements.add(kind.description, "clock")
        case .unavailable: statements.add(kind.description, "unavailable")
        }
    }

    var families: [MetricFamily] {
        connections.families + limits.families + [
            requests.family("valise_requests_total", "Requests that were answered, by route and class of status."),
            durations.family("valise_request_duration_seconds", "From a request's head to the head of its answer."),
            problems.family("valise_problems_total", "Answers that were problem documents, by code."),
            statements.family("valise_statements_total", "Statements that were decided or turned away, by act."),
            rejections.family("valise_rejections_total", "Signed rejections, by code of the rules."),
            MetricFamily(
                counter: "valise_envelope_bytes_total", "Bytes of envelope files that were accepted.",
                .whole(envelopeBytes.value)),
            MetricFamily(gauge: "valise_queue_statements", "Statements that wait for a batch.", .whole(queue.value)),
            batches.family("valise_batch_statements", "Statements in a batch."),
            commits.family("valise_commit_duration_seconds", "How long a batch's commit took, forced to the disk."),
            MetricFamily(
                counter: "valise_commit_failures_total", "Commits that failed or whose outcome was unknown.",
                .whole(commitFailures.value)),
        ]
    }
}
