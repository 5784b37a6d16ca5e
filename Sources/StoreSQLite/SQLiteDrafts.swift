import GRDB
package import Statements
package import Store

/// Drafts: a row and a file each, the signatures beside them.
extension SQLiteStore {
    package func addDraft(
        _ draft: StoredDraft, file: StagedEnvelope, room: PartyRoom
    ) async throws(StoreError) -> Bool {
        let folder = folder
        return try await writing { database in
            try folder.check(file)
            guard try DraftQuery(database: database).number(of: draft.id) == nil else { return false }
            let party = draft.statement.party
            let sizes = try Command(database, "SELECT size FROM drafts WHERE party = ?")
                .rows(.party(party)) { try $0.unsigned(0) }
            guard room.takes(file.size, beside: sizes) else { throw StoreError.noRoom(party) }
            try database.inTransaction(.immediate) {
                let insert = """
                    INSERT INTO drafts (id, party, submit_by, statement, size, file) VALUES (?, ?, ?, ?, ?, ?)
                    """
                try Command(database, insert).run(
                    .hash(draft.id.hash), .party(draft.statement.party), .time(draft.statement.submitBy),
                    .blob(draft.statementBytes), .unsigned(file.size), .text(file.name))
                if let key = folder.memory.key(of: file.name) {
                    try KeyQuery(database: database).add(key, ofFile: file.name)
                }
                for signature in draft.signatures { try DraftQuery(database: database).add(signature, to: draft.id) }
                return .commit
            }
            folder.memory.forget([file.name])
            return true
        }
    }

    package func draft(_ id: StatementID) async throws(StoreError) -> StoredDraft? {
        try await reading { try DraftQuery(database: $0).find(id)?.draft }
    }

    package func drafts(of party: PartyID) async throws(StoreError) -> [StoredDraft] {
        try await reading { try DraftQuery(database: $0).all(of: party) }
    }

    package func draftBytes(_ id: StatementID, _ range: Range<UInt64>) async throws(StoreError) -> [UInt8] {
        let folder = folder
        return try await reading { database in
            let found = try DraftQuery(database: database).get(id)
            let key = try KeyQuery(database: database).key(ofFile: found.file)
            return try KeptFile(name: found.file, key: key).read(range, of: found.draft.size, in: folder)
        }
    }

    package func signDraft(_ id: StatementID, _ signature: OpenSignature) async throws(StoreError) {
        try await writing { database in
            _ = try DraftQuery(database: database).get(id)
            try DraftQuery(database: database).add(signature, to: id)
        }
    }

    package func rejectDraft(
        _ id: StatementID, _ rejection: StoredDraft.Rejection, note: [UInt8]
    ) async throws(StoreError) {
        try await writing { database in
            _ = try DraftQuery(database: database).get(id)
            let sql = """
                UPDATE drafts SET rejected_by = ?, rejected_at = ?, note = ? WHERE id = ? AND rejected_by IS NULL
                """
            try Command(database, sql).run(
                .text(rejection.by.slug.text), .time(rejection.at), .blob(note), .hash(id.hash))
        }
    }

    package func draftNote(_ id: StatementID) async throws(StoreError) -> [UInt8]? {
        try await reading { database in
            try Command(database, "SELECT note FROM drafts WHERE id = ? AND note IS NOT NULL").first(.hash(id.hash)) {
                try $0.bytes(0)
            }
        }
    }

    package func removeDraft(_ id: StatementID) async throws(StoreError) {
        let folder = folder
        try await writing { database in
            guard let found = try DraftQuery(database: database).find(id) else { return }
            try EnvelopeQuery.letGo(of: found.file, database, folder) {
                try Command(database, "DELETE FROM draft_signatures WHERE draft = ?").run(.integer(found.number))
                try Command(database, "DELETE FROM drafts WHERE number = ?").run(.integer(found.number))
            }
        }
    }

    package func settledDrafts(at time: Timestamp) async throws(StoreError) -> [StatementID] {
        try await reading { database in
            let sql = """
                SELECT id FROM drafts WHERE submit_by < ?
                UNION SELECT d.id FROM drafts d JOIN statements s ON s.id = d.id
                """
            return try Command(database, sql).rows(.time(time)) { StatementID(try $0.hash(0)) }
        }
    }
}

/// What stands on the shelves.
struct DraftQuery {
    let database: Database

    struct Found {
        let number: Int64
        let file: String
        let draft: StoredDraft
    }

    private static let columns = "SELECT number, file, id, statement, size, rejected_by, rejected_at FROM drafts"

    func number(of id: StatementID) throws -> Int64? {
        try Command(database, "SELECT number FROM drafts WHERE id = ?").first(.hash(id.hash)) { $0.integer(0) }
    }

    func find(_ id: StatementID) throws -> Found? {
        try Command(database, "\(Self.columns) WHERE id = ?").first(.hash(id.hash), read: Row.init).map(complete)
    }

    func get(_ id: StatementID) throws -> Found {
        guard let found = try find(id) else { throw StoreError(.notFound, "there is no draft \(id.short)") }
        return found
    }

    func all(of party: PartyID) throws -> [StoredDraft] {
        try Command(database, "\(Self.columns) WHERE party = ? ORDER BY number").rows(.party(party), read: Row.init)
            .map { try complete($0).draft }
    }

    func add(_ signature: OpenSignature, to id: StatementID) throws {
        let sql = """
            INSERT OR IGNORE INTO draft_signatures SELECT number, ?, ? FROM drafts WHERE id = ?
            """
        try Command(database, sql).run(
            .text(signature.signer.name.slug.text), .blob(signature.signature), .hash(id.hash))
    }

    private struct Row {
        let number: Int64
        let file: String
        let id: StatementID
        let statement: [UInt8]
        let size: UInt64
        let rejection: StoredDraft.Rejection?

        init(_ row: Columns) throws {
            number = row.integer(0)
            file = try row.text(1)
            id = StatementID(try row.hash(2))
            statement = try row.bytes(3)
            size = try row.unsigned(4)
            rejection = row.isNull(5) ? nil : .init(by: try row.delegate(5), at: row.time(6))
        }
    }

    /// With the statement's signers in their order, whatever order their signatures came in.
    private func complete(_ row: Row) throws -> Found {
        guard let statement = try? Statement(der: row.statement, limit: Bounds.statement) else {
            throw StoreError.damaged("a draft holds no statement")
        }
        let pairs = try Command(database, "SELECT signer, signature FROM draft_signatures WHERE draft = ?")
            .rows(.integer(row.number)) { (try $0.delegate(0), try $0.bytes(1)) }
        let byName = Dictionary(pairs) { first, _ in first }
        let signatures = statement.signers.compactMap { name in
            byName[name].map { OpenSignature(signer: statement.delegate(name), signature: $0) }
        }
        return Found(
            number: row.number, file: row.file,
            draft: StoredDraft(
                id: row.id, statementBytes: row.statement, statement: statement, size: row.size,
                signatures: signatures, rejection: row.rejection))
    }
}
