package import Statements

/// Everything the relay can answer instead of what was asked, with HTTP status, title and hint in one place.
package enum ProblemCode: Hashable, Sendable, CaseIterable, CustomStringConvertible {
    /// The rules' "no" to an authenticated statement; goes with a signed rejection.
    case rejected(RejectionCode)
    /// The service's own: duties, limits, faults.
    case service(ServiceCode)

    package static var allCases: [ProblemCode] {
        RejectionCode.allCases.map { .rejected($0) } + ServiceCode.allCases.map { .service($0) }
    }

    /// The stable code on the wire.
    package var description: String {
        switch self {
        case .rejected(let code): code.rawValue
        case .service(let code): code.rawValue
        }
    }

    /// The HTTP status.
    package var status: Int { row.status }
    /// A few words, the same for every occurrence.
    package var title: String { row.title }
    /// What to do next.
    package var hint: String { row.hint }

    private var row: Row {
        switch self {
        case .rejected(let code): Row(code)
        case .service(let code): Row(code)
        }
    }

    fileprivate struct Row {
        let status: Int
        let title: String
        let hint: String

        init(_ status: Int, _ title: String, _ hint: String) {
            self.status = status
            self.title = title
            self.hint = hint
        }
    }
}

/// The codes that are the service's own and not the rules'.
package enum ServiceCode: String, Sendable, CaseIterable {
    case malformed
    case oversized
    case unknownVersion = "unknown-version"
    case digestMismatch = "digest-mismatch"
    case blockMismatch = "block-mismatch"
    /// One answer for an unknown party, an unknown delegate and a bad signature.
    case notAuthenticated = "not-authenticated"
    case signatureMissing = "signature-missing"
    case signatureMalformed = "signature-malformed"
    case signatureExpired = "signature-expired"
    case notFound = "not-found"
    /// No `retrieved` receipt is in the log.
    case notReleased = "not-released"
    /// The content was destroyed, by an act that is in the log.
    case erased
    case busy
    case unavailable
    /// More waits than can be answered soon.
    case overloaded
    case clockBehind = "clock-behind"
    case storageFailed = "storage-failed"
    /// The disk is nearly full: content is not taken, so that receipts still can be.
    case storageLow = "storage-low"
    /// The relay is about to be stopped.
    case draining
    case methodNotAllowed = "method-not-allowed"
    case tooSlow = "too-slow"
    case rangeInvalid = "range-invalid"
    /// The body is not the one whose digest was signed with the request.
    case contentDigest = "content-digest"
    /// An upload goes on at another place.
    case wrongOffset = "wrong-offset"
    /// A part of an upload that is too small to be worth its cost, and not the last one.
    case partTooSmall = "part-too-small"
    /// The party has as many uploads in parts, or as many of their bytes, as it may.
    case uploadsFull = "uploads-full"
    /// The party has as many drafts on its shelf, or as many of their bytes, as it may.
    case draftsFull = "drafts-full"
    /// A delegate has rejected the draft.
    case draftRejected = "draft-rejected"
    /// Another delegate's matter.
    case notYours = "not-yours"
    /// A verdict by a party that does not replay the log.
    case notAnAuditor = "not-an-auditor"
    /// A verdict that is of another log than this relay's.
    case verdictOtherLog = "verdict-other-log"
    /// A newer verdict of the same delegate is kept.
    case verdictOlder = "verdict-older"
    case `internal` = "internal"
}

