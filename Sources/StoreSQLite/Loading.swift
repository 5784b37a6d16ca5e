import GRDB
import Ledger
import Rules
import Statements
import Store

/// What a relay starts from, compared with itself before it is given out.
struct Loading {
    let database: Database

    private struct Newest {
        let head: LogHead
        let note: [UInt8]
    }

    /// Reads within one small durable commit. What is reported has thereby reached the disk, even if it was written by
    /// a process that was killed before it had, and what a failed commit may have left behind can no longer come back.
    func load() throws -> LoadedLog? {
        try database.beginTransaction(.immediate)
        do {
            try Command(database, "UPDATE meta SET value = value + 1 WHERE name = 'loads'").run()
            let log = try read()
            try database.commit()
            return log
        } catch {
            if database.isInsideTransaction { try? database.rollback() }
            throw error
        }
    }

    private func read() throws -> LoadedLog? {
        let count = try Command(database, "SELECT count(*), max(idx) FROM entries").first { row in
            (entries: try row.unsigned(0), last: row.isNull(1) ? nil : try row.index(1))
        }
        let newest = try Command(database, "SELECT size, root, note FROM checkpoint").first { row in
            let head = LogHead(size: TreeSize(rawValue: try row.unsigned(0)), root: try row.hash(1))
            return Newest(head: head, note: try row.bytes(2))
        }
        guard let newest else {
            guard count?.last == nil else { throw StoreError.damaged("the store has entries and no checkpoint") }
            return nil
        }
        let size = newest.head.size
        guard let count, let last = count.last, count.entries == size.rawValue, last.rawValue + 1 == size.rawValue
        else {
            throw StoreError.damaged(
                "the checkpoint counts \(size) entries, the store has \(count?.entries ?? 0) up to index "
                    + "\(count?.last.map(\.description) ?? "none")")
        }
        try checkEdge(newest.head)
        let standing = try standing(size: size, last: last)
        return LoadedLog(standing: standing, head: newest.head, checkpoint: newest.note)
    }

    /// The right edge gives the root, and the newest entries are those that its lowest tile has hashed.
    private func checkEdge(_ head: LogHead) throws {
        let log = LogQuery(database: database)
        let builder: TileBuilder
        do { builder = try TileBuilder(size: head.size) { try log.tile($0) } } catch let error as StoreError {
            throw error
        } catch {
            throw StoreError.damaged("the tiles of size \(head.size) cannot be read")
        }
        guard builder.root == head.root else {
            throw StoreError.damaged("the tiles of size \(head.size) do not give the checkpoint's root")
        }
        let index = (head.size.rawValue - 1) >> TileID.height
        guard let id = TileID(level: 0, index: index, size: head.size) else { return }
        let first = index << TileID.height
        let leaves = try log.entries(first..<first + UInt64(id.width)).map { Merkle.leafHash($0) }
        guard try leaves.flatMap(\.bytes) == Array(log.tile(id).prefix(id.byteCount)) else {
            throw StoreError.damaged("the newest entries are not those of \(id)")
        }
    }

    private func standing(size: TreeSize, last: LogIndex) throws -> StandingFacts {
        guard case .charter(let charter) = try entry(0).body else {
            throw StoreError.damaged("entry 0 is no charter")
        }
        let views = ViewQuery(database: database)
        let keys = try views.allKeys()
        return StandingFacts(
            charter: CharterInForce(charter), keys: Dictionary(keys.map { ($0.keyID, $0) }) { first, _ in first },
            counters: try views.counters(), lastAcceptedAt: try entry(last).acceptedAt, size: size)
    }

    private func entry(_ index: LogIndex) throws -> Entry {
        guard let bytes = try LogQuery(database: database).entry(index) else {
            throw StoreError.damaged("entry \(index) is not there")
        }
        return try LogQuery.decode(StoredEntry(index: index, bytes: bytes))
    }
}
