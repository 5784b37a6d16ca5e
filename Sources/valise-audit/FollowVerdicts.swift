import Audit
import Ledger
import Statements
import Synchronization
import Terminal
import Transport

/// A follower's verdicts: one for each stretch of the log, and at once for what is wrong.
final class FollowVerdicts: Sendable {
    /// Between two verdicts on a log that grows: each replaces the one before.
    static let pause = TimeSpan.minutes(1)

    private let teller: VerdictTeller
    private let json: Bool
    private let now: @Sendable () -> Timestamp
    private let last = Mutex<(head: LogHead, at: Timestamp, isSound: Bool)?>(nil)

    init(_ teller: VerdictTeller, json: Bool, now: @escaping @Sendable () -> Timestamp = { RelayClient.systemClock() })
    {
        self.teller = teller
        self.json = json
        self.now = now
    }

    /// Tells a verdict if one is due. What goes wrong is told, and tried again after the next round.
    func judge(_ report: AuditReport) async {
        guard let checkpoint = report.checkpoint else { return }
        let head = LogHead(size: checkpoint.size, root: checkpoint.root)
        let time = now()
        let before = last.withLock { $0 }
        if let before, before.isSound == report.isGood {
            guard before.head != head, time - before.at >= Self.pause || time < before.at else { return }
        }
        do {
            show(try await teller.tell(report))
            last.withLock { $0 = (head, time, report.isGood) }
        } catch {
            let failure = AuditProgram.failure(error)
            Output.diagnostics.note(.caution, "No verdict was told. \(failure?.message ?? "\(error)")")
        }
    }

    private func show(_ told: VerdictTeller.Told) {
        guard json else { return Output.diagnostics.note("signed: \(told.words)") }
        guard case .object(let members) = told.json else { return }
        Output.standard.json(.object([.init("schema", "valise/follow-verdict/v1")] + members))
    }
}