extension ProblemCode.Row {
    init(_ code: ServiceCode) {
        switch code {
        case .malformed: self.init(400, "Malformed request", "Compare the request with the specification.")
        case .oversized: self.init(413, "Too large", "Send less; the specification lists the limits.")
        case .unknownVersion: self.init(400, "Unknown version", "Use a version that this relay knows, or update it.")
        case .digestMismatch: self.init(422, "Digest mismatch", "Send the payload that the submission was signed for.")
        case .blockMismatch: self.init(422, "Key block mismatch", "Send the key block the submission was signed for.")
        case .notAuthenticated:
            self.init(401, "Not authenticated", "Check party, delegate and key, and that the charter lists them.")
        case .signatureMissing: self.init(401, "Signature missing", "Sign the request with the delegate's key.")
        case .signatureMalformed:
            self.init(401, "Signature malformed", "Sign exactly the components that the specification lists.")
        case .signatureExpired: self.init(401, "Signature expired", "Set this machine's clock, then try again.")
        case .notFound: self.init(404, "Not found", "Check the identifier; what is not yours is not shown.")
        case .notReleased:
            self.init(403, "Not released", "Submit a `retrieved` receipt first; content is released after it.")
        case .erased:
            self.init(410, "Erased", "Use what was kept: the relay has destroyed its copy, as the log says.")
        case .busy: self.init(429, "Busy", "Try again a little later; nothing was accepted.")
        case .unavailable: self.init(503, "Unavailable", "Try again later; a statement may safely be sent again.")
        case .overloaded:
            self.init(503, "Overloaded", "Try again after the time that Retry-After says; nothing was accepted.")
        case .clockBehind: self.init(503, "Clock behind", "The operator must set the relay's clock; try again later.")
        case .storageFailed:
            self.init(503, "Storage failed", "The operator must look at the relay's disk; send it again later.")
        case .draining: self.init(503, "Draining", "Send it again in a moment; nothing was accepted.")
        case .storageLow:
            self.init(503, "Storage low", "The operator must make space on the relay's disk; send it again later.")
        case .methodNotAllowed: self.init(405, "Method not allowed", "Use the method that the Allow field names.")
        case .tooSlow: self.init(408, "Too slow", "Send the request over a faster connection.")
        case .rangeInvalid: self.init(416, "Range invalid", "Ask for one range that begins inside the envelope.")
        case .contentDigest: self.init(400, "Content digest wrong", "Send the body whose digest the request signs.")
        case .wrongOffset: self.init(409, "Wrong offset", "Go on where the field Upload-Offset says.")
        case .partTooSmall:
            self.init(400, "Part too small", "Send at least 65536 bytes in one part, or all that are missing.")
        case .uploadsFull: self.init(429, "Uploads full", "Finish an upload that was begun, or wait until it expires.")
        case .draftsFull: self.init(429, "Shelf full", "Withdraw drafts that are no longer wanted.")
        case .draftRejected: self.init(409, "Draft rejected", "Withdraw it, and draft anew as the note asks.")
        case .notYours: self.init(403, "Not yours", "Ask the delegate who may do this.")
        case .notAnAuditor: self.init(403, "Not an auditor", "Ask a delegate of a party that the charter makes one.")
        case .verdictOtherLog:
            self.init(409, "Verdict on another log", "Keep the mirror and the verdict: call the other parties.")
        case .verdictOlder: self.init(409, "Verdict is older", "Mirror the log, replay it, and post that verdict.")
        case .internal: self.init(500, "Internal error", "Tell the operator the time of this answer.")
        }
    }

    init(_ code: RejectionCode) {
        switch code {
        case .wrongCharter: self.init(422, "Wrong charter", "Join the charter that this relay runs under.")
        case .clock: self.init(422, "Made in the future", "Set this machine's clock and sign again.")
        case .tooLate: self.init(410, "Too late", "Sign it again with a later time limit and the same nonce.")
        case .otherLog:
            self.init(409, "Other log", "Keep your newest checkpoint: it is evidence. Call the other parties.")
        case .notInOffice: self.init(403, "Not in office", "Have a delegate in office sign.")
        case .badSignature: self.init(403, "Bad signature", "Sign again with the key that the charter lists.")
        case .quorumNotMet: self.init(403, "Quorum not met", "Collect the signatures the party's quorum demands.")
        case .unsupportedAct: self.init(422, "Unsupported act", "The rules version in force has no such act.")
        case .staleCharter:
            self.init(409, "Stale charter", "Refresh the charter and sign again with the same nonce.")
        case .unknownParty: self.init(422, "Unknown party", "Check the party's name against the charter.")
        case .malformedRoute: self.init(422, "Malformed route", "Name each party once, the recipient last.")
        case .barred: self.init(403, "Barred", "Go through an intermediary, as the routes here show.")
        case .notAnIntermediary: self.init(403, "Not an intermediary", "Choose a party that the charter lets carry.")
        case .noChannel: self.init(403, "No channel", "Use one of the routes here, if there are any.")
        case .channelClosed: self.init(403, "Channel closed", "Wait until it opens, or use another route.")
        case .overLimit: self.init(422, "Over the channel's limit", "Send less, or with a lower precedence.")
        case .notSealedToRecipient:
            self.init(422, "Not sealed to a recipient", "Fetch the recipient's keys and seal again.")
        case .sealedToBystander: self.init(422, "Sealed to a bystander", "Seal only to parties on the route.")
        case .expired: self.init(410, "Expired", "Send it anew with an expiry that the charter allows.")
        case .unknownMessage: self.init(422, "Unknown message", "Check the message's identifier.")
        case .notHolder: self.init(403, "Not the holder", "Only who holds the leg now may do this.")
        case .wrongState: self.init(409, "Wrong state", "Look at the custody chain: the leg has moved on.")
        case .badKeyWindow: self.init(422, "Bad key window", "Publish a key with times the charter permits.")
        case .keyTwice: self.init(409, "Key used twice", "Make and publish a fresh sealing key.")
        case .wrongTick: self.init(422, "Wrong tick", "The relay counted wrongly: tell its operator.")
        case .notDue: self.init(409, "Not due", "The relay gave notice too early: tell its operator.")
        case .quotaExceeded: self.init(403, "Quota exceeded", "Wait until earlier messages are settled.")
        }
    }
}
