import Ledger
package import Logging
import Rules
import ServiceLifecycle
package import Statements
import Store
import Synchronization

/// Has checkpoints cosigned by the charter's witnesses, and publishes them on cadence.
///
/// Witnesses are asked for the newest checkpoint at most once in ``Cadence/pause``, and again for the same one before
/// its cosignatures grow old. With the publication mode `on-cadence`, strangers are shown one checkpoint in each of the
/// charter's tick intervals, also when nothing happened; with `always`, they are shown what parties are.
package final class CheckpointRounds: Service {
    /// How often witnesses are asked.
    package struct Cadence: Sendable {
        /// Between two new checkpoints, and after a round without a quorum.
        package var pause = TimeSpan.seconds(10)
        /// A checkpoint that stays is cosigned again after so long.
        package var refresh = TimeSpan.minutes(5)
        package init() {}
    }

    /// How the last round went.
    struct Last: Sendable {
        var asked: Timestamp?
        var isQuorum = false
        /// The number of the tick interval in which strangers were shown a checkpoint last.
        var interval: Int64?
    }

    private let log: PublishedLog
    private let reader: LogReader
    private let panel: WitnessPanel
    private let shown: ShownCheckpoints
    private let clock: RelayClock
    let cadence: Cadence
    private let logger: Logger
    private let last: Mutex<Last>

    package init(
        log: PublishedLog, reader: LogReader, panel: WitnessPanel, shown: ShownCheckpoints, clock: RelayClock,
        cadence: Cadence, logger: Logger
    ) {
        self.log = log
        self.reader = reader
        self.panel = panel
        self.shown = shown
        self.clock = clock
        self.cadence = cadence
        self.logger = logger
        // A restart publishes nothing out of turn.
        let interval = shown.strangers.map { _ in Self.interval(clock.now, log) }
        last = Mutex(Last(interval: interval))
    }

    package func run() async throws {
        guard !panel.isEmpty || isOnCadence else {
            try? await gracefulShutdown()
            return
        }
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await self.round()
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    var newest: Last { last.withLock { $0 } }
    /// The beginning of the interval in which strangers were shown a checkpoint last; nil before the first.
    var published: Timestamp? {
        newest.interval.map {
            Timestamp(milliseconds: $0 * log.snapshot.standing.charter.limits.tickInterval.milliseconds)
        }
    }
    var isOnCadence: Bool { log.snapshot.standing.charter.charter.relay.publication == .onCadence }

    private static func interval(_ time: Timestamp, _ log: PublishedLog) -> Int64 {
        time.milliseconds / max(1, log.snapshot.standing.charter.limits.tickInterval.milliseconds)
    }

    /// Does what is due now.
    package func round() async {
        let now = clock.now
        let interval = Self.interval(now, log)
        let before = last.withLock { $0 }
        let isPublic = isOnCadence && before.interval != interval
        guard isPublic || isCosigningDue(now, before) else { return }
        do {
            let (next, isQuorum) = try await cosigned()
            if !panel.isEmpty { try await shown.show(next, in: .partiesCheckpoint) }
            if isPublic { try await shown.show(next, in: .strangersCheckpoint) }
            last.withLock { last in
                last = Last(asked: now, isQuorum: isQuorum, interval: isPublic ? interval : before.interval)
            }
        } catch {
            logger.error("a checkpoint could not be shown", metadata: ["error": "\(error)"])
        }
    }

    private func isCosigningDue(_ now: Timestamp, _ last: Last) -> Bool {
        guard !panel.isEmpty else { return false }
        guard let asked = last.asked else { return true }
        let isNew = shown.parties?.head != log.snapshot.head
        return now - asked >= (isNew || !last.isQuorum ? cadence.pause : cadence.refresh) || now < asked
    }

    /// The newest checkpoint with the cosignatures that it gets now, and those that it has.
    private func cosigned() async throws -> (ShownCheckpoints.Shown, isQuorum: Bool) {
        let snapshot = log.snapshot
        let (reader, size) = (reader, snapshot.head.size)
        let known = shown.parties.flatMap { $0.head == snapshot.head ? $0.note : nil }
        let note = try SignedNote(parsing: known ?? snapshot.checkpoint)
        let (whole, isQuorum) = await panel.cosign(note) { old in
            try await reader.consistency(from: old, to: size, in: snapshot)
        }
        return (try ShownCheckpoints.read(whole, log: panel.log, cosigners: panel.keys), isQuorum)
    }
}
