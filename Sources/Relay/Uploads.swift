import Envelope
import HTTPTypes
import Hummingbird
import Ledger
import NIOCore
import Rules
import Statements
import Store
import Wire

/// Envelopes that come in parts: the submission first, refused early, then the payload from wherever it broke off.
struct Uploads {
    /// Uploads that a party may have begun and not finished.
    static let mostOfAParty = 16
    /// How long an upload is kept after its last byte; never past its statement's `submitBy`.
    static let keeping = TimeSpan.hours(24)
    /// Bytes after which a running part is made durable, and the time after which it is.
    static let syncBytes: UInt64 = 8 << 20
    static let syncTime = Duration.seconds(2)
    private static let piece = 512 * 1024

    let store: any Store
    let sequencer: Sequencer
    let turns: UploadTurns
    let charter: CharterInForce
    /// The largest payload that any channel takes.
    let largest: UInt64
    let clock: RelayClock

    /// Begins an upload, or says where one stands; an accepted submission is answered by its acceptance.
    func begin(_ body: RequestBody) async throws -> Response {
        let (header, bytes) = try await Self.header(body)
        guard header.payloadSize <= largest else {
            throw Problem(.oversized, "No channel takes more than \(largest) bytes.")
        }
        let examined = try Authentication.examine(header.signed, charter: charter)
        let id = MessageID(examined.id)
        let turn = await turns.take(id)
        if let outcome = await sequencer.preview(examined) {
            // What is there stays: a rejection of this moment need not be one of the next. Its time ends by itself.
            await turns.end(turn)
            return try Self.answer(outcome)
        }
        if let offset = try await synced(turn)?.offset {
            await turns.end(turn)
            return Self.stands(offset, id: id, status: .ok)
        }
        let party = examined.statement.party
        await turns.forget(id)
        do {
            try await store.addUpload(
                NewUpload(
                    id: id, party: party, size: header.fileSize, expires: expiry(examined.statement), header: bytes),
                room: PartyRoom(count: Self.mostOfAParty, bytes: charter.limits.unsettledBytes))
        } catch {
            await turns.end(turn)
            guard error.code == .noRoom else { throw error }
            throw Problem(.uploadsFull, "\(party) has too many uploads that are not finished.")
        }
        await turns.end(turn)
        return Self.stands(UInt64(bytes.count), id: id, status: .created)
    }

    /// Says where an upload stands.
    func look(_ id: MessageID, for party: PartyID) async throws -> Response {
        let turn = await turns.take(id)
        guard let upload = try await synced(turn), upload.party == party else { throw await missing(turn) }
        await turns.end(turn)
        return Self.stands(upload.offset, id: id, status: .ok)
    }

    /// Takes a part; the last one brings the answer to the submission.
    func go(on id: MessageID, for party: PartyID, _ request: Request) async throws -> Response {
        guard let text = request.headers[.uploadOffset], let start = TreeSize(decimal: text.utf8)?.rawValue else {
            throw Problem(.malformed, "The field Upload-Offset must say where the part begins.")
        }
        let turn = await turns.take(id)
        guard let upload = try await synced(turn), upload.party == party else { throw await missing(turn) }
        guard start == upload.offset else {
            await turns.end(turn)
            throw Problem(.wrongOffset, "The upload stands at byte \(upload.offset).", uploadOffset: upload.offset)
        }
        let length = request.headers[.contentLength].flatMap { UInt64($0) } ?? 0
        guard length <= upload.size - start else {
            await turns.end(turn)
            throw Problem(.oversized, "Only \(upload.size - start) bytes of the upload are missing.")
        }
        let signed = try await self.signed(id)
        let end = try await take(request.body, upload, turn) { expiry(signed.statement) }
        guard end == upload.size else {
            await turns.end(turn)
            return Self.stands(end, id: id, status: .noContent)
        }
        return try await finish(turn, signed)
    }

    /// Writes a part's bytes as they come; what broke off stays as far as it came.
    private func take(
        _ body: RequestBody, _ upload: StoredUpload, _ turn: UploadTurns.Turn, expires: @escaping () -> Timestamp
    ) async throws -> UInt64 {
        var part = UploadPart(upload, store: store, turns: turns, turn: turn, expires: expires)
        do {
            for try await buffer in body {
                try await part.take(buffer.readableBytesView, atLeast: Self.piece)
            }
            try await part.sync()
        } catch {
            // Without a word of its own: what counts is why the part ended.
            try? await part.sync()
            throw error
        }
        return part.offset
    }

    /// Checks the whole file, and has its submission decided.
    private func finish(_ turn: UploadTurns.Turn, _ signed: SignedStatement) async throws -> Response {
        // Whoever comes now waits until it is decided.
        guard await turns.enter(turn) else { throw UploadPart.superseded }
        let outcome: Sequencer.Outcome
        do {
            outcome = try await decide(turn.id, signed)
        } catch {
            await turns.leave(turn)
            await turns.end(turn)
            throw error
        }
        await turns.leave(turn)
        await turns.end(turn)
        return try Self.answer(outcome)
    }

    private func decide(_ id: MessageID, _ signed: SignedStatement) async throws -> Sequencer.Outcome {
        do {
            try await check(id)
        } catch let error as EnvelopeError {
            try await remove(id)
            throw error
        }
        let examined = try Authentication.examine(signed, charter: charter)
        let outcome = await sequencer.submit(examined, envelope: .staged(try await store.stageUpload(id)))
        switch outcome {
        case .accepted: try await remove(id)
        case .rejected(let objection, _):
            // Of this moment: the same submission may be accepted in the next, and its bytes are all here.
            if ![.quotaExceeded, .clock, .channelClosed].contains(objection.code) { try await remove(id) }
        case .busy, .clock, .unavailable: break
        }
        return outcome
    }

    private func remove(_ id: MessageID) async throws {
        try await store.removeUpload(id)
        await turns.forget(id)
    }

    private func check(_ id: MessageID) async throws {
        var reader = EnvelopeReader()
        var offset: UInt64 = 0
        while true {
            let bytes = try await store.uploadBytes(id, offset..<offset + 1 << 20)
            guard !bytes.isEmpty else { break }
            _ = try reader.take(bytes[...])
            offset += UInt64(bytes.count)
        }
        _ = try reader.finish()
    }

    /// The submission that an upload began with.
    private func signed(_ id: MessageID) async throws -> SignedStatement {
        var parser = EnvelopeHeaderParser()
        var offset: UInt64 = 0
        while parser.header == nil {
            let bytes = try await store.uploadBytes(id, offset..<offset + 1 << 18)
            guard !bytes.isEmpty else { break }
            _ = try parser.take(bytes[...])
            offset += UInt64(bytes.count)
        }
        return try parser.finish().signed
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
        return Problem(.notFound, "There is no upload \(turn.id.short).")
    }

    private func expiry(_ statement: Statement) -> Timestamp { min(clock.now + Self.keeping, statement.submitBy) }

    private static func header(_ body: RequestBody) async throws -> (EnvelopeHeader, [UInt8]) {
        var parser = EnvelopeHeaderParser()
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

    private static func stands(_ offset: UInt64, id: MessageID, status: HTTPResponse.Status) -> Response {
        Response(
            status: status,
            headers: [
                .uploadOffset: String(offset), .uploadComplete: "?0", .cacheControl: "no-store",
                .location: Route.upload(id).target,
            ])
    }

    private static func answer(_ outcome: Sequencer.Outcome) throws -> Response {
        var response = try Answer.outcome(outcome)
        if case .accepted = outcome { response.headers[.uploadComplete] = "?1" }
        return response
    }
}
