import Daemon
import Ledger
import Rules
import Statements
import Store

/// The judgements of `/readyz`, each a function of what was found.
struct ReadinessChecks {
    /// By the relay's clock.
    let now: Timestamp
    let limits: Limits

    private static let warnBefore = TimeSpan.days(14)
    /// The relay looks for what is due every second.
    private static let dutiesLate = Duration.seconds(30)

    /// - Parameter finding: nil before anything was committed.
    func store(_ finding: StoreProbe.Finding?, intake: PublishedLog.Intake) -> ReadinessCheck {
        switch intake {
        case .open: break
        case .uncertain:
            return ReadinessCheck(
                "store", .fail, "What became of a commit is not known, and the store cannot be read.",
                next: "look at the disk: the relay looks again every second, and goes on by itself")
        case .stopped:
            return ReadinessCheck(
                "store", .fail, "Intake stopped: the store is not what was signed.",
                next: "run valise-relay check with the relay stopped: it names what differs from the log")
        }
        switch finding {
        case nil: return ReadinessCheck("store", .warn, "It has not been found out yet whether it commits.")
        case .works(nil): return ReadinessCheck("store", .ok, "A batch was committed within the last second.")
        case .works(let took?):
            return ReadinessCheck("store", .ok, "It commits, in \(Self.milliseconds(took)) ms.")
        case .failed(let error):
            return ReadinessCheck(
                "store", .fail, "It cannot commit: \(error).",
                next: "look at the disk of the data directory: space, mode, and the kernel's log")
        case .stuck(let span):
            return ReadinessCheck(
                "store", .fail, "A commit has not come back for \(Self.milliseconds(span)) ms.",
                next: "look at the disk of the data directory: the kernel's log, and what else writes to it")
        }
    }

    func clock(_ doubt: RelayClock.Doubt?) -> ReadinessCheck {
        let next = "set the machine's clock, then restart the relay if this stays"
        switch doubt {
        case nil: return ReadinessCheck("clock", .ok, "It agrees with the log and with the machine's steady clock.")
        case .behind(let span):
            return ReadinessCheck(
                "clock", .fail, "It is \(span.milliseconds / 1_000) s behind the newest entry.", next: next)
        case .ahead(let span):
            return ReadinessCheck("clock", .fail, "It jumped ahead by \(span.milliseconds / 1_000) s.", next: next)
        }
    }

    func duties(_ duties: RelayMetrics.Duties, at steady: ContinuousClock.Instant) -> ReadinessCheck {
        guard let finished = duties.finished else {
            return ReadinessCheck("duties", .warn, "The relay has not looked for what is due yet.")
        }
        let next = "read the log for why: valise-relay status shows what else is wrong"
        if steady - finished > Self.dutiesLate {
            let seconds = Self.milliseconds(steady - finished) / 1_000
            return ReadinessCheck(
                "duties", .fail, "The relay has not looked for what is due for \(seconds) s.", next: next)
        }
        let (ticks, notices) = (duties.ticksOverdue, duties.noticesOverdue)
        guard ticks + notices > 0 else { return ReadinessCheck("duties", .ok, "Nothing is overdue.") }
        return ReadinessCheck(
            "duties", .warn, "Overdue: ticks \(ticks), notices of expiry \(notices).", next: next)
    }

    /// Every party has a tick in each interval, so that a log without a new entry for longer is one that stands still.
    func checkpoint(newest: Timestamp) -> ReadinessCheck {
        let age = now - newest
        let seconds = age.milliseconds / 1_000
        guard age <= limits.tickInterval + .minutes(1) else {
            return ReadinessCheck(
                "checkpoint", .fail,
                "The newest is \(seconds) s old, and one was due within "
                    + "\(limits.tickInterval.milliseconds / 1_000) s.",
                next: "see the checks of store, clock and duties")
        }
        return ReadinessCheck("checkpoint", .ok, "The newest is \(max(0, seconds)) s old.")
    }

    /// - Parameter published: the beginning of the interval in which strangers were shown one.
    func publication(_ published: Timestamp?) -> ReadinessCheck {
        guard let published else {
            return ReadinessCheck("publication", .warn, "Strangers have not been shown a checkpoint yet.")
        }
        let late = now - published
        guard late < limits.tickInterval + limits.tickInterval else {
            return ReadinessCheck(
                "publication", .fail, "Strangers are shown a checkpoint of \(late.milliseconds / 1_000) s ago.",
                next: "see the checks of store and clock, and the log")
        }
        return ReadinessCheck("publication", .ok, "Strangers are shown a checkpoint of this interval or the last.")
    }

