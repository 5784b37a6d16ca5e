import Rules
package import Statements
import Transport

/// The sealing keys of the parties a message goes to: the newest valid one of every delegate in office.
package struct RecipientKeys: Sendable {
    /// X-Wing public keys.
    package let publicKeys: [[UInt8]]

    /// Asks the relay for each party's keys, under a fresh tick: a relay that hides a newer key is caught by it.
    /// - Throws: ``DeskError`` with `tick-stale`, `tick-wrong`, `no-sealing-key`.
    package static func fetch(
        for parties: [PartyID], until expiry: Timestamp, desk: Desk
    ) async throws -> RecipientKeys {
        var chosen: [[UInt8]] = []
        for party in parties {
            let answer = try await desk.relay.keys(party)
            try checkTick(answer.tick, desk: desk)
            let keys = newest(answer, of: party, until: expiry, desk: desk)
            guard !keys.isEmpty else {
                throw DeskError(
                    "no-sealing-key", "\(party) has no sealing key that is valid now and kept until the expiry.",
                    hint: "ask \(party) to run valise keys publish; or choose a shorter --expires",
                    kind: .refused)
            }
            chosen.append(contentsOf: keys)
        }
        return RecipientKeys(publicKeys: chosen)
    }

    static func checkTick(_ tick: VerifiedTick?, desk: Desk) throws {
        let freshness = desk.charter.inForce.limits.tickFreshness
        guard let tick else {
            throw DeskError(
                "tick-missing", "The relay shows no tick for \(desk.party), so newer keys could be hidden.",
                hint: "try again in a minute; if it stays so, tell the operator and an auditor", kind: .verification)
        }
        guard tick.tick.charterInForce == desk.charter.inForce.inForce else {
            throw DeskError(
                "tick-wrong", "The relay's tick names another charter than the one this desk joined.",
                hint: "call the other parties: the relay may run under another charter", kind: .verification)
        }
        let age = desk.now() - tick.acceptedAt
        guard age.milliseconds > -TimeSpan.minutes(5).milliseconds else {
            throw DeskError(
                "tick-ahead",
                "The newest tick is \(-age.milliseconds / 60_000) minutes ahead of this desk's clock.",
                hint: "set this machine's clock; if it is right, tell the operator and an auditor", kind: .verification)
        }
        guard age < freshness else {
            throw DeskError(
                "tick-stale",
                "The newest tick is \(age.milliseconds / 60_000) minutes old; the charter wants one younger than "
                    + "\(freshness.milliseconds / 60_000).",
                hint: "try again later; if it stays so, tell the operator and an auditor", kind: .verification)
        }
    }

    private static func newest(
        _ answer: KeysAnswer, of party: PartyID, until expiry: Timestamp, desk: Desk
    ) -> [[UInt8]] {
        let now = desk.now()
        let inOffice = desk.charter.inForce.party(party)?.delegates.map(\.name) ?? []
        return inOffice.compactMap { name in
            answer.publications
                .filter { key in
                    key.delegate == DelegateID(party: party, name: name) && key.publication.sealFrom <= now
                        && now < key.publication.sealUntil && expiry <= key.publication.keepUntil
                }
                .max { ($0.publication.sealFrom, $0.entry.index) < ($1.publication.sealFrom, $1.entry.index) }?
                .publication.sealingKey
        }
    }
}
