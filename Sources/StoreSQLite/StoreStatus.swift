import GRDB
import Glibc
import Ledger
import Rules
package import Statements
package import Store

/// What an operator may want to know of a store, read in one snapshot beside a relay that works on it: nothing is
/// written and no lock is taken. What is read grows with what is unsettled, with the last day, and with the envelopes
/// that have a file of their own, whose rows are all counted; not with the entries of the log.
package struct StoreStatus: Sendable {
    /// What came in since a time.
    package struct Growth: Sendable, Hashable {
        package let entries: UInt64
        package let entryBytes: UInt64
        /// Submissions whose envelope is kept.
        package let messages: UInt64
        package let envelopeBytes: UInt64
    }

    /// What waits for a party to act on it.
    package struct Holder: Sendable, Hashable {
        package let party: PartyID
        package let legs: UInt64
        /// When the oldest of them reached it.
        package let oldest: Timestamp
    }

    /// At most so many unsettled messages are looked at.
    package static let mostMessages = 10_000

    package let charter: SignedCharter
    package let entries: UInt64
    package let newest: Timestamp
    package let hour: Growth
    package let day: Growth
    package let figures: StoreFigures
    /// Envelopes with a file of their own.
    package let envelopeFiles: (count: UInt64, bytes: UInt64)
    /// By party.
    package let holders: [Holder]
    package let unsettled: UInt64
    /// The notes of the checkpoints that parties and strangers are shown.
    package let shown: (parties: [UInt8]?, strangers: [UInt8]?)

    /// Whether ``holders`` counts every unsettled message.
    package var isWhole: Bool { unsettled <= UInt64(Self.mostMessages) }

    /// Blocks the calling thread.
    /// - Throws: ``StoreError``: `notFound` if there is no store, or no log in it.
    package static func read(directory: String, at now: Timestamp) throws(StoreError) -> StoreStatus {
        let folder = StoreFolder(at: directory)
        return try StoreError.translating {
            try StoreDatabase.beside(folder, label: "valise.status") { database in
                // Every read within it sees the same commit.
                try database.beginTransaction(.deferred)
                defer { try? database.rollback() }
                return try StatusQuery(database: database, now: now).read(path: folder.database)
            }
        }
    }
}

private struct StatusQuery {
    let database: Database
    let now: Timestamp

    func read(path: String) throws -> StoreStatus {
        let size = try Command(database, "SELECT size FROM checkpoint").first { try $0.unsigned(0) } ?? 0
        guard size > 0, case .charter(let charter) = try entry(0).body else {
            throw StoreError(.notFound, "there is no log in \(path)")
        }
        let (holders, unsettled) = try holders(grace: charter.charter.limits.confirmGrace)
        return StoreStatus(
            charter: charter, entries: size, newest: try entry(size - 1).acceptedAt,
            hour: try growth(since: now - .hours(1), size: size), day: try growth(since: now - .days(1), size: size),
            figures: try FiguresQuery(database: database).figures(path: path),
            envelopeFiles: try sum("SELECT count(*), coalesce(sum(size), 0) FROM envelopes WHERE file IS NOT NULL"),
            holders: holders, unsettled: unsettled,
            shown: (try note(.partiesCheckpoint), try note(.strangersCheckpoint)))
    }

    private func entry(_ index: UInt64) throws -> Entry {
        let index = LogIndex(rawValue: index)
        guard let bytes = try LogQuery(database: database).entry(index) else {
            throw StoreError.damaged("entry \(index) is not there")
        }
        return try LogQuery.decode(StoredEntry(index: index, bytes: bytes))
    }

    /// Entry times never go back, so that the first one after a time is found in a few steps.
    private func growth(since time: Timestamp, size: UInt64) throws -> StoreStatus.Growth {
        var (low, high) = (UInt64(0), size)
        while low < high {
            let middle = low + (high - low) / 2
            if try entry(middle).acceptedAt > time { high = middle } else { low = middle + 1 }
        }
        let first = LogIndex(rawValue: low)
        let entries = try sum("SELECT count(*), coalesce(sum(length(bytes)), 0) FROM entries WHERE idx >= ?", first)
        let envelopes = try sum("SELECT count(*), coalesce(sum(size), 0) FROM envelopes WHERE message >= ?", first)
        return StoreStatus.Growth(
            entries: entries.count, entryBytes: entries.bytes, messages: envelopes.count,
            envelopeBytes: envelopes.bytes)
    }

    private func sum(_ sql: String, _ first: LogIndex? = nil) throws -> (count: UInt64, bytes: UInt64) {
        let command = try Command(database, sql)
        let read: (Columns) throws -> (UInt64, UInt64) = { (try $0.unsigned(0), try $0.unsigned(1)) }
        guard let first else { return try command.first(read: read) ?? (0, 0) }
        return try command.first(.index(first), read: read) ?? (0, 0)
    }

    private func note(_ slot: NoteSlot) throws -> [UInt8]? {
        try Command(database, "SELECT note FROM notes WHERE slot = ?").first(.text(slot.name)) { try $0.bytes(0) }
    }

    private func holders(grace: TimeSpan) throws -> ([StoreStatus.Holder], unsettled: UInt64) {
        let unsettled = try Command(database, "SELECT count(*) FROM messages WHERE deadline IS NOT NULL").first {
            try $0.unsigned(0)
        }
        let ids = try Command(database, "SELECT id FROM messages WHERE deadline IS NOT NULL ORDER BY deadline LIMIT ?")
            .rows(.limit(StoreStatus.mostMessages)) { MessageID(try $0.hash(0)) }
        var found: [PartyID: (legs: UInt64, oldest: Timestamp)] = [:]
        for id in ids {
            let chain = try FactsQuery(database: database, isHeld: false).chain(id).map {
                (index: $0.index, entry: try LogQuery.decode($0))
            }
            guard let message = MessageState(chain: chain) else { continue }
            for (number, leg) in message.legs.enumerated() {
                guard let holder = leg.holder, let leg = LegNumber(number),
                    !message.stage(leg, at: now, grace: grace).isTerminal
                else { continue }
                let since = Self.arrival(of: leg, in: chain.map(\.entry)) ?? message.submittedAt
                let before = found[holder] ?? (0, since)
                found[holder] = (before.legs + 1, min(before.oldest, since))
            }
        }
        let holders = found.sorted { $0.key.description < $1.key.description }.map {
            StoreStatus.Holder(party: $0.key, legs: $0.value.legs, oldest: $0.value.oldest)
        }
        return (holders, unsettled ?? 0)
    }

    /// When a leg was passed on last; nil if it never was.
    private static func arrival(of leg: LegNumber, in chain: [Entry]) -> Timestamp? {
        chain.last { entry in
            if case .conveyance(let reference) = entry.signed?.statement.act { reference.leg == leg } else { false }
        }?.acceptedAt
    }
}
