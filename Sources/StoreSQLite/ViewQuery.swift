import GRDB
import Ledger
import Rules
import Statements
import Store

/// What parties and the relay's duties ask for.
struct ViewQuery {
    let database: Database

    func inbox(_ party: PartyID, after: ArrivalNumber, limit: Int) throws -> [Arrival] {
        let command = try Command(
            database, "SELECT number, message, leg FROM inbox WHERE party = ? AND number > ? ORDER BY number LIMIT ?")
        return try command.rows(.party(party), .unsigned(after.value), .limit(limit)) { row in
            guard let leg = LegNumber(Int(row.integer(2))) else { throw StoreError.damaged("an arrival names no leg") }
            return Arrival(
                party: party, number: ArrivalNumber(try row.unsigned(0)), message: MessageID(try row.hash(1)), leg: leg)
        }
    }

    func submissions(of party: PartyID, after: LogIndex, limit: Int) throws -> [MessageID] {
        let command = try Command(
            database, "SELECT id FROM messages WHERE originator = ? AND first_idx > ? ORDER BY first_idx LIMIT ?")
        return try command.rows(.party(party), .unsigned(after.rawValue), .limit(limit)) {
            MessageID(try $0.hash(0))
        }
    }

    func scope(of party: PartyID, after: LogIndex, limit: Int) throws -> [StoredEntry] {
        let command = try Command(
            database,
            """
            SELECT s.idx, e.bytes FROM scopes s JOIN entries e ON e.idx = s.idx
            WHERE s.party = ? AND s.idx > ? ORDER BY s.idx LIMIT ?
            """)
        return try command.rows(.party(party), .unsigned(after.rawValue), .limit(limit)) { try $0.entry(0, 1) }
    }

    func publications(_ party: PartyID, at time: Timestamp) throws -> [StoredEntry] {
        let command = try Command(
            database,
            """
            SELECT e.idx, e.bytes FROM keys k JOIN entries e ON e.idx = k.idx
            WHERE k.party = ? AND k.keep_until > ? ORDER BY k.idx
            """)
        return try command.rows(.party(party), .time(time)) { try $0.entry(0, 1) }
    }

    func keys(before index: LogIndex, at time: Timestamp) throws -> [SealingKeyRecord] {
        let command = try Command(
            database, "SELECT \(Self.keyColumns) FROM keys WHERE seal_until > ? AND idx < ? ORDER BY key_id")
        return try command.rows(.time(time), .index(index), read: Self.key)
    }

    /// Every key ever published: the rules refuse to publish one a second time, however old it is.
    func allKeys() throws -> [SealingKeyRecord] {
        try Command(database, "SELECT \(Self.keyColumns) FROM keys").rows(read: Self.key)
    }

    func counters() throws -> [PartyID: PartyCounters] {
        let command = try Command(
            database, "SELECT party, arrivals, unsettled_messages, unsettled_bytes FROM counters")
        let rows = try command.rows { row in
            let counters = PartyCounters(
                arrivals: try row.unsigned(1), unsettledMessages: try row.unsigned(2),
                unsettledBytes: try row.unsigned(3))
            return (try row.party(0), counters)
        }
        return Dictionary(rows) { first, _ in first }
    }

    func latestTick(_ party: PartyID) throws -> StoredEntry? {
        let command = try Command(
            database, "SELECT e.idx, e.bytes FROM ticks t JOIN entries e ON e.idx = t.idx WHERE t.party = ?")
        return try command.first(.party(party)) { try $0.entry(0, 1) }
    }

    func due(at time: Timestamp, limit: Int) throws -> [MessageID] {
        let command = try Command(
            database, "SELECT id FROM messages WHERE deadline <= ? ORDER BY deadline, first_idx LIMIT ?")
        return try command.rows(.time(time), .limit(limit)) { MessageID(try $0.hash(0)) }
    }

    private static let keyColumns = "party, delegate, key_id, seal_from, seal_until, keep_until"

    private static func key(_ row: Columns) throws -> SealingKeyRecord {
        guard let name = DelegateName(try row.text(1)) else { throw StoreError.damaged("a key names no delegate") }
        return SealingKeyRecord(
            delegate: DelegateID(party: try row.party(0), name: name), keyID: KeyID(try row.hash(2)),
            sealFrom: row.time(3), sealUntil: row.time(4), keepUntil: row.time(5))
    }
}
