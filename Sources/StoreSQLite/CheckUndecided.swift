import GRDB
import Ledger
import Rules
import Statements
import Store

/// Where the rules do not bear every entry: takes from the others what they say by themselves, so that contents are
/// held against their own submissions all the same.
struct CheckUndecided {
    let database: Database
    /// The first entry that was not decided.
    let first: UInt64
    let size: TreeSize

    func run() throws {
        do {
            try read()
            try leaveOut()
        } catch {
            // Of those that were not reached nothing is known.
            try database.execute(
                sql: """
                    INSERT OR IGNORE INTO temp.unsound SELECT message FROM main.envelopes
                    WHERE message >= \(Int64(clamping: first))
                        AND message NOT IN (SELECT first_idx FROM temp.messages)
                    """)
            throw error
        }
    }

    private func read() throws {
        let sql = """
            SELECT idx, bytes FROM entries
            WHERE idx >= \(Int64(clamping: first)) AND idx < \(Int64(clamping: size.rawValue))
                AND idx NOT IN (SELECT idx FROM temp.unsound) ORDER BY idx
            """
        let entries = try Command(database, sql)
        while let row = try entries.next() {
            let stored = try row.entry(0, 1)
            guard let signed = try? LogQuery.decode(stored).signed else { continue }
            try take(signed, at: stored.index)
        }
    }

    private func take(_ signed: SignedStatement, at index: LogIndex) throws {
        try Command(database, "INSERT OR IGNORE INTO temp.statements VALUES (?, ?)").run(
            .hash(signed.id.hash), .index(index))
        switch signed.statement.act {
        case .submission(let submission):
            try Command(database, "INSERT OR IGNORE INTO temp.messages VALUES (?, NULL, ?, ?, ?)").run(
                .index(index), .party(signed.statement.party), .blob(submission.nonce.bytes), .hash(signed.id.hash))
        case .erasure(let messages):
            guard try database.tableExists("erasures") else { return }
            for message in messages {
                guard let first = try self.index(of: message) else { continue }
                try Command(database, "INSERT OR IGNORE INTO temp.erasures VALUES (?, ?)").run(
                    .index(first), .index(index))
            }
        default:
            guard let message = signed.statement.act.message, let first = try self.index(of: message) else { return }
            try Command(database, "INSERT OR IGNORE INTO temp.message_entries VALUES (?, ?)").run(
                .index(first), .index(index))
        }
    }

    private func index(of message: MessageID) throws -> LogIndex? {
        try Command(database, "SELECT idx FROM temp.statements WHERE id = ?").first(.hash(message.hash)) {
            try $0.index(0)
        }
    }

    /// A content is not judged by an entry that is missing or not the signed one, nor is one whose erasure is.
    private func leaveOut() throws {
        let isMissing = { (index: String) in
            """
            (\(index) >= 0 AND \(index) < \(Int64(clamping: size.rawValue))
                AND \(index) NOT IN (SELECT idx FROM main.entries))
            """
        }
        let messages = "INSERT OR IGNORE INTO temp.unsound SELECT message FROM"
        try database.execute(sql: "\(messages) main.envelopes WHERE \(isMissing("message"))")
        if try database.tableExists("erasures") {
            try database.execute(
                sql: """
                    \(messages) main.erasures
                    WHERE idx IN (SELECT idx FROM temp.unsound) OR \(isMissing("idx"))
                    """)
        }
        try database.execute(sql: "DELETE FROM temp.messages WHERE first_idx IN (SELECT idx FROM temp.unsound)")
    }
}
