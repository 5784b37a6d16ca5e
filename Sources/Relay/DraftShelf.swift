import Envelope
import HTTPTypes
import Hummingbird
import Ledger
import NIOCore
import Rules
import Statements
import Store
import Wire

/// A party's shelf of drafts that want further signatures: beside the log, for its own delegates alone. For everyone
/// else a draft does not exist.
struct DraftShelf {
    /// Drafts of one party.
    static let mostOfAParty = 64

    let store: any Store
    let charter: CharterInForce
    /// The largest payload that any channel takes.
    let largest: UInt64
    let clock: RelayClock
    let door: DraftDoor
    let disk: DiskWatch

    /// Takes a draft file in one request. Nothing of a stranger's reaches the store.
    /// - Parameters:
    ///   - who: the delegate who signed the request; the drafter's own signature is in the file.
    ///   - pay: charges the file's bytes to the party, before its payload is read.
    func put(
        _ body: RequestBody, by who: DelegateID, pay: (UInt64) throws(Problem) -> Void
    ) async throws -> Response {
        var reader = DraftReader()
        var held: [UInt8] = []
        var writer: (any StagedEnvelopeWriter)?
        var entered: Draft?
        do {
            for try await buffer in body {
                let piece = Array(buffer.readableBytesView)
                _ = try reader.take(piece[...])
                if let writer {
                    try disk.admit()
                    try await writer.write(piece)
                    continue
                }
                held += piece
                guard let header = reader.header else { continue }
                try check(header, by: who)
                try pay(header.fileSize)
                if let known = try await known(header) { return known }
                try await expectRoom(for: header)
                try await door.enter(header.draft.id, of: header.draft.statement.party)
                entered = header.draft
                let staged = try await store.stageEnvelope()
                writer = staged
                try await staged.write(held)
            }
            let header = try reader.finish()
            guard let writer else { throw Problem(.malformed, "The draft file is empty.") }
            if try await !add(header, file: try await writer.finish()) { await writer.discard() }
            entered = nil
            await door.leave(header.draft.id, of: header.draft.statement.party)
            return try await shelved(header)
        } catch {
            await writer?.discard()
            if let entered { await door.leave(entered.id, of: entered.statement.party) }
            throw error
        }
    }

    /// That a draft is its party's, who must be the one to bring it, and that it can still become a statement.
    func check(_ header: DraftHeader, by who: DelegateID) throws(Problem) {
        let (draft, statement) = (header.draft, header.draft.statement)
        // Whoever has the file could put it back after its withdrawal otherwise.
        guard statement.party == who.party else {
            throw Problem(.notYours, "The draft is not of \(who.party); a delegate of its own party puts it.")
        }
        guard statement.charter == charter.id, statement.party != .relay, !draft.missing.contains(draft.drafter),
            draft.invalidSigners(key: { charter.key($0) }).isEmpty,
            statement.signers.allSatisfy({ charter.key(statement.delegate($0)) != nil })
        else {
            throw Problem(
                .notAuthenticated, "The draft is not signed by its drafter, or not for delegates in office.")
        }
        guard now <= statement.submitBy,
            statement.submitBy <= now + charter.limits.longestSubmitWindow + .clockTolerance
        else { throw Problem(.rejected(.tooLate), detail: "The draft's submitBy has passed or is too far away.") }
        guard header.payloadSize <= largest else {
            throw Problem(.oversized, "No channel takes more than \(largest) bytes.")
        }
    }

    /// The answer for a draft that is on the shelf already; nil if it is not.
    func known(_ header: DraftHeader) async throws -> Response? {
        try await store.draft(header.draft.id).map { try answer($0) }
    }

    /// That there is room for one more, before its payload comes; ``add(_:file:)`` decides.
    func expectRoom(for header: DraftHeader) async throws {
        let others = try await store.drafts(of: header.draft.statement.party).map(\.size)
        guard room.takes(header.fileSize, beside: others) else { throw Self.full }
    }

    /// Puts a whole draft on the shelf.
    /// - Returns: whether it is new; if not, the file is the caller's still.
    func add(_ header: DraftHeader, file: StagedEnvelope) async throws -> Bool {
        do {
            return try await store.addDraft(Self.stored(header, size: file.size), file: file, room: room)
        } catch {
            guard error.code == .noRoom else { throw error }
            throw Self.full
        }
    }

