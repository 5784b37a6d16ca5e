package import Audit
package import Ledger
package import Logging
import ServiceLifecycle
package import Statements
import Synchronization
import Transport

/// Follows a log for as long as one likes: mirrors what is new, replays it, compares its times with other clocks, and
/// tells at once what is wrong.
///
/// Each round goes on where the last one ended, also after a kill: the mirror, the replay's state and ``FollowMemory``
/// are on the disk. What can never be right again ends it; what can pass is told once, and again when it is over.
package final class Follower: Service {
    /// What a follower tells.
    package enum Event: Sendable {
        /// A round that found nothing wrong with the log.
        case round(size: TreeSize, grown: UInt64, cosigners: Int)
        case alarm(FollowAlarm)
        /// An alarm of an earlier round that is over.
        case over(FollowAlarm)
    }

    /// How a follower works.
    package struct Settings: Sendable {
        /// Between the end of a round and the next one.
        package var pause = TimeSpan.seconds(10)
        /// Whether one round is all.
        package var isOnce = false
        /// Whether the source shows its newest checkpoint, and not one of an interval or a copy.
        package var isLive = true
        package var workers = 2
        package init() {}
    }

    private let folder: MirrorFolder
    private let charter: TrustedCharter
    private let source: any LogSource
    private let key: AuditKey
    private let settings: Settings
    private let now: @Sendable () -> Timestamp
    private let logger: Logger
    private let judge: (@Sendable (AuditReport) async -> Void)?
    private let tell: @Sendable (Event) async -> Void
    private let state = Mutex(State())

    private struct State {
        var standing: [String: FollowAlarm] = [:]
        var awaySince: Timestamp?
        var count = 0
    }

    /// - Parameters:
    ///   - key: what the replay's own state is known by.
    ///   - now: the clock.
    ///   - judge: is given each replay before it is told, whatever it found.
    ///   - tell: takes every event, one after the other; the next round waits for it.
    package init(
        folder: MirrorFolder, charter: TrustedCharter, source: any LogSource, key: AuditKey, settings: Settings,
        now: @escaping @Sendable () -> Timestamp, logger: Logger,
        judge: (@Sendable (AuditReport) async -> Void)? = nil, tell: @escaping @Sendable (Event) async -> Void
    ) {
        self.folder = folder
        self.charter = charter
        self.source = source
        self.key = key
        self.settings = settings
        self.now = now
        self.logger = logger
        self.judge = judge
        self.tell = tell
    }

    /// How many alarms were told.
    package var alarmCount: Int { state.withLock { $0.count } }

    package func run() async throws {
        try await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let isFinal = try await self.round()
                if isFinal || self.settings.isOnce { return }
                try? await Task.sleep(for: .milliseconds(self.settings.pause.milliseconds))
            }
        }
    }

    /// One round.
    /// - Returns: whether it found what can never be right again.
    /// - Throws: ``Audit/AuditError`` for a folder that cannot be read or written; ``Keyring/KeyringError``.
    package func round() async throws -> Bool {
        do {
            let outcome = try await Mirror(folder: folder, charter: charter, source: source).run()
            state.withLock { $0.awaySince = nil }
            return try await look(outcome)
        } catch let finding as Finding {
            return try await report([FollowAlarm(finding)])
        } catch let error as TransportError {
            return try await report(away(error.message))
        } catch let error as AuditError where [.notServed, .sourceUnavailable].contains(error.code) {
            return try await report(away(error.message))
        }
    }

    private func look(_ outcome: Mirror.Outcome) async throws -> Bool {
        let size = outcome.checkpoint.size
        let checks = FollowChecks(charter.signed.charter, isLive: settings.isLive, FollowMemory(in: folder.path))
        checks.begin(size, cosignedAt: outcome.cosigned.min(), now: now())
        let memory = AuditMemory(folder: folder, key: key)
        let report = try await Verification(
            folder: folder, charter: charter, workers: settings.workers, memory: memory, observer: checks
        ).run()
        await judge?(report)
        guard report.findings.isEmpty else { return try await self.report(report.findings.map { FollowAlarm($0) }) }
        checks.see(overdue: report.overdue, at: report.last)
        let alarms = checks.end(size, cosigners: outcome.cosigned, now: now())
        try checks.memory.keep(in: folder.path)
        let isFinal = try await self.report(alarms)
        let before = report.resumedFrom?.rawValue ?? 0
        let grown = size.rawValue - min(before, size.rawValue)
        await tell(.round(size: size, grown: grown, cosigners: outcome.cosigned.count))
        return isFinal
    }

    private func away(_ message: String) -> [FollowAlarm] {
        let time = now()
        let since = state.withLock { state in
            if state.awaySince == nil { state.awaySince = time }
            return state.awaySince ?? time
        }
        logger.warning("the source does not answer", metadata: ["error": "\(message)"])
        return time - since > FollowChecks.patience || settings.isOnce ? [.away(message, for: time - since)] : []
    }

    /// Tells what is new, and what is over.
    /// - Returns: whether something of it is final.
    private func report(_ alarms: [FollowAlarm]) async throws -> Bool {
        let (fresh, over) = state.withLock { state in
            let keys = Set(alarms.map(\.key))
            let fresh = alarms.filter { state.standing[$0.key] == nil }
            let over = state.standing.filter { !keys.contains($0.key) }.map(\.value)
            state.standing = Dictionary(alarms.map { ($0.key, $0) }) { first, _ in first }
            state.count += fresh.count
            return (fresh, over)
        }
        for alarm in fresh {
            logger.error("\(alarm.sentence)", metadata: ["code": "\(alarm.code)"])
            await tell(.alarm(alarm))
        }
        // What is about one entry is a fact, and no state that ends.
        for alarm in over where alarm.entry == nil { await tell(.over(alarm)) }
        return alarms.contains(where: \.isFinal)
    }
}
