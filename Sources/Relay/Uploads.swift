import Envelope
import HTTPTypes
import Hummingbird
import NIOCore
import Statements
import Store
import Wire

/// Files that come in parts: what stands before the payload first, refused early, then the payload from wherever it
/// broke off. Envelopes and drafts come this one way; what they do differently is the target's.
struct Uploads<Target: UploadTarget> {
    let target: Target
    let store: any Store
    let turns: UploadTurns
    let turnstile: Turnstile
    let disk: DiskWatch
    /// The bytes that a party may have in uploads.
    let room: UInt64
    let clock: RelayClock

    /// Begins an upload, or says where one stands; a file that has come already is answered as its last part was.
    func begin(_ body: RequestBody) async throws -> Response {
        let (header, bytes) = try await Self.header(body)
        let checked = try target.check(header)
        let claim = Target.claim(header)
        let turn = await turns.take(claim.id)
        do {
            if let answer = try await target.standing(checked) {
                // What is there stays: a rejection of this moment need not be one of the next. Its time ends by itself.
                await turns.end(turn)
                return answer
            }
        } catch {
            await turns.end(turn)
            throw error
        }
        if let offset = try await synced(turn)?.offset {
            await turns.end(turn)
            return stands(offset, claim.id, status: .ok)
        }
        await turns.forget(claim.id)
        do {
            try await store.addUpload(
                NewUpload(
                    id: claim.id, party: claim.statement.party, size: claim.size, expires: expiry(claim.statement),
                    header: bytes),
                room: PartyRoom(count: UploadLimits.mostOfAParty, bytes: room))
        } catch {
            await turns.end(turn)
            guard error.code == .noRoom else { throw error }
            throw Problem(.uploadsFull, "\(claim.statement.party) has too many uploads that are not finished.")
        }
        await turns.end(turn)
        return stands(UInt64(bytes.count), claim.id, status: .created)
    }

    /// Says where an upload stands.
    func look(_ id: UploadID, for party: PartyID) async throws -> Response {
        _ = try await own(id, of: party)
        let turn = await turns.take(id)
        guard let upload = try await synced(turn), upload.party == party else { throw await missing(turn) }
        await turns.end(turn)
        return stands(upload.offset, id, status: .ok)
    }

    /// Takes a part; the last one brings what the file's coming means.
    func go(on id: UploadID, for party: PartyID, _ request: Request) async throws -> Response {
        let part = try DeclaredPart(request.headers)
        let known = try await own(id, of: party)
        try refuseSmall(part, of: known)
        // What is here whole is read and decided as a whole once more.
        if known.offset == known.size { try turnstile.admitAgain(known.size, of: party) }
        let turn = await turns.take(id)
        guard let upload = try await synced(turn), upload.party == party else { throw await missing(turn) }
        guard part.start == upload.offset else {
            await turns.end(turn)
            throw Problem(.wrongOffset, "The upload stands at byte \(upload.offset).", uploadOffset: upload.offset)
        }
        guard part.length <= upload.size - part.start else {
            await turns.end(turn)
            throw Problem(.oversized, "Only \(upload.size - part.start) bytes of the upload are missing.")
        }
        let statement = Target.claim(try await header(id)).statement
        let end = try await take(request.body, upload, turn) { expiry(statement) }
        guard end == upload.size else {
            await turns.end(turn)
            return stands(end, id, status: .noContent)
        }
        return try await finish(turn)
    }

    /// Before it has the turn: whose request is refused here ends no other one, and costs nothing but this look.
    private func own(_ id: UploadID, of party: PartyID) async throws -> StoredUpload {
        guard let upload = try await store.upload(id), upload.party == party else { throw Self.missing(id) }
        return upload
    }

    private func refuseSmall(_ part: DeclaredPart, of upload: StoredUpload) throws(Problem) {
        guard part.length < UploadLimits.smallestPart, part.start < upload.size,
            part.length < upload.size - part.start
        else { return }
        throw Problem(
            .partTooSmall,
            "A part of \(part.length) bytes is not the last one; it has at least \(UploadLimits.smallestPart) then.")
    }

