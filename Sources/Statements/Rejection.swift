package import Ledger
package import SwiftASN1

/// Why a statement is not accepted, in the order in which the rules try (`Docs/Specification.md#rules`).
///
/// `already-accepted` is no rejection: the first acceptance is answered again.
package enum RejectionCode: String, Sendable, CaseIterable, CustomStringConvertible {
    case wrongCharter = "wrong-charter"
    case clock
    case tooLate = "too-late"
    case otherLog = "other-log"
    case notInOffice = "not-in-office"
    case badSignature = "bad-signature"
    case quorumNotMet = "quorum-not-met"
    case unsupportedAct = "unsupported-act"
    case staleCharter = "stale-charter"
    case unknownParty = "unknown-party"
    case malformedRoute = "malformed-route"
    case barred
    case notAnIntermediary = "not-an-intermediary"
    case noChannel = "no-channel"
    case channelClosed = "channel-closed"
    case overLimit = "over-limit"
    case notSealedToRecipient = "not-sealed-to-recipient"
    case sealedToBystander = "sealed-to-bystander"
    case expired
    case unknownMessage = "unknown-message"
    case notHolder = "not-holder"
    case wrongState = "wrong-state"
    case badKeyWindow = "bad-key-window"
    case keyTwice = "key-twice"
    case wrongTick = "wrong-tick"
    case notDue = "not-due"
    case quotaExceeded = "quota-exceeded"

    package var description: String { rawValue }
}

/// The relay's "no" to one statement at one tree size; anyone with the log up to that size can decide it again.
package struct Rejection: SignableForm {
    package static let formName = "Rejection"
    package static let signedFormName = "SignedRejection"
    package static let label = Label.rejection
    package let charter: CharterID
    package let statement: StatementID
    /// A ``RejectionCode``, as text: a later version's codes stay readable.
    package let code: String
    package let treeSize: TreeSize
    /// The relay's time at the decision: with the size, all that `decide` needs.
    package let decidedAt: Timestamp

    package init(
        charter: CharterID, statement: StatementID, code: String, treeSize: TreeSize, decidedAt: Timestamp
    ) {
        self.charter = charter
        self.statement = statement
        self.code = code
        self.treeSize = treeSize
        self.decidedAt = decidedAt
    }
    package init(node: ASN1Node) throws {
        self = try DER.sequence(node, identifier: .sequence) { f in
            try f.version("Rejection")
            return Rejection(
                charter: try f.id("Rejection.charter"), statement: try f.id("Rejection.statement"),
                code: try f.slug("Rejection.code").text,
                treeSize: TreeSize(rawValue: try f.uint("Rejection.treeSize")),
                decidedAt: try f.time("Rejection.decidedAt"))
        }
    }
    package func write(to der: inout DER.Serializer, tag: ASN1Identifier) throws {
        guard let code = Slug(code) else { throw FormError("Rejection.code", expected: "a slug") }
        try der.sequence(tag) { der in
            try der.uint(1)
            der.id(charter)
            der.id(statement)
            der.slug(code)
            try der.uint(treeSize.rawValue)
            try der.time(decidedAt)
        }
    }
}
