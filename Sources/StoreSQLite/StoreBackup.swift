import GRDB
import Glibc
import Ledger
package import Statements
package import Store

/// A copy of a store, whole at one size of its tree, taken while a relay works on it.
///
/// The database is copied within one read of its own snapshot, so that commits go on meanwhile; then the files that the
/// copy refers to, which were durable before it did. The folder gets its name when everything in it is on the disk.
package struct StoreBackup {
    private let source: StoreFolder
    private let target: String
    private let base: String?
    private let madeAt: Timestamp
    private let progress: @Sendable (_ done: UInt64, _ of: UInt64) -> Void

    private var part: String { target + ".part" }

    /// - Parameters:
    ///   - directory: the store's folder.
    ///   - target: the backup's folder; it must not be there, and its parent must.
    ///   - base: an earlier backup on the same file system: files that it has as well are shared with it.
    package init(
        of directory: String, to target: String, base: String? = nil, at time: Timestamp,
        progress: @escaping @Sendable (_ done: UInt64, _ of: UInt64) -> Void = { _, _ in }
    ) {
        source = StoreFolder(at: directory)
        self.target = target.count > 1 && target.hasSuffix("/") ? String(target.dropLast()) : target
        self.base = base
        madeAt = time
        self.progress = progress
    }

    /// Blocks the calling thread.
    /// - Throws: ``StoreError``: `conflict` if the folder is there; nothing of its name is left behind.
    package func make() throws(StoreError) -> BackupManifest {
        try StoreError.translating {
            guard access(source.database, F_OK) == 0 else {
                throw StoreError(.notFound, "there is no \(source.database)")
            }
            guard access(target, F_OK) != 0 else {
                throw StoreError(.conflict, "\(target) is there already, and nothing is overwritten")
            }
            // Left by a backup that was stopped.
            BackupFiles.clear(part)
            guard mkdir(part, 0o700) == 0, mkdir("\(part)/\(BackupManifest.envelopes)", 0o700) == 0 else {
                throw StoreError.file("making \(part)")
            }
            do {
                let manifest = try fill()
                try BackupFiles.write(manifest.text, to: "\(part)/\(BackupManifest.name)")
                for path in ["\(part)/\(BackupManifest.envelopes)", part] { try BackupFiles.sync(path) }
                guard rename(part, target) == 0 else { throw StoreError.file("naming \(target)") }
                try BackupFiles.sync(BackupFiles.folder(of: target))
                return manifest
            } catch {
                BackupFiles.clear(part)
                throw error
            }
        }
    }

    /// The database first, then the files. One that is erased between the two has the database copied again: what is
    /// gone has no row there any more.
    private func fill() throws -> BackupManifest {
        let database = "\(part)/\(BackupManifest.database)"
        var files = CopiedFiles()
        for _ in 0..<Self.mostCopies {
            unlink(database)
            try copyDatabase(to: database)
            guard chmod(database, 0o600) == 0 else { throw StoreError.file("making \(database) private") }
            let queue = try DatabaseQueue(path: database)
            let facts = try queue.writeWithoutTransaction { try self.facts($0) }
            let isWhole = try queue.writeWithoutTransaction { try copyFiles(of: $0, &files) }
            try queue.close()
            guard isWhole else { continue }
            try BackupFiles.sync(database)
            let whole = BackupManifest.File(path: BackupManifest.database, digest: try BackupFiles.digest(database))
            return BackupManifest(
                head: facts.head, charter: facts.charter, schema: facts.schema, madeAt: madeAt,
                files: [whole] + files.all)
        }
        throw StoreError(
            .unavailable, "files of \(source.path) were erased while each of \(Self.mostCopies) copies was made")
    }

    private static let mostCopies = 5

    /// In one snapshot: a reader of the WAL holds no commit up.
    private func copyDatabase(to path: String) throws {
        try StoreDatabase.beside(source, label: "valise.backup") { database in
            try Command(database, "VACUUM INTO ?").run(.text(path))
        }
    }

    private struct Copied {
        let head: LogHead
        let charter: CharterID
        let schema: String
    }

    private func facts(_ copy: Database) throws -> Copied {
        guard let version = try Schema.migrator.completedMigrations(copy).last,
            let head = try Command(copy, "SELECT size, root FROM checkpoint").first(read: {
                LogHead(size: TreeSize(rawValue: try $0.unsigned(0)), root: try $0.hash(1))
            }), let bytes = try LogQuery(database: copy).entry(0),
            case .charter(let signed) = try LogQuery.decode(StoredEntry(index: 0, bytes: bytes)).body
        else { throw StoreError(.notFound, "\(source.path) has no log") }
        return Copied(head: head, charter: signed.id, schema: version)
    }

    /// Files that are in the backup, from one copy of the database to the next.
    private struct CopiedFiles {
        var copied: [String: (size: UInt64, digest: Hash)] = [:]
        /// A logged one that was not there: a newer copy that refers to it is damaged.
        var missing: String?

        var all: [BackupManifest.File] {
            copied.sorted { $0.key < $1.key }.map {
                BackupManifest.File(path: "\(BackupManifest.envelopes)/\($0.key)", digest: $0.value.digest)
            }
        }
    }

    private struct Wanted {
        let name: String
        let size: UInt64
        let isLogged: Bool
    }

    private func wanted(_ copy: Database) throws -> [Wanted] {
        var all = "SELECT file, size, 1 FROM envelopes WHERE file IS NOT NULL"
        if try copy.tableExists("drafts") {
            all += " UNION ALL SELECT file, size, 0 FROM drafts UNION ALL SELECT file, synced, 0 FROM uploads"
        }
        let sql = """
            WITH files (file, size, logged) AS (\(all)) SELECT file, max(size), max(logged) FROM files GROUP BY file
            """
        return try Command(copy, sql).rows { row in
            let name = try row.text(0)
            guard StoreFolder.isName(name) else { throw StoreError.damaged("a row names no file of the store") }
            return Wanted(name: name, size: try row.unsigned(1), isLogged: row.integer(2) == 1)
        }
    }

    /// Copies the files that rows of the copy refer to, and removes the others. Drafts and uploads may have ended
    /// since: their rows go too.
    /// - Returns: false if an envelope's file has gone since.
    private func copyFiles(of copy: Database, _ files: inout CopiedFiles) throws -> Bool {
        let wanted = try wanted(copy)
        let sizes = Dictionary(wanted.map { ($0.name, $0.size) }) { first, _ in first }
        for (name, file) in files.copied where sizes[name] != file.size {
            unlink("\(part)/\(BackupManifest.envelopes)/\(name)")
            files.copied[name] = nil
        }
        for (number, file) in wanted.enumerated() {
            guard files.copied[file.name] == nil else { continue }
            do {
                let digest = try copyFile("\(BackupManifest.envelopes)/\(file.name)", file.size)
                files.copied[file.name] = (file.size, digest)
            } catch let error as StoreError where error.code == .notFound {
                if !file.isLogged {
                    try forget(file.name, in: copy)
                } else if files.missing == file.name {
                    throw error
                } else {
                    files.missing = file.name
                    return false
                }
            }
            progress(UInt64(number + 1), UInt64(wanted.count))
        }
        return true
    }

    private func forget(_ file: String, in copy: Database) throws {
        try Command(
            copy, "DELETE FROM draft_signatures WHERE draft IN (SELECT number FROM drafts WHERE file = ?)"
        ).run(.text(file))
        for table in ["drafts", "uploads"] {
            try Command(copy, "DELETE FROM \(table) WHERE file = ?").run(.text(file))
        }
        if try copy.tableExists("file_keys") { try KeyQuery(database: copy).destroy(ofFile: file) }
    }

    /// Copies a file, or shares the base's where that has the same bytes.
    private func copyFile(_ path: String, _ size: UInt64) throws -> Hash {
        let target = "\(part)/\(path)"
        let digest = try base.map { try share("\($0)/\(path)", path, size, as: target) } ?? nil
        return try digest ?? BackupFiles.copy("\(source.path)/\(path)", to: target, size: size)
    }

    private func share(_ earlier: String, _ path: String, _ size: UInt64, as target: String) throws -> Hash? {
        var facts = stat()
        guard lstat(earlier, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG,
            UInt64(exactly: facts.st_size) == size
        else { return nil }
        // Read on both sides: damage of an earlier backup must not be taken over.
        let digest = try BackupFiles.digest("\(source.path)/\(path)", size: size)
        guard try BackupFiles.digest(earlier) == digest, link(earlier, target) == 0 else { return nil }
        return digest
    }
}
