import Envelope
import HTTPTypes
import Hummingbird
import Rules
import Statements
import Store
import Wire

/// What an upload is for: how its file is read, what is refused before its payload comes, and what becomes of it.
protocol UploadTarget: Sendable {
    associatedtype Header: PayloadFileHeader
    /// A header whose signatures were verified.
    associatedtype Checked: Sendable

    /// What a header says; nothing of it is verified.
    static func claim(_ header: Header) -> UploadClaim
    /// Whose it is and how large, before anything of it is kept.
    /// - Throws: ``Wire/Problem``.
    func check(_ header: Header) throws -> Checked
    /// What there is to say before a payload comes: that the file has come already, or that it is refused as things
    /// stand.
    /// - Returns: nil for a file that may come.
    func standing(_ checked: Checked) async throws -> Response?
    /// Decides on a whole file, whose payload is the one that was signed. What it throws leaves the upload as it is.
    func settle(_ header: Header, file: StagedEnvelope) async throws -> SettledUpload
}

/// What the first bytes of an upload say.
struct UploadClaim {
    let id: UploadID
    let statement: Statement
    /// Bytes of the whole file.
    let size: UInt64
}

/// What became of a whole upload.
struct SettledUpload {
    let answer: Response
    /// Whether the upload is done with. One that is not keeps its bytes, and an empty part asks again.
    let isOver: Bool
}

extension UploadID {
    /// Where it goes on.
    var route: Route {
        switch self {
        case .envelope(let id): .continueUpload(id)
        case .draft(let id): .continueDraftUpload(id)
        }
    }
}

/// Envelopes: their submissions go into the log.
struct EnvelopeUpload: UploadTarget {
    let sequencer: Sequencer
    let turnstile: Turnstile
    let charter: CharterInForce
    /// The largest payload that any channel takes.
    let largest: UInt64

    static func claim(_ header: EnvelopeHeader) -> UploadClaim {
        UploadClaim(
            id: .envelope(MessageID(header.signed.id)), statement: header.signed.statement, size: header.fileSize)
    }

    func check(_ header: EnvelopeHeader) throws -> ExaminedStatement {
        guard header.payloadSize <= largest else {
            throw Problem(.oversized, "No channel takes more than \(largest) bytes.")
        }
        return try Authentication.examine(header.signed, charter: charter)
    }

    func standing(_ examined: ExaminedStatement) async throws -> Response? {
        let outcome = await sequencer.preview(examined)
        if let outcome, outcome.isOld {
            try turnstile.admitCarried()
        } else {
            // Its content is counted as it comes.
            try turnstile.admit(examined.signed.statement)
        }
        return try outcome.map { try Self.answer($0) }
    }

    func settle(_ header: EnvelopeHeader, file: StagedEnvelope) async throws -> SettledUpload {
        let examined = try Authentication.examine(header.signed, charter: charter)
        let outcome = await sequencer.submit(examined, envelope: .staged(file))
        let isOver =
            switch outcome {
            case .accepted: true
            // Of this moment: the same submission may be accepted in the next, and its bytes are all here.
            case .rejected(let objection, _):
                ![.quotaExceeded, .clock, .channelClosed].contains(objection.code)
            case .busy, .overloaded, .clock, .unavailable: false
            }
        return SettledUpload(answer: try Self.answer(outcome), isOver: isOver)
    }

    private static func answer(_ outcome: Sequencer.Outcome) throws -> Response {
        var response = try Answer.outcome(outcome)
        if case .accepted = outcome { response.headers[.uploadComplete] = "?1" }
        return response
    }
}

/// Drafts: they go on the shelf of their party.
struct DraftUpload: UploadTarget {
    let shelf: DraftShelf
    /// Who brings it.
    let who: DelegateID

    static func claim(_ header: DraftHeader) -> UploadClaim {
        UploadClaim(id: .draft(header.draft.id), statement: header.draft.statement, size: header.fileSize)
    }

    func check(_ header: DraftHeader) throws -> DraftHeader {
        try shelf.check(header, by: who)
        return header
    }

    func standing(_ header: DraftHeader) async throws -> Response? {
        if let known = try await shelf.known(header) { return Self.complete(known) }
        try await shelf.expectRoom(for: header)
        return nil
    }

    func settle(_ header: DraftHeader, file: StagedEnvelope) async throws -> SettledUpload {
        do {
            try shelf.check(header, by: who)
        } catch {
            return SettledUpload(answer: Answer.problem(error), isOver: true)
        }
        // One that is there already keeps its own file; this one's goes with the upload.
        _ = try await shelf.add(header, file: file)
        return SettledUpload(answer: Self.complete(try await shelf.shelved(header)), isOver: true)
    }

    private static func complete(_ answer: Response) -> Response {
        var response = answer
        response.headers[.uploadComplete] = "?1"
        return response
    }
}
