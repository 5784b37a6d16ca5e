import Archive
import Ledger
import Rules
package import Statements
package import Transport

/// How a desk stands, in one screen: what it knows by itself, what the relay says, and what to do about it.
package struct StatusReport: Sendable {
    /// Something that is not as it should be.
    package struct Concern: Sendable, Hashable {
        package enum Weight: Int, Sendable, Comparable, CustomStringConvertible {
            case note, caution, alarm
            package var description: String {
                switch self {
                case .note: "note"
                case .caution: "caution"
                case .alarm: "alarm"
                }
            }
            package static func < (a: Weight, b: Weight) -> Bool { a.rawValue < b.rawValue }
        }
        package let weight: Weight
        /// Stable, lowercase, hyphenated.
        package let code: String
        package let sentence: String
        /// What to do; a command where there is one.
        package let advice: String
    }

    /// What the relay answered.
    package struct Reached: Sendable {
        package let roundTrip: TimeSpan
        /// How far its clock is ahead of this machine's; nil when it does not say.
        package let clockAhead: TimeSpan?
        package let head: LogHead
        package let tick: VerifiedTick?
        /// What auditors have said of the log; nil when the relay does not say.
        package let replays: Replays?
        /// Arrivals that nobody of this party has retrieved or carried on.
        package let unread: Int
        /// Arrivals with something left to do.
        package let open: Int
    }

    /// A sealing key of this desk.
    package struct Key: Sendable, Hashable {
        /// The first letters of its identifier.
        package let name: String
        /// When it serves; nil for one that is not published.
        package let record: KeyRecords.Record?
    }

    package let delegate: DelegateID
    package let at: Timestamp
    package let charter: CharterID
    package let title: String
    /// The constitution's and the own roster's revision.
    package let revisions: (constitution: Revision, roster: Revision)
    package let relayURL: String
    package let agent: Bool
    package let keys: [Key]
    /// Size and time of writing of the newest verified checkpoint.
    package let checkpoint: (head: LogHead, keptAt: Timestamp)?
    /// What the charter's witnesses have cosigned; nil when it asks for none, or none was seen.
    package let confirmed: ConfirmedHead?
    /// Messages in the outbox.
    package let outbox: Int
    /// Messages of the archive; `unsent` are those that never went out: refused or withdrawn.
    package let archived: (sent: Int, received: Int, unsent: Int)
    /// nil when the relay did not answer as it should; the concerns say why.
    package let reached: Reached?
    /// The gravest first.
    package let concerns: [Concern]
}

extension Desk {
    /// Looks at everything; nothing is changed but the marks of time.
    /// - Throws: only what makes the desk itself unusable: ``DeskError``, ``Archive/ArchiveError``.
    package func status() async throws -> StatusReport {
        var concerns: [StatusReport.Concern] = []
        let reached = await reach(&concerns)
        let memory = CheckpointFile(home, charter)
        let kept = try memory.load().flatMap { known in memory.keptAt().map { (head: known.head, keptAt: $0) } }
        let keys = try statusKeys(&concerns)
        let confirmed = try await confirmed(&concerns)
        let outbox = try await Outbox(self).names(ending: ".item").count
        if outbox > 0 {
            concerns.append(
                .init(
                    weight: .caution, code: "outbox-waiting",
                    sentence: "\(outbox == 1 ? "1 message waits" : "\(outbox) messages wait") to be handed over.",
                    advice: "valise outbox flush"))
        }
        if let reached, reached.unread > 0 {
            concerns.append(
                .init(
                    weight: .note, code: "unread",
                    sentence:
                        "\(reached.unread == 1 ? "1 message waits" : "\(reached.unread) messages wait") for \(party).",
                    advice: "valise inbox"))
        }
        let inForce = charter.inForce
        return StatusReport(
            delegate: id, at: now(), charter: charter.id, title: charter.charter.title,
            revisions: (inForce.constitution, inForce.roster(party)), relayURL: charter.charter.relay.url,
            agent: DeskKeys.usesAgent(self.keys), keys: keys, checkpoint: kept, confirmed: confirmed,
            outbox: outbox,
            archived: try await archivedCounts(), reached: reached,
            concerns: concerns.sorted { $0.weight > $1.weight })
    }

    private func archivedCounts() async throws -> (sent: Int, received: Int, unsent: Int) {
        let summaries = try await archive().summaries()
        let unsent = try await unsentMessages()
        let sent = summaries.filter { $0.direction == .sent }.map { unsent[$0.id] }
        return (
            sent.count { $0 == nil }, summaries.count - sent.count, sent.count { $0 != nil && $0 != .waiting }
        )
    }

