package import Logging
import Rules
import ServiceLifecycle
package import Statements
package import Store

/// What the relay itself says: a tick for each party in every interval, and notices for legs that ran out of time.
/// It also clears away uploads and drafts that are done with, and erases contents that were kept for long enough.
package struct RelayActs: Service {
    private let sequencer: Sequencer
    private let log: PublishedLog
    private let store: any Store
    private let clock: RelayClock
    private let logger: Logger
    /// How often expired legs are looked for.
    private let sweep: Duration
    private let erasing: Erasing
    private let metrics: RelayMetrics

    /// - Parameter retention: how long contents are kept, if that is longer than the charter's retention.
    package init(
        sequencer: Sequencer, log: PublishedLog, store: any Store, clock: RelayClock, logger: Logger,
        retention: TimeSpan? = nil, sweep: Duration = .seconds(1), metrics: RelayMetrics = RelayMetrics()
    ) {
        self.sequencer = sequencer
        self.log = log
        self.store = store
        self.clock = clock
        self.logger = logger
        self.sweep = sweep
        self.metrics = metrics
        erasing = Erasing(
            sequencer: sequencer, log: log, store: store, clock: clock, logger: logger, setting: retention)
    }

    package func run() async throws {
        erasing.announce()
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await self.round()
                try? await Task.sleep(for: self.sweep)
            }
        }
    }

    /// Logs whatever is due now.
    package func round() async {
        await sequencer.lookAgain()
        var duties = RelayMetrics.Duties()
        do {
            duties.ticksOverdue = try await ticks()
            duties.noticesOverdue = try await notices()
            duties.at = clock.now
            duties.finished = .now
            metrics.note(duties)
            try await tidy()
            try await erasing.round()
        } catch {
            logger.error(
                "the relay's own acts could not be logged", metadata: ["error": LoggedError.words(error, for: logger)])
        }
    }

    /// Removes uploads whose time is over, and drafts that are in the log or can no longer come into it.
    private func tidy() async throws {
        let now = clock.now
        // Late, so that an upload is not removed under a commit that was decided at its last moment.
        for id in try await store.uploads(expiredAt: now - .minutes(5)) { try await store.removeUpload(id) }
        for id in try await store.settledDrafts(at: now) { try await store.removeDraft(id) }
    }

    /// - Returns: for how many parties one was due and did not come into the log.
    private func ticks() async throws -> Int {
        var overdue = 0
        let snapshot = log.snapshot
        let charter = snapshot.standing.charter
        let now = clock.now
        for party in charter.charter.parties {
            let last = try await store.latestTick(party.id)
                .map { try Entry(der: $0.bytes, limit: Bounds.entry).acceptedAt }
            if let last, now < last + charter.limits.tickInterval { continue }
            if try await !tick(party.id) { overdue += 1 }
        }
        return overdue
    }

    private func tick(_ party: PartyID) async throws -> Bool {
        let outcome = await sequencer.say(
            Sequencer.OwnAct { standing, time in
                .tick(
                    Tick(
                        party: party, arrivals: standing.counters[party]?.arrivals ?? 0,
                        charterInForce: standing.charter.inForce, keys: standing.keysHash(at: time)))
            })
        if case .rejected(let objection, _) = outcome {
            logger.error("a tick was rejected", metadata: ["code": "\(objection.code)"])
        }
        return outcome.isAccepted
    }

    /// - Returns: for how many legs one was due and did not come into the log.
    private func notices() async throws -> Int {
        let now = clock.now
        var overdue = 0
        for id in try await store.due(at: now, limit: 256) {
            let chain = try await store.chain(id).map {
                (index: $0.index, entry: try Entry(der: $0.bytes, limit: Bounds.entry))
            }
            guard let message = MessageState(chain: chain) else { continue }
            let grace = log.snapshot.standing.charter.limits.confirmGrace
            for number in message.legs.indices {
                guard let leg = LegNumber(number), !message.legs[number].stage.isTerminal,
                    message.stage(leg, at: now, grace: grace).isTerminal
                else { continue }
                let outcome = await sequencer.say(
                    Sequencer.OwnAct(message: id) { _, _ in .expiry(LegReference(message: id, leg: leg)) })
                if !outcome.isAccepted { overdue += 1 }
            }
        }
        return overdue
    }
}
