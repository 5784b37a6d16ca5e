import Audit
import Ledger
import Statements

/// What a follower checks beyond the rules: the log's times against other clocks, the cadence of ticks and of
/// cosignatures. It does no I/O and reads no clock.
final class FollowChecks: EntryObserver {
    /// How much later than its interval a tick may be.
    static let tickGrace = TimeSpan.minutes(2)
    /// How long cosignatures may be missing, or a source away.
    static let patience = TimeSpan.minutes(10)
    /// Alarms of one round about single entries; more say nothing new.
    private static let mostAlarms = 64

    private let charter: Charter
    /// Whether the source shows its newest checkpoint, and not one of an interval or a copy.
    private let isLive: Bool
    private(set) var memory: FollowMemory
    private(set) var alarms: [FollowAlarm] = []
    private var bound: FollowMemory.Seen?
    private var newest: Timestamp?

    init(_ charter: Charter, isLive: Bool, _ memory: FollowMemory) {
        self.charter = charter
        self.isLive = isLive
        self.memory = memory
    }

    /// A checkpoint that is going to be replayed: its entries cannot be later than any clock that has seen it.
    func begin(_ size: TreeSize, cosignedAt: CosignatureTime?, now: Timestamp) {
        alarms = []
        let cosigned = cosignedAt.map(Self.time)
        bound = FollowMemory.Seen(size: size, at: min(now, cosigned ?? now))
    }

    func see(_ entry: Entry, at index: LogIndex) {
        let time = entry.acceptedAt
        newest = time
        if let bound, index.rawValue < bound.size.rawValue, time > bound.at + .clockTolerance {
            tell(.entryTime(index, "that it was accepted later than a clock says that has seen it"))
        }
        if let seen = memory.seen, index.rawValue >= seen.size.rawValue, time < seen.at - .clockTolerance {
            tell(.entryTime(index, "that it was accepted before a checkpoint was seen that does not have it"))
        }
        if index == 0 { for party in charter.parties { memory.ticks[party.id] = time } }
        guard case .tick(let tick) = entry.signed?.statement.act else { return }
        if let last = memory.ticks[tick.party], time - last > charter.limits.tickInterval + Self.tickGrace {
            tell(.tickLate(tick.party, after: last, by: time - last, entry: index))
        }
        memory.ticks[tick.party] = time
    }

    /// The legs without a notice of their end, by the times in the log alone: a notice is due within a tick interval.
    func see(overdue: [OverdueNotice], at last: Timestamp?) {
        guard let last else { return }
        for notice in overdue where last - notice.since > charter.limits.tickInterval + Self.tickGrace {
            tell(.noticeMissing(notice, for: last - notice.since))
        }
    }

    /// Everything of the checkpoint was found right.
    /// - Parameters:
    ///   - cosigners: the times at which the charter's witnesses have cosigned it.
    /// - Returns: all alarms of this round.
    func end(_ size: TreeSize, cosigners: [CosignatureTime], now: Timestamp) -> [FollowAlarm] {
        let interval = charter.limits.tickInterval
        let longest = interval + Self.tickGrace + (isLive ? .seconds(0) : interval)
        for (party, last) in memory.ticks.sorted(by: { $0.key < $1.key }) where now - last > longest {
            tell(.tickLate(party, after: last, by: now - last, entry: nil))
        }
        if let last = newest ?? memory.ticks.values.max(), now - last > longest {
            tell(.stale(last, age: now - last))
        }
        checkQuorum(cosigners, now)
        // What is not in the tree that a witness was asked about was accepted after that.
        if let at = cosigners.max().map(Self.time) ?? (isLive ? now : nil) {
            let known = memory.seen.flatMap { $0.size == size ? $0.at : nil }
            memory.seen = FollowMemory.Seen(size: size, at: min(now, max(at, known ?? at)))
        }
        return alarms
    }

    private static func time(_ cosigned: CosignatureTime) -> Timestamp {
        Timestamp(milliseconds: Int64(clamping: cosigned.seconds.multipliedReportingOverflow(by: 1_000).partialValue))
    }

    private func checkQuorum(_ cosigners: [CosignatureTime], _ now: Timestamp) {
        let quorum = Int(charter.witnessQuorum)
        guard quorum > 0 else { return }
        let oldest = now.milliseconds / 1_000 - Self.patience.milliseconds / 1_000
        let fresh = cosigners.count { Int64(clamping: $0.seconds) >= oldest }
        if fresh >= quorum { memory.quorum = now }
        let since = memory.quorum ?? now
        // The patience begins with the first look.
        if memory.quorum == nil { memory.quorum = now }
        if now - since > Self.patience { tell(.cosignaturesMissing(fresh, of: quorum, for: now - since)) }
    }

    private func tell(_ alarm: FollowAlarm) {
        if alarms.count < Self.mostAlarms { alarms.append(alarm) }
    }
}