    private func reach(_ concerns: inout [StatusReport.Concern]) async -> StatusReport.Reached? {
        do {
            let probe = try await relay.probe()
            _ = try await relay.fetchCharter()
            let look = try await inbox(marking: false)
            checkClock(probe.clockAhead, &concerns)
            checkTick(look.tick, &concerns)
            let replays = try await replays()
            concerns += replays?.against.map(StatusReport.Concern.against) ?? []
            concerns += replays?.takenBack.map(StatusReport.Concern.takenBack) ?? []
            concerns += try await missingDrafts().map(StatusReport.Concern.missing)
            concerns += try await rejectedAndLogged().map { StatusReport.Concern.rejected($0.kept, inLog: $0.entry) }
            return StatusReport.Reached(
                roundTrip: probe.roundTrip, clockAhead: probe.clockAhead, head: look.head.head, tick: look.tick,
                replays: replays, unread: look.rows.count(where: \.isUnread), open: look.rows.count(where: \.isOpen))
        } catch let error as TransportError {
            let isAway = error.code == .relayUnavailable
            let alarms: [TransportError.Code] = [
                .fork, .withheld, .checkpointWrong, .proofWrong, .relayUntrusted, .entryAhead,
            ]
            let isAlarm = alarms.contains(error.code)
            concerns.append(
                .init(
                    weight: isAlarm ? .alarm : .caution, code: error.reportedCode,
                    sentence: isAway ? "The relay does not answer: \(error.message)." : error.message,
                    advice: error.hint))
        } catch let error as DeskError {
            concerns.append(
                .init(
                    weight: error.kind == .verification ? .alarm : .caution, code: error.code, sentence: error.message,
                    advice: error.hint))
        } catch {
            concerns.append(
                .init(weight: .caution, code: "relay-unavailable", sentence: "\(error)", advice: "try again"))
        }
        return nil
    }

    /// What witnesses say of a log that does not fit is told with the relay; that they say nothing, here.
    private func confirmed(_ concerns: inout [StatusReport.Concern]) async throws -> ConfirmedHead? {
        guard relay.hasWitnessQuorum else { return nil }
        let found: ConfirmedHead?
        do { found = try await confirmed() } catch is TransportError { found = nil }
        let oldest = now().milliseconds / 1_000 - Self.confirmationAge.milliseconds / 1_000
        if (found?.at.seconds).map({ Int64(clamping: $0) < oldest }) ?? true {
            concerns.append(
                .init(
                    weight: .caution, code: "not-confirmed",
                    sentence: found == nil
                        ? "No checkpoint with the quorum of the charter's witnesses was seen."
                        : "The charter's witnesses have confirmed nothing for over 15 minutes.",
                    advice: "ask the operator how the witnesses stand; until then a fork would not be seen at once"))
        }
        return found
    }

    /// Cosignatures are renewed every five minutes.
    private static let confirmationAge = TimeSpan.minutes(15)

    private func checkClock(_ ahead: TimeSpan?, _ concerns: inout [StatusReport.Concern]) {
        guard let ahead, ahead.milliseconds.magnitude >= 60_000 else { return }
        let minutes = ahead.milliseconds.magnitude / 60_000
        let weight: StatusReport.Concern.Weight = minutes >= 5 ? .alarm : .caution
        concerns.append(
            .init(
                weight: weight, code: "clock-differs",
                sentence:
                    "The relay's clock is \(minutes) min \(ahead.milliseconds > 0 ? "ahead of" : "behind") this one; "
                    + "from 5 min on it refuses what is said here.",
                advice: "set this machine's clock; if it is right, tell the operator"))
    }

    private func checkTick(_ tick: VerifiedTick?, _ concerns: inout [StatusReport.Concern]) {
        guard let tick else {
            return concerns.append(
                .init(
                    weight: .caution, code: "tick-missing",
                    sentence: "The relay shows no tick for \(party), so arrivals could be withheld.",
                    advice: "try again in some minutes; if it stays so, tell the operator and an auditor"))
        }
        if tick.tick.charterInForce != charter.inForce.inForce {
            concerns.append(
                .init(
                    weight: .alarm, code: "tick-wrong",
                    sentence: "The relay's tick names another charter than the one this desk joined.",
                    advice: "call the other parties: the relay may run under another charter"))
        }
        let age = now() - tick.acceptedAt
        guard age >= charter.inForce.limits.tickFreshness else { return }
        concerns.append(
            .init(
                weight: .caution, code: "tick-stale",
                sentence:
                    "The newest tick is \(age.milliseconds / 60_000) min old; nothing can be sealed under it, and "
                    + "later arrivals could be withheld.",
                advice: "try again later; if it stays so, tell the operator and an auditor"))
    }

    private func statusKeys(_ concerns: inout [StatusReport.Concern]) throws -> [StatusReport.Key] {
        let known = try KeyRecords(home).load()
        let time = now()
        let keys = try home.sealingKeyNames().map { StatusReport.Key(name: $0, record: known.record(named: $0)) }
        let current = keys.filter { key in key.record.map { $0.sealFrom <= time && time < $0.sealUntil } ?? false }
        if current.isEmpty {
            concerns.append(
                .init(
                    weight: .caution, code: "no-current-key",
                    sentence: "No sealing key of this desk is known to serve now: others cannot seal to it.",
                    advice: "valise keys publish"))
        }
        if keys.contains(where: { $0.record.map { $0.keepUntil <= time } ?? false }) {
            concerns.append(
                .init(
                    weight: .caution, code: "key-overdue", sentence: "A sealing key is past the time to destroy it.",
                    advice: "valise inbox, when the relay answers"))
        }
        return keys.sorted { key($0) < key($1) }
    }

    private func key(_ key: StatusReport.Key) -> (Timestamp, String) {
        (key.record?.sealFrom ?? Timestamp(milliseconds: Timestamp.range.upperBound), key.name)
    }
}
