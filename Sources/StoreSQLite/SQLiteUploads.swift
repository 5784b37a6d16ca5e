import GRDB
import Ledger
package import Statements
package import Store

/// Uploads: a row that says how many bytes are durable, and a file that may have more.
extension SQLiteStore {
    package func addUpload(_ upload: NewUpload, room: PartyRoom) async throws(StoreError) {
        guard try await self.upload(upload.id) == nil else { return }
        let folder = folder
        // Away from the writer: a commit need not wait for it.
        let made = await StoreError.onQueue(StoreFolder.queue) { try folder.makeEnvelope(beginning: upload.header) }
        let (name, key) = try made.get()
        try await writing { database in
            do {
                let query = UploadQuery(database: database)
                guard try query.find(upload.id) == nil else { return folder.remove(name) }
                guard try room.takes(upload.size, beside: query.sizes(of: upload.party)) else {
                    throw StoreError.noRoom(upload.party)
                }
                try database.inTransaction(.immediate) {
                    try Command(database, "INSERT INTO uploads VALUES (?, ?, ?, ?, ?, ?, ?)").run(
                        .text(upload.id.kind), .hash(upload.id.hash), .party(upload.party), .unsigned(upload.size),
                        .integer(Int64(upload.header.count)), .time(upload.expires), .text(name))
                    try KeyQuery(database: database).add(key, ofFile: name)
                    return .commit
                }
            } catch {
                folder.remove(name)
                throw error
            }
        }
    }

    package func upload(_ id: UploadID) async throws(StoreError) -> StoredUpload? {
        try await reading { try UploadQuery(database: $0).find(id)?.upload }
    }

    package func appendUpload(_ id: UploadID, _ bytes: [UInt8], at offset: UInt64) async throws(StoreError) {
        let folder = folder
        try await reading { database in
            let found = try UploadQuery(database: database).get(id)
            let (end, overflow) = offset.addingReportingOverflow(UInt64(bytes.count))
            guard !overflow, offset >= found.upload.offset, end <= found.upload.size else {
                throw StoreError(.conflict, "bytes \(offset) to \(end) are no part that is missing in an upload")
            }
            try found.kept.write(bytes, at: offset, in: folder)
        }
    }

    package func syncUpload(_ id: UploadID, to offset: UInt64, expires: Timestamp) async throws(StoreError) {
        let folder = folder
        // The file first, and away from the writer: a commit need not wait for it.
        let failure: StoreError? = try await reading { database in
            let found = try UploadQuery(database: database).get(id)
            guard offset >= found.upload.offset, offset <= found.upload.size else {
                throw StoreError(.conflict, "an upload of \(found.upload.offset) bytes cannot be synced to \(offset)")
            }
            do { try folder.sync(found.kept.name, to: offset) } catch {
                let failure = StoreError(error)
                guard failure.code == .unavailable else { throw failure }
                return failure
            }
            return nil
        }
        if let failure {
            // A second try might only seem to work: the system may have dropped what it could not write.
            try await removeUpload(id)
            throw failure
        }
        try await writing { database in
            try Command(database, "UPDATE uploads SET synced = ?, expires = ? WHERE kind = ? AND id = ?").run(
                .unsigned(offset), .time(expires), .text(id.kind), .hash(id.hash))
        }
    }

    package func uploadBytes(_ id: UploadID, _ range: Range<UInt64>) async throws(StoreError) -> [UInt8] {
        let folder = folder
        return try await reading { database in
            let found = try UploadQuery(database: database).get(id)
            return try found.kept.read(range, of: found.upload.offset, in: folder)
        }
    }

    package func stageUpload(_ id: UploadID) async throws(StoreError) -> StagedEnvelope {
        try await reading { database in
            let found = try UploadQuery(database: database).get(id)
            guard found.upload.offset == found.upload.size else {
                throw StoreError(.conflict, "an upload with \(found.upload.offset) of its bytes is not whole")
            }
            return StagedEnvelope(name: found.kept.name, size: found.upload.size)
        }
    }

    package func removeUpload(_ id: UploadID) async throws(StoreError) {
        let folder = folder
        try await writing { database in
            guard let found = try UploadQuery(database: database).find(id) else { return }
            try EnvelopeQuery.letGo(of: found.kept.name, database, folder) {
                try Command(database, "DELETE FROM uploads WHERE kind = ? AND id = ?").run(
                    .text(id.kind), .hash(id.hash))
            }
        }
    }

    package func uploads(expiredAt time: Timestamp) async throws(StoreError) -> [UploadID] {
        try await reading { database in
            try Command(database, "SELECT kind, id FROM uploads WHERE expires <= ?").rows(.time(time)) {
                try UploadID(kind: $0.text(0), $0.hash(1))
            }
        }
    }
}

/// Where an upload's bytes lie, and how many of them count.
struct UploadQuery {
    let database: Database

    struct Found {
        let upload: StoredUpload
        let kept: KeptFile
    }

    private static let columns = """
        SELECT u.kind, u.id, u.party, u.size, u.synced, u.expires, u.file, k.key
        FROM uploads u LEFT JOIN file_keys k ON k.file = u.file
        """

    func find(_ id: UploadID) throws -> Found? {
        try Command(database, "\(Self.columns) WHERE u.kind = ? AND u.id = ?").first(
            .text(id.kind), .hash(id.hash), read: Self.read)
    }

    func get(_ id: UploadID) throws -> Found {
        guard let found = try find(id) else {
            throw StoreError(.notFound, "there is no upload \(id.short)")
        }
        return found
    }

    /// Of a party's uploads, of either kind.
    func sizes(of party: PartyID) throws -> [UInt64] {
        try Command(database, "SELECT size FROM uploads WHERE party = ?").rows(.party(party)) { try $0.unsigned(0) }
    }

    private static func read(_ row: Columns) throws -> Found {
        Found(
            upload: StoredUpload(
                id: try UploadID(kind: row.text(0), row.hash(1)), party: try row.party(2),
                size: try row.unsigned(3), offset: try row.unsigned(4), expires: row.time(5)),
            kept: KeptFile(name: try row.text(6), key: row.isNull(7) ? nil : try row.storageKey(7)))
    }
}

/// As the database has it.
extension UploadID {
    fileprivate var kind: String {
        switch self {
        case .envelope: "envelope"
        case .draft: "draft"
        }
    }

    fileprivate var hash: Hash {
        switch self {
        case .envelope(let id): id.hash
        case .draft(let id): id.hash
        }
    }

    fileprivate init(kind: String, _ hash: Hash) throws(StoreError) {
        switch kind {
        case "envelope": self = .envelope(MessageID(hash))
        case "draft": self = .draft(StatementID(hash))
        default: throw .damaged("an upload is of no known kind")
        }
    }
}

extension StoreError {
    static func noRoom(_ party: PartyID) -> StoreError {
        StoreError(.noRoom, "\(party) has as many or as large ones as it may have")
    }
}