    func disk(_ standing: DiskWatch.Standing?) -> ReadinessCheck {
        guard let standing else {
            return ReadinessCheck(
                "disk", .warn, "The system does not say how much space the data directory has.",
                next: "check that the data directory is there and can be read")
        }
        let (free, floor) = (Self.size(standing.space.free), Self.size(standing.contentFloor))
        let next = "make space on the disk of the data directory, or move it to a larger one"
        if !standing.takesStatements {
            return ReadinessCheck("disk", .fail, "\(free) are free: nothing is taken any more.", next: next)
        }
        if !standing.takesContent {
            return ReadinessCheck(
                "disk", .fail, "\(free) are free, below the floor of \(floor): no new content is taken.", next: next)
        }
        guard standing.space.free / 2 >= standing.contentFloor else {
            return ReadinessCheck(
                "disk", .warn, "\(free) are free: the floor of \(floor), where intake stops, is near.", next: next)
        }
        return ReadinessCheck("disk", .ok, "\(free) are free; intake stops at \(floor).")
    }

    func descriptors(_ found: (open: UInt64, most: UInt64)?) -> ReadinessCheck {
        guard let found else {
            return ReadinessCheck("descriptors", .warn, "The system does not say how many are open.")
        }
        let sentence = "\(found.open) of \(found.most) file descriptors are open."
        guard !DescriptorWatch.isShort(open: found.open, most: found.most) else {
            return ReadinessCheck(
                "descriptors", .warn, sentence,
                next: "raise the limit (LimitNOFILE= of the unit), or see who holds connections open")
        }
        return ReadinessCheck("descriptors", .ok, sentence)
    }

    func certificate(end: Timestamp) -> ReadinessCheck {
        let left = end - now
        let days = left.milliseconds / 86_400_000
        let next = "renew it, put it in place of the old one, and reload the relay"
        if left.milliseconds <= 0 {
            return ReadinessCheck("certificate", .fail, "It has ended: no client connects.", next: next)
        }
        return ReadinessCheck(
            "certificate", left < Self.warnBefore ? .warn : .ok, "It ends in \(days) days.",
            next: left < Self.warnBefore ? next : nil)
    }

    static func milliseconds(_ span: Duration) -> Int64 { Int64((span / .milliseconds(1)).rounded()) }

    /// Whole units, rounded down.
    static func size(_ bytes: UInt64) -> String {
        let units = ["bytes", "KiB", "MiB", "GiB", "TiB"]
        var power = 0
        while power < 4, bytes >> UInt64(10 * (power + 1)) >= 10 { power += 1 }
        return "\(bytes >> UInt64(10 * power)) \(units[power])"
    }
}

/// The checks of a charter with witnesses.
extension ReadinessChecks {
    func quorum(
        canBe: Bool, _ last: CheckpointRounds.Last, _ cadence: CheckpointRounds.Cadence
    ) -> ReadinessCheck {
        guard canBe else {
            return ReadinessCheck(
                "witnesses", .fail, "Too many contradict this log for the charter's quorum.",
                next: "compare the log with the copies of the auditors before anything else is done")
        }
        guard let asked = last.asked else {
            return ReadinessCheck("witnesses", .warn, "They have not been asked yet.")
        }
        // A round may wait for witnesses that do not answer, for some 10 seconds.
        let late = now - asked
        guard late <= cadence.refresh + cadence.pause + .seconds(30) else {
            return ReadinessCheck(
                "witnesses", .fail, "They have not been asked for \(late.milliseconds / 1_000) s.",
                next: "see the checks of store and clock, and the log")
        }
        guard last.isQuorum else {
            return ReadinessCheck(
                "witnesses", .warn, "The last round brought fewer cosignatures than the charter's quorum.",
                next: "see the witnesses below; the parties see that nothing new is confirmed")
        }
        return ReadinessCheck("witnesses", .ok, "The last round brought the charter's quorum.")
    }

    /// One that is away holds nothing up; one that knows another log may be right, or hostile.
    func witness(_ standing: WitnessPanel.Standing) -> ReadinessCheck {
        if let alarm = standing.alarm {
            return ReadinessCheck("witness \(standing.name)", .warn, standing.sentence(at: now), next: alarm.nextStep)
        }
        return ReadinessCheck(
            "witness \(standing.name)", standing.trouble == nil ? .ok : .warn, standing.sentence(at: now),
            next: standing.trouble == nil ? nil : "ask its operator; the quorum decides whether that matters")
    }
}