    /// A draft as it is on the shelf, for whoever brought it.
    func shelved(_ header: DraftHeader) async throws -> Response {
        try answer(try await find(header.draft.id, for: header.draft.statement.party))
    }

    private var now: Timestamp { clock.now }
    private var room: PartyRoom { PartyRoom(count: Self.mostOfAParty, bytes: charter.limits.unsettledBytes) }
    private static var full: Problem { Problem(.draftsFull, "The party has too many drafts on its shelf.") }

    func list(for party: PartyID) async throws -> Response {
        let drafts = try await store.drafts(of: party).map(Self.item)
        return Answer.json(try DraftsView(party: party, drafts: drafts).encoded())
    }

    /// The file as it was put, whole or from an offset.
    func file(_ id: StatementID, for party: PartyID, _ request: Request) async throws -> Response {
        let draft = try await find(id, for: party)
        let store = store
        return try Answer.file(request, size: draft.size) { try await store.draftBytes(id, $0) }
    }

    /// Adds the signature of one of its signers, whoever of the party brings it.
    func sign(_ id: StatementID, _ body: [UInt8], by who: DelegateID) async throws -> Response {
        let signature = try OpenSignature(der: body, limit: ByteLimit.openSignature)
        let draft = try await find(id, for: who.party)
        guard draft.rejection == nil else { throw Self.rejected(draft) }
        guard signature.signer.party == who.party, draft.statement.signers.contains(signature.signer.name),
            let key = charter.key(signature.signer),
            PinnedEd25519.verify(
                signature: signature.signature,
                message: SignedStatement.message(statementBytes: draft.statementBytes), key: key)
        else { throw Problem(.notAuthenticated, "The signature is not by one of the draft's signers.") }
        try await store.signDraft(id, signature)
        return try answer(try await find(id, for: who.party))
    }

    func reject(_ id: StatementID, note: [UInt8], by who: DelegateID) async throws -> Response {
        guard !note.isEmpty else { throw Problem(.malformed, "A rejection comes with a note.") }
        try await store.rejectDraft(find(id, for: who.party).id, .init(by: who.name, at: now), note: note)
        let draft = try await find(id, for: who.party)
        guard draft.rejection?.by == who.name else { throw Self.rejected(draft) }
        return try answer(draft)
    }

    func note(_ id: StatementID, for party: PartyID) async throws -> Response {
        guard let note = try await store.draftNote(find(id, for: party).id) else {
            throw Problem(.notFound, "The draft \(id.short) is not rejected.")
        }
        return Answer.bytes(note, cache: "no-store")
    }

    /// The drafter's to do; once every signature is there, anyone's.
    func withdraw(_ id: StatementID, by who: DelegateID) async throws -> Response {
        let draft = try await find(id, for: who.party)
        guard draft.statement.signers.first == who.name || draft.signatures.count == draft.statement.signers.count
        else { throw Problem(.notYours, "Only its drafter may withdraw a draft that is not fully signed.") }
        try await store.removeDraft(id)
        return try answer(draft)
    }

    private func find(_ id: StatementID, for party: PartyID) async throws -> StoredDraft {
        guard let draft = try await store.draft(id), draft.statement.party == party else {
            throw Problem(.notFound, "There is no draft \(id.short) of \(party).")
        }
        return draft
    }

    private func answer(_ draft: StoredDraft) throws -> Response {
        Answer.json(try DraftsView(party: draft.statement.party, drafts: [Self.item(draft)]).encoded())
    }

    private static func rejected(_ draft: StoredDraft) -> Problem {
        let by = draft.rejection.map { " by \($0.by)" } ?? ""
        return Problem(.draftRejected, "The draft \(draft.id.short) was rejected\(by).")
    }

    private static func stored(_ header: DraftHeader, size: UInt64) -> StoredDraft {
        let draft = header.draft
        return StoredDraft(
            id: draft.id, statementBytes: draft.statementBytes, statement: draft.statement, size: size,
            signatures: draft.signatures.map {
                OpenSignature(signer: draft.statement.delegate($0.signer), signature: $0.signature)
            })
    }

    private static func item(_ draft: StoredDraft) -> DraftItem {
        DraftItem(
            id: draft.id, signers: draft.statement.signers, signatures: draft.signatures,
            kind: draft.statement.act.kind.description, size: draft.size, madeAt: draft.statement.madeAt,
            submitBy: draft.statement.submitBy,
            rejection: draft.rejection.map { DraftItem.Rejection(by: $0.by, at: $0.at) })
    }
}
