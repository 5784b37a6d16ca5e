import Daemon
import Ledger
package import Logging
import ServiceLifecycle
import Statements
import Synchronization

/// Keeps the newest head in its file while the log grows: within a fifth of a second of a commit, and when the relay
/// stops.
///
/// Not within the commit: a forced write of its own would halve the rate, and what it guards against is a copy put back
/// by hand, which is hardly ever so young.
package final class HeadKeeper: Service {
    /// How long the log may be ahead of the file before that is worth a word.
    private static let late = Duration.seconds(3)
    private let file: HeadFile
    private let log: PublishedLog
    private let logger: Logger
    private let pause: Duration
    private let last = Mutex(Last())

    private struct Last {
        var kept: TreeSize?
        /// Since when the log is known to be ahead of it.
        var behindSince: ContinuousClock.Instant?
        var isFailing = false
    }

    package init(_ file: HeadFile, log: PublishedLog, logger: Logger, pause: Duration = .milliseconds(200)) {
        self.file = file
        self.log = log
        self.logger = logger
        self.pause = pause
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await self.keep()
                try? await Task.sleep(for: self.pause)
            }
        }
        await keep()
    }

    /// Writes the head unless it is the one that was written last.
    package func keep() async {
        let snapshot = log.snapshot
        let isKept = last.withLock { last in
            if snapshot.head.size == last.kept { return true }
            if last.behindSince == nil { last.behindSince = .now }
            return false
        }
        guard !isKept else { return }
        do {
            try await file.write(snapshot.checkpoint)
            let before = last.withLock { last in
                defer { last = Last(kept: snapshot.head.size) }
                return last
            }
            if before.isFailing { logger.notice("the newest head is kept again") }
        } catch {
            // Once, not each time: the check of /readyz stays for as long as it fails.
            if last.withLock({ $0.isFailing }) { return }
            last.withLock { $0.isFailing = true }
            logger.error("the newest head is not kept", metadata: ["error": "\(error)"])
        }
    }
}

/// What the operator is told of it.
extension HeadKeeper {
    /// A relay goes on without it: what is lost is the guard against an older copy of the data, at the next start.
    func check(at now: ContinuousClock.Instant) -> ReadinessCheck {
        let (last, entries) = (last.withLock { $0 }, log.snapshot.head.size)
        if let since = last.behindSince, now - since > Self.late {
            let seconds = ReadinessChecks.milliseconds(now - since) / 1_000
            let kept = last.kept.map { "that of \($0)" } ?? "none of this run"
            return ReadinessCheck(
                "head", .warn,
                "For \(seconds) s the head of the log's \(entries) entries has not been kept: its file has \(kept).",
                next: "see the log for why the file cannot be written, and mend that: until then a copy of the data "
                    + "that lacks the newest entries would be served")
        }
        guard last.kept != nil else { return ReadinessCheck("head", .warn, "No head has been kept yet.") }
        return ReadinessCheck("head", .ok, "The newest is kept outside the data directory.")
    }

    var families: [MetricFamily] {
        [
            MetricFamily(
                gauge: "valise_head_kept_size", "The size of the log whose head is kept outside the data directory.",
                last.withLock { $0.kept }.map { .whole($0.rawValue) })
        ]
    }
}
