import GRDB
import Ledger
import Rules
import Statements
import Store

/// What the rules ask for: whether a statement or a nonce is in the log, and messages as their custody chains tell.
struct FactsQuery {
    let database: Database
    /// Whether what is found is held against the entries, and these against their tiles, so that a row that has changed
    /// on the disk is seen when it is used. A check has made the rows itself.
    var isHeld = true

    func facts(_ wanted: Facts.Wanted, standing: StandingFacts) throws -> Facts {
        var facts = Facts(standing: standing)
        if !wanted.statements.isEmpty {
            let command = try Command(database, "SELECT idx FROM statements WHERE id = ?")
            for id in wanted.statements {
                if let index = try command.first(.hash(id.hash), read: { try $0.index(0) }) {
                    try hold(index, "statement \(id.short)") { $0.id == id }
                    facts.statements[id] = index
                }
            }
        }
        if !wanted.nonces.isEmpty {
            let command = try Command(database, "SELECT first_idx FROM messages WHERE nonce = ? AND originator = ?")
            for key in wanted.nonces {
                let index = try command.first(.blob(key.nonce.bytes), .party(key.party)) { try $0.index(0) }
                guard let index else { continue }
                try hold(index, "a nonce of \(key.party)") { signed in
                    guard case .submission(let submission) = signed.statement.act else { return false }
                    return signed.statement.party == key.party && submission.nonce == key.nonce
                }
                facts.nonces[key] = index
            }
        }
        for id in wanted.messages {
            if let message = try message(id) { facts.messages[id] = message }
        }
        for id in wanted.contents { facts.contents[id] = try content(id) }
        return facts
    }

    /// Throws for a row that leads to another entry than its own.
    private func hold(_ index: LogIndex, _ what: String, is own: (SignedStatement) -> Bool) throws {
        guard isHeld else { return }
        let log = LogQuery(database: database)
        guard let bytes = try log.entry(index) else { throw StoreError.damaged("entry \(index) is not there") }
        let stored = StoredEntry(index: index, bytes: bytes)
        try log.hold(stored)
        guard let signed = try LogQuery.decode(stored).signed, own(signed) else {
            throw StoreError.damaged("the row of \(what) leads to entry \(index), which is another")
        }
    }

    /// Nil for what is no message.
    private func content(_ id: MessageID) throws -> ContentStage? {
        let sql = """
            SELECT s.at, x.idx FROM statements i JOIN messages m ON m.first_idx = i.idx
            LEFT JOIN settled s ON s.message = i.idx LEFT JOIN erasures x ON x.message = i.idx WHERE i.id = ?
            """
        return try Command(database, sql).first(.hash(id.hash)) { row in
            if !row.isNull(1) { return .erased(try row.index(1)) }
            return row.isNull(0) ? .unsettled : .settled(row.time(0))
        }
    }

    /// The custody chain, oldest entry first; empty for what is no message.
    func chain(_ id: MessageID) throws -> [StoredEntry] {
        let find = try Command(
            database, "SELECT m.first_idx FROM statements s JOIN messages m ON m.first_idx = s.idx WHERE s.id = ?")
        guard let first = try find.first(.hash(id.hash), read: { try $0.index(0) }) else { return [] }
        guard let submission = try LogQuery(database: database).entry(first) else {
            throw StoreError.damaged("entry \(first) is not there")
        }
        let command = try Command(
            database,
            """
            SELECT m.idx, e.bytes FROM message_entries m JOIN entries e ON e.idx = m.idx
            WHERE m.message = ? ORDER BY m.idx
            """)
        let later = try command.rows(.index(first)) { try $0.entry(0, 1) }
        let chain = [StoredEntry(index: first, bytes: submission)] + later
        if isHeld { for stored in chain { try LogQuery(database: database).hold(stored) } }
        return chain
    }

    private func message(_ id: MessageID) throws -> MessageState? {
        let stored = try chain(id)
        guard !stored.isEmpty else { return nil }
        let chain = try stored.map { (index: $0.index, entry: try LogQuery.decode($0)) }
        guard let state = MessageState(chain: chain), state.id == id else {
            throw StoreError.damaged("the custody chain of message \(id.short) does not hold together")
        }
        return state
    }
}
