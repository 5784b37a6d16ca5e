package import HTTPTypes
package import Ledger
package import Statements

/// A request that the relay answers (`Docs/Specification.md#api`), built by clients and parsed by the relay.
package enum Route: Hashable, Sendable {
    /// `POST /v1/envelopes`: an envelope file, answered by an acceptance.
    case submitEnvelope
    /// `POST /v1/statements`: any act but a submission, answered by an acceptance.
    case submitStatement
    /// `POST /v1/uploads`: what stands before an envelope's payload, to begin or to find again an upload in parts.
    case beginUpload
    /// `PATCH /v1/uploads/{id}`: the envelope file from `Upload-Offset` on.
    case continueUpload(MessageID)
    /// `HEAD /v1/uploads/{id}`: how much of the envelope file is there.
    case upload(MessageID)
    /// `POST /v1/drafts`: a draft file for the shelf of its party.
    case putDraft
    /// `POST /v1/drafts/uploads`: what stands before a draft's payload, to begin or to find again an upload in parts.
    case beginDraftUpload
    /// `PATCH /v1/drafts/uploads/{id}`: the draft file from `Upload-Offset` on.
    case continueDraftUpload(StatementID)
    /// `HEAD /v1/drafts/uploads/{id}`: how much of the draft file is there.
    case draftUpload(StatementID)
    /// `GET /v1/drafts`: the shelf of the requesting party.
    case drafts
    /// `GET /v1/drafts/{id}`: the draft file, whole or from an offset (`Range`).
    case draft(StatementID)
    /// `DELETE /v1/drafts/{id}`.
    case withdrawDraft(StatementID)
    /// `POST /v1/drafts/{id}/signatures`: DER of one `OpenSignature`.
    case signDraft(StatementID)
    /// `POST /v1/drafts/{id}/rejection`: a note that the relay does not understand.
    case rejectDraft(StatementID)
    /// `GET /v1/drafts/{id}/rejection`: that note.
    case draftRejection(StatementID)
    /// `GET /v1/inbox?after=N&wait=S&limit=L`: the requesting party's arrivals.
    case inbox(InboxQuery)
    /// `GET /v1/sent?after=I&limit=L`: what was submitted in the requesting party's name.
    case sent(SentQuery)
    /// `GET /v1/scope?after=I&limit=L`: what the requesting party may see as a limited auditor.
    case scope(ScopeQuery)
    /// `GET /v1/messages/{id}`: a custody chain.
    case message(MessageID)
    /// `GET /v1/messages/{id}/envelope`: the envelope file, whole or from an offset (`Range`).
    case envelope(MessageID)
    /// `GET /v1/charter`.
    case charter
    /// `GET /v1/parties/{id}/keys`.
    case keys(PartyID)
    /// `GET /v1/consistency?from=M&to=N`: the first size is at least 1 and not above the second.
    case consistency(from: TreeSize, to: TreeSize)
    /// `POST /v1/verdicts`: a `SignedVerdict` of a full auditor's delegate.
    case postVerdict
    /// `GET /v1/verdicts`: the newest verdict of each of them.
    case verdicts
    /// `GET /checkpoint` (C2SP tlog-tiles).
    case checkpoint
    /// `GET /tile/<L>/<N>[.p/<W>]`.
    case tile(TileID)
    /// `GET /tile/entries/<N>[.p/<W>]`.
    case entries(EntryBundleID)

    /// The one method of the route.
    package var method: HTTPRequest.Method {
        switch self {
        case .submitEnvelope, .submitStatement, .beginUpload, .putDraft, .beginDraftUpload, .signDraft, .rejectDraft,
            .postVerdict:
            .post
        case .continueUpload, .continueDraftUpload: .patch
        case .upload, .draftUpload: .head
        case .withdrawDraft: .delete
        default: .get
        }
    }

    /// Path and query, as on the request line. It never holds a character that would need percent-encoding.
    package var target: String {
        switch self {
        case .submitEnvelope: "/v1/envelopes"
        case .submitStatement: "/v1/statements"
        case .beginUpload: "/v1/uploads"
        case .continueUpload(let id), .upload(let id): "/v1/uploads/\(id)"
        case .putDraft, .drafts: "/v1/drafts"
        case .beginDraftUpload: "/v1/drafts/uploads"
        case .continueDraftUpload(let id), .draftUpload(let id): "/v1/drafts/uploads/\(id)"
        case .draft(let id), .withdrawDraft(let id): "/v1/drafts/\(id)"
        case .signDraft(let id): "/v1/drafts/\(id)/signatures"
        case .rejectDraft(let id), .draftRejection(let id): "/v1/drafts/\(id)/rejection"
        case .inbox(let query): "/v1/inbox?\(query.text)"
        case .sent(let query): "/v1/sent?\(query.text)"
        case .scope(let query): "/v1/scope?\(query.text)"
        case .message(let id): "/v1/messages/\(id)"
        case .envelope(let id): "/v1/messages/\(id)/envelope"
        case .charter: "/v1/charter"
        case .keys(let party): "/v1/parties/\(party)/keys"
        case .consistency(let from, let to): "/v1/consistency?from=\(from)&to=\(to)"
        case .postVerdict, .verdicts: "/v1/verdicts"
        case .checkpoint: "/checkpoint"
        case .tile(let tile): "/\(tile.path)"
        case .entries(let bundle): "/\(bundle.path)"
        }
    }
}

/// Which part of its inbox a party asks for.
package struct InboxQuery: Hashable, Sendable {
    /// The longest time an answer may be held back for something to arrive, in seconds.
    package static let longestWait = 60
    /// The most arrivals of one page.
    package static let mostArrivals = 256
    /// The page size when none is asked for.
    package static let usualArrivals = 64

    /// Arrivals with greater numbers are wanted; 0 for all.
    package let after: ArrivalNumber
    /// Seconds to wait when there is none; 0 answers at once.
    package let wait: Int
    package let limit: Int

    /// Nil for a wait above 60 seconds or a limit outside 1 to 256.
    package init?(after: ArrivalNumber, wait: Int = 0, limit: Int = InboxQuery.usualArrivals) {
        guard (0...InboxQuery.longestWait).contains(wait), (1...InboxQuery.mostArrivals).contains(limit),
            after.value <= Bounds.count
        else { return nil }
        self.after = after
        self.wait = wait
        self.limit = limit
    }

    /// `after=N&wait=S&limit=L`.
    package var text: String { "after=\(after)&wait=\(wait)&limit=\(limit)" }
}

/// Which part of what it has sent a party asks for.
package struct SentQuery: Hashable, Sendable {
    /// The most messages of one page, and the page size when none is asked for.
    package static let mostMessages = 64

    /// Submissions with greater log indexes are wanted; 0, the charter's index, for all.
    package let after: LogIndex
    package let limit: Int

    /// Nil for a limit outside 1 to 64, or an index that no log reaches.
    package init?(after: LogIndex, limit: Int = SentQuery.mostMessages) {
        guard (1...SentQuery.mostMessages).contains(limit), after.rawValue <= Bounds.count else { return nil }
        self.after = after
        self.limit = limit
    }

    /// `after=I&limit=L`.
    package var text: String { "after=\(after)&limit=\(limit)" }
}
