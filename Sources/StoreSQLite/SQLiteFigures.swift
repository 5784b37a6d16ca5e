import GRDB
import Glibc
package import Store

/// What the operator is told of sizes: of two files, and of two small tables.
extension SQLiteStore {
    package func figures() async throws(StoreError) -> StoreFigures {
        let path = folder.database
        return try await reading { try FiguresQuery(database: $0).figures(path: path) }
    }
}

struct FiguresQuery {
    let database: Database

    func figures(path: String) throws -> StoreFigures {
        let uploads = try sum("SELECT count(*), coalesce(sum(synced), 0) FROM uploads")
        let drafts = try sum("SELECT count(*), coalesce(sum(size), 0) FROM drafts")
        return StoreFigures(
            databaseBytes: Self.size(path), walBytes: Self.size(path + "-wal"), uploads: uploads.count,
            uploadBytes: uploads.bytes, drafts: drafts.count, draftBytes: drafts.bytes)
    }

    private func sum(_ sql: String) throws -> (count: UInt64, bytes: UInt64) {
        try Command(database, sql).first { (try $0.unsigned(0), try $0.unsigned(1)) } ?? (0, 0)
    }

    /// Of a file; 0 if there is none.
    static func size(_ path: String) -> UInt64 {
        var facts = stat()
        return lstat(path, &facts) == 0 ? UInt64(clamping: facts.st_size) : 0
    }
}
