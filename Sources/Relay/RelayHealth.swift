import Daemon
import Ledger
import Rules
import Statements
import Store
import Synchronization
import Wording

/// What a relay says of itself to its operator: whether it can do its work, and its figures.
package struct RelayHealth: Sendable {
    let log: PublishedLog
    let clock: RelayClock
    let panel: WitnessPanel
    let shown: ShownCheckpoints
    let rounds: CheckpointRounds
    let bell: InboxBell
    let metrics: RelayMetrics
    let probe: StoreProbe
    let disk: DiskWatch
    package let figures: StoreFiguresWatch
    /// Nil where the newest head is kept nowhere.
    let head: HeadKeeper?
    /// When the TLS certificate ends, in milliseconds since 1970.
    let certificateEnd: @Sendable () -> Int64

    /// Judges everything now; waits for the store for two seconds at most.
    package func judge() async -> Readiness { readiness(await probe.look()) }

    private func readiness(_ finding: StoreProbe.Finding?) -> Readiness {
        let snapshot = log.snapshot
        let checks = ReadinessChecks(now: clock.now, limits: snapshot.standing.charter.limits)
        var list = [
            checks.store(finding, intake: log.intake), clockCheck(checks),
            checks.duties(metrics.duties, at: ContinuousClock.now),
            checks.checkpoint(newest: snapshot.standing.lastAcceptedAt),
        ]
        if let drain = log.drainCheck { list.insert(drain, at: 0) }
        if rounds.isOnCadence { list.append(checks.publication(rounds.published)) }
        if let head { list.append(head.check(at: .now)) }
        list.append(checks.disk(disk.standing))
        list.append(checks.descriptors(ProcessFigures.descriptors))
        list.append(checks.certificate(end: Timestamp(milliseconds: certificateEnd())))
        if !panel.isEmpty {
            list.append(checks.quorum(canBe: panel.canBeQuorum, rounds.newest, rounds.cadence))
            list += panel.standings.map { checks.witness($0) }
        }
        return Readiness(entries: snapshot.head.size.rawValue, checks: list)
    }

    private func clockCheck(_ checks: ReadinessChecks) -> ReadinessCheck {
        do throws(RelayClock.Doubt) {
            _ = try clock.next(after: log.snapshot.standing.lastAcceptedAt)
            return checks.clock(nil)
        } catch { return checks.clock(error) }
    }

    /// A scrape: what is counted in memory, what the kernel says, and what was found out about the store without it,
    /// half a minute ago at most: whether it commits, and its sizes. It commits nothing and waits for nothing.
    package func scrape() -> String {
        let readiness = readiness(probe.newest)
        let standing = log.snapshot.standing
        let families =
            [
                MetricFamily(
                    gauge: "valise_build_info", "The version that runs.", by: "version",
                    [(BuildVersion.text, .whole(1))]
                ),
                MetricFamily(
                    gauge: "valise_ready", "Whether the relay can do its work, as /readyz says.",
                    .whole(readiness.isReady ? 1 : 0)),
                MetricFamily(
                    gauge: "valise_check", "How each check of /readyz stands: 0 ok, 1 warning, 2 failure.", by: "check",
                    readiness.checks.filter { !$0.name.hasPrefix("witness ") }.map {
                        ($0.name, .whole($0.state.weight))
                    }
                ),
            ] + metrics.families + logFamilies + (head?.families ?? [])
            + WitnessMetrics(shown: shown.parties, witnesses: panel.standings).families
            + [
                MetricFamily(
                    gauge: "valise_long_polls", "Requests that wait for something to arrive.",
                    .whole(UInt64(bell.waitingCount))),
                MetricFamily(
                    gauge: "valise_unsettled_messages", "Messages that have not come to an end.",
                    .whole(standing.counters.values.reduce(0) { $0 &+ $1.unsettledMessages })),
                MetricFamily(
                    gauge: "valise_unsettled_bytes", "Payload bytes of messages that have not come to an end.",
                    .whole(standing.counters.values.reduce(0) { $0 &+ $1.unsettledBytes })),
                MetricFamily(
                    gauge: "valise_certificate_end_timestamp_seconds", "When the TLS certificate ends.",
                    .real(Double(certificateEnd()) / 1_000)),
            ] + diskFamilies + figures.families + ProcessFigures.families
        return families.map(\.text).joined()
    }

    private var logFamilies: [MetricFamily] {
        let snapshot = log.snapshot
        let duties = metrics.duties
        return [
            MetricFamily(gauge: "valise_log_size", "Entries in the log.", .whole(snapshot.head.size.rawValue)),
            MetricFamily(
                gauge: "valise_log_newest_timestamp_seconds", "The time of the newest entry and its checkpoint.",
                Self.seconds(snapshot.standing.lastAcceptedAt)),
            MetricFamily(
                gauge: "valise_checkpoint_published_timestamp_seconds",
                "The beginning of the interval in which strangers were shown a checkpoint last.",
                rounds.isOnCadence ? rounds.published.map { Self.seconds($0) } : nil),
            MetricFamily(
                gauge: "valise_witness_quorum", "Whether the last round of witnesses had the charter's quorum.",
                panel.isEmpty || rounds.newest.asked == nil ? nil : .whole(rounds.newest.isQuorum ? 1 : 0)),
            MetricFamily(
                gauge: "valise_duties_timestamp_seconds", "When the relay last looked for what is due.",
                duties.at.map { Self.seconds($0) }),
            MetricFamily(
                gauge: "valise_ticks_overdue", "Parties whose tick was due and did not come into the log.",
                .whole(UInt64(duties.ticksOverdue))),
            MetricFamily(
                gauge: "valise_notices_overdue", "Legs whose notice was due and did not come into the log.",
                .whole(UInt64(duties.noticesOverdue))),
        ]
    }

    private var diskFamilies: [MetricFamily] {
        let standing = disk.standing
        return [
            MetricFamily(
                gauge: "valise_disk_free_bytes", "Free bytes of the data directory's disk.",
                standing.map { .whole($0.space.free) }),
            MetricFamily(
                gauge: "valise_disk_size_bytes", "Bytes of the data directory's disk.",
                standing.map { .whole($0.space.size) }),
            MetricFamily(
                gauge: "valise_disk_floor_bytes", "Below so many free bytes no new content is taken.",
                standing.map { .whole($0.contentFloor) }),
        ]
    }

    private static func seconds(_ time: Timestamp) -> MetricFamily.Value { .real(Double(time.milliseconds) / 1_000) }
}
