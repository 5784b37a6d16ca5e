import GRDB
package import Statements
package import Store

/// Which contents may go, and that nothing is left of those that went.
extension SQLiteStore {
    package func settled(before time: Timestamp, limit: Int) async throws(StoreError) -> [MessageID] {
        try await reading { database in
            let sql = """
                SELECT m.id FROM settled s JOIN messages m ON m.first_idx = s.message
                WHERE s.at <= ? ORDER BY s.at, s.message LIMIT ?
                """
            return try Command(database, sql).rows(.time(time), .limit(limit)) { MessageID(try $0.hash(0)) }
        }
    }

    package func erasure(_ message: MessageID) async throws(StoreError) -> StoredEntry? {
        try await reading { database in
            let sql = """
                SELECT e.idx, e.bytes FROM statements s JOIN erasures x ON x.message = s.idx
                JOIN entries e ON e.idx = x.idx WHERE s.id = ?
                """
            return try Command(database, sql).first(.hash(message.hash)) { try $0.entry(0, 1) }
        }
    }

    package func finishErasures() async throws(StoreError) -> Bool {
        let folder = folder
        guard folder.memory.owesTruncation else { return true }
        return try await writing { database in
            for file in folder.memory.erased {
                // An erasure whose commit failed has left everything where it was.
                if try !EnvelopeQuery.refers(to: file, database) { folder.remove(file) }
                folder.memory.removed(file)
            }
            guard try StoreDatabase.truncateLog(database) else { return false }
            folder.memory.truncated()
            return true
        }
    }
}
