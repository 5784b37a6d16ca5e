import HTTPTypes
import Statements
import Wire

extension Route {
    /// The method and the path with names in place of what a client chose: one text for each route.
    var template: String {
        switch self {
        case .submitEnvelope: "POST /v1/envelopes"
        case .submitStatement: "POST /v1/statements"
        case .beginUpload: "POST /v1/uploads"
        case .continueUpload: "PATCH /v1/uploads/{id}"
        case .upload: "HEAD /v1/uploads/{id}"
        case .putDraft: "POST /v1/drafts"
        case .beginDraftUpload: "POST /v1/drafts/uploads"
        case .continueDraftUpload: "PATCH /v1/drafts/uploads/{id}"
        case .draftUpload: "HEAD /v1/drafts/uploads/{id}"
        case .drafts: "GET /v1/drafts"
        case .draft: "GET /v1/drafts/{id}"
        case .withdrawDraft: "DELETE /v1/drafts/{id}"
        case .signDraft: "POST /v1/drafts/{id}/signatures"
        case .rejectDraft: "POST /v1/drafts/{id}/rejection"
        case .draftRejection: "GET /v1/drafts/{id}/rejection"
        case .inbox(let query): query.wait > 0 ? "GET /v1/inbox?wait" : "GET /v1/inbox"
        case .sent: "GET /v1/sent"
        case .message: "GET /v1/messages/{id}"
        case .envelope: "GET /v1/messages/{id}/envelope"
        case .scope: "GET /v1/scope"
        case .charter: "GET /v1/charter"
        case .keys: "GET /v1/parties/{id}/keys"
        case .consistency: "GET /v1/consistency"
        case .postVerdict: "POST /v1/verdicts"
        case .verdicts: "GET /v1/verdicts"
        case .checkpoint: "GET /checkpoint"
        case .tile: "GET /tile/{level}/{number}"
        case .entries: "GET /tile/entries/{number}"
        }
    }

    /// The message, statement or party that the path names.
    var subject: String? {
        switch self {
        case .continueUpload(let id), .upload(let id), .message(let id), .envelope(let id): id.description
        case .continueDraftUpload(let id), .draftUpload(let id), .draft(let id), .withdrawDraft(let id),
            .signDraft(let id), .rejectDraft(let id), .draftRejection(let id):
            id.description
        case .keys(let party): party.description
        default: nil
        }
    }

    /// What a request adds to the disk.
    var appetite: Appetite {
        switch self {
        case .submitEnvelope, .beginUpload, .continueUpload, .putDraft, .beginDraftUpload, .continueDraftUpload:
            .content
        case .submitStatement, .signDraft, .rejectDraft, .postVerdict: .statement
        default: .nothing
        }
    }

    enum Appetite {
        /// Content, or a part of it: up to what a channel takes.
        case content
        /// A few kilobytes: receipts, refusals, recalls, conveyances, keys.
        case statement
        case nothing
    }
}