    /// Writes a part's bytes as they come; what broke off stays as far as it came.
    private func take(
        _ body: RequestBody, _ upload: StoredUpload, _ turn: UploadTurns.Turn, expires: @escaping () -> Timestamp
    ) async throws -> UInt64 {
        var part = UploadPart(upload, store: store, turns: turns, turn: turn, expires: expires)
        do {
            for try await buffer in body {
                try disk.admit()
                try await part.take(buffer.readableBytesView)
            }
            try await part.sync()
        } catch {
            // Without a word of its own: what counts is why the part ended.
            try? await part.sync()
            throw error
        }
        return part.offset
    }

    /// Checks the whole file, and has the target decide what becomes of it.
    private func finish(_ turn: UploadTurns.Turn) async throws -> Response {
        // Whoever comes now waits until it is decided.
        guard await turns.enter(turn) else { throw UploadPart.superseded }
        let answer: Response
        do {
            answer = try await settle(turn.id)
        } catch {
            await turns.leave(turn)
            await turns.end(turn)
            throw error
        }
        await turns.leave(turn)
        await turns.end(turn)
        return answer
    }

    private func settle(_ id: UploadID) async throws -> Response {
        let header: Target.Header
        do {
            header = try await check(id)
        } catch let error as EnvelopeError {
            try await remove(id)
            throw error
        }
        let settled = try await target.settle(header, file: try await store.stageUpload(id))
        if settled.isOver { try await remove(id) }
        return settled.answer
    }

    private func remove(_ id: UploadID) async throws {
        try await store.removeUpload(id)
        await turns.forget(id)
    }

    private func check(_ id: UploadID) async throws -> Target.Header {
        var reader = PayloadFileReader<Target.Header>()
        var offset: UInt64 = 0
        while true {
            let bytes = try await store.uploadBytes(id, offset..<offset + 1 << 20)
            guard !bytes.isEmpty else { break }
            _ = try reader.take(bytes[...])
            offset += UInt64(bytes.count)
        }
        return try reader.finish()
    }

    /// What an upload began with.
    private func header(_ id: UploadID) async throws -> Target.Header {
        var parser = HeaderParser<Target.Header>()
        var offset: UInt64 = 0
        while parser.header == nil {
            let bytes = try await store.uploadBytes(id, offset..<offset + 1 << 18)
            guard !bytes.isEmpty else { break }
            _ = try parser.take(bytes[...])
            offset += UInt64(bytes.count)
        }
        return try parser.finish()
    }

    /// How the upload stands, once all that was written is durable.
    private func synced(_ turn: UploadTurns.Turn) async throws -> StoredUpload? {
        guard let upload = try await store.upload(turn.id) else { return nil }
        guard let written = turn.written, written > upload.offset else { return upload }
        guard await turns.enter(turn) else { throw UploadPart.superseded }
        do {
            try await store.syncUpload(turn.id, to: written, expires: upload.expires)
        } catch {
            await turns.leave(turn)
            throw error
        }
        await turns.leave(turn)
        return try await store.upload(turn.id)
    }

    private func missing(_ turn: UploadTurns.Turn) async -> Problem {
        await turns.end(turn)
        return Self.missing(turn.id)
    }

    private static func missing(_ id: UploadID) -> Problem {
        Problem(.notFound, "There is no upload \(id.short).")
    }

    private func expiry(_ statement: Statement) -> Timestamp {
        min(clock.now + UploadLimits.keeping, statement.submitBy)
    }

    private static func header(_ body: RequestBody) async throws -> (Target.Header, [UInt8]) {
        var parser = HeaderParser<Target.Header>()
        var bytes: [UInt8] = []
        for try await buffer in body {
            let piece = Array(buffer.readableBytesView)
            guard try parser.take(piece[...]).isEmpty else {
                throw Problem(.malformed, "An upload begins with what stands before the payload, and no more.")
            }
            bytes += piece
        }
        return (try parser.finish(), bytes)
    }

    private func stands(_ offset: UInt64, _ id: UploadID, status: HTTPResponse.Status) -> Response {
        Response(
            status: status,
            headers: [
                .uploadOffset: String(offset), .uploadComplete: "?0", .cacheControl: "no-store",
                .location: id.route.target,
            ])
    }
}
