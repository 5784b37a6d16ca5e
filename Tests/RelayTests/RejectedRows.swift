import Ledger
import NIOCore
import Sealing
import Statements
import TestKit

extension BadInput {
    /// Statements that are what they say, and against the rules.
    static let rules: [BadInput] = [
        BadInput(
            "another charter", 422, "wrong-charter", "It is for charter *, this relay's is *.",
            hint: "Join the charter that this relay runs under."
        ) {
            let other = CharterID(Hash.sha256(Array("another charter".utf8)))
            return $0.statementRequest(try $0.statement(charter: other).derBytes())
        },
        BadInput(
            "a statement from the future", 422, "clock", signed: true,
            "the statement was made 301 s ahead of the relay's clock", hint: "Set this machine's clock and sign again."
        ) { $0.statementRequest(try $0.statement(madeAt: $0.clock.now + .seconds(301)).derBytes()) },
        BadInput(
            "a statement kept too long", 410, "too-late", signed: true,
            "the statement was to be submitted earlier; make it again",
            hint: "Sign it again with a later time limit and the same nonce."
        ) {
            let kept = try $0.statement(submitBy: $0.clock.now + .minutes(1))
            $0.clock.pass(.seconds(61))
            return $0.statementRequest(try kept.derBytes())
        },
        BadInput(
            "an envelope kept too long", 410, "too-late", signed: true,
            "the statement was to be submitted earlier; make it again",
            hint: "Sign it again with a later time limit and the same nonce."
        ) {
            let kept = try $0.envelope()
            $0.clock.pass(.minutes(61))
            return $0.envelopeRequest(kept.bytes)
        },
        BadInput(
            "another log's checkpoint", 409, "other-log", signed: true,
            "the statement was made after seeing another log's checkpoint",
            hint: "Keep your newest checkpoint: it is evidence. Call the other parties."
        ) {
            let other = LogHead(size: $0.head.size, root: Hash.sha256([1]))
            return $0.statementRequest(try $0.statement(seen: other).derBytes())
        },
        BadInput(
            "a barred party", 403, "barred", signed: true,
            "us-envoy and hezbollah are barred from direct contact",
            hint: "Go through an intermediary, as the routes here show."
        ) {
            let direct = Leg(intermediaries: [], recipient: FixtureWorld.hezbollah.party)
            return $0.envelopeRequest(try $0.envelope(legs: [direct]).bytes)
        },
        BadInput(
            "an unknown recipient", 422, "unknown-party", signed: true, "nobody is not a party of the charter",
            hint: "Check the party's name against the charter."
        ) {
            let nobody = Leg(intermediaries: [], recipient: PartyID("nobody").unsafelyUnwrapped)
            return $0.envelopeRequest(try $0.envelope(legs: [nobody], to: [FixtureWorld.speaker]) { $0 }.bytes)
        },
        BadInput(
            "content that the recipient cannot open", 422, "not-sealed-to-recipient", signed: true,
            "not sealed to any valid key of hezbollah", hint: "Fetch the recipient's keys and seal again."
        ) { $0.envelopeRequest(try $0.envelope(to: [FixtureWorld.deputy]) { $0 }.bytes) },
        BadInput(
            "content that a bystander could open", 422, "sealed-to-bystander", signed: true,
            "sealed to key *, which is no key of a party on the route", hint: "Seal only to parties on the route."
        ) {
            let readers = [FixtureWorld.speaker, FixtureWorld.hezbollah]
            return $0.envelopeRequest(try $0.envelope(legs: [RelayInABox.toSpeaker], to: readers) { $0 }.bytes)
        },
        BadInput(
            "an envelope that has expired", 410, "expired", signed: true, "the message is past its expiry",
            hint: "Send it anew with an expiry that the charter allows."
        ) {
            let expired = try $0.envelope(expiresIn: .minutes(1))
            $0.clock.pass(.minutes(1))
            return $0.envelopeRequest(expired.bytes)
        },
        BadInput(
            "more messages than the quota", 403, "quota-exceeded", signed: true,
            "us-envoy has too many unsettled messages; wait, or recall some",
            hint: "Wait until earlier messages are settled."
        ) { box in
            for _ in 0..<quota { try await box.accept(box.envelope()) }
            return box.envelopeRequest(try box.envelope().bytes)
        },
        BadInput(
            "a receipt for a message that is nowhere", 422, "unknown-message", signed: true,
            "message * is not in the log", hint: "Check the message's identifier."
        ) {
            let nowhere = MessageID(Hash.sha256([2]))
            let leg = LegReference(message: nowhere, leg: LegNumber(0).unsafelyUnwrapped)
            return $0.statementRequest(
                try $0.sign(.receipt(leg, .retrieved), by: FixtureWorld.hezbollah).derBytes())
        },
    ]

    /// The unsettled messages that one originator may have in these tests.
    static let quota = 2

    /// Requests for what is not there.
    static let routes: [BadInput] = [
        BadInput(
            "an unknown path", 404, "not-found", "*", hint: "Check the identifier; what is not yours is not shown."
        ) {
            $0.request("GET", "/v2/everything")
        },
        BadInput("a wrong method", 405, "method-not-allowed", "*", hint: "Use the method that the Allow field names.") {
            $0.request("DELETE", "/v1/envelopes")
        },
        BadInput(
            "a wait that is too long", 400, "malformed", "wait must be at most 60 seconds and limit 1 to 256",
            hint: malformed
        ) { $0.request("GET", "/v1/inbox?after=0&wait=61&limit=1") },
    ]
}
