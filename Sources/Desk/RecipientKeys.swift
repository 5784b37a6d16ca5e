import Ledger
import Rules
package import Statements
package import Transport

/// The sealing keys of the parties a message goes to: the newest valid one of every delegate in office.
package struct RecipientKeys: Sendable {
    /// X-Wing public keys.
    package let publicKeys: [[UInt8]]
    /// How old the word is that there are no newer ones; nil when the relay was asked just now.
    package let age: TimeSpan?
    /// Why the relay could not be asked, where it should have been.
    package private(set) var away: TransportError?

    /// Where keys may come from.
    package enum Place: Sendable {
        /// The relay, under a fresh tick.
        case relay
        /// The relay, or what is kept here when it does not answer.
        case relayOrKept
        /// What is kept here, or the relay when nothing is.
        case kept
    }

    /// - Throws: ``DeskError`` with `tick-stale`, `tick-wrong`, `no-sealing-key`, `keys-not-kept`.
    static func find(
        for parties: [PartyID], until expiry: Timestamp, from place: Place, desk: Desk
    ) async throws -> RecipientKeys {
        switch place {
        case .relay: return try await fetch(for: parties, until: expiry, desk: desk)
        case .relayOrKept:
            do {
                return try await fetch(for: parties, until: expiry, desk: desk)
            } catch let error as TransportError where error.code == .relayUnavailable {
                do {
                    var keys = try await kept(for: parties, until: expiry, desk: desk)
                    keys.away = error
                    return keys
                } catch let missing as DeskError where missing.code == "keys-not-kept" {
                    throw DeskError(
                        "relay-unavailable",
                        "The relay does not answer, and no sealing keys are kept here: \(missing.message)",
                        hint: "try again when the relay is there; or valise keys import FILE", kind: .unavailable)
                }
            }
        case .kept: return try await kept(for: parties, until: expiry, desk: desk)
        }
    }

    /// Asks the relay for each party's keys, under a fresh tick: a relay that hides a newer key is caught by it. What
    /// it answered is kept for times without a relay.
    private static func fetch(
        for parties: [PartyID], until expiry: Timestamp, desk: Desk
    ) async throws -> RecipientKeys {
        var chosen: [[UInt8]] = []
        var pages: [KeysPage] = []
        for party in parties {
            let answer = try await desk.relay.keys(party)
            try checkTick(answer.tick, desk: desk)
            if let page = KeysPage(answer, of: party) { pages.append(page) }
            let published = answer.publications.map { Published($0.delegate, $0.publication, $0.entry.index) }
            chosen += try newest(published, of: party, until: expiry, desk: desk)
        }
        try await KeysKept(desk).take(pages)
        return RecipientKeys(publicKeys: chosen, age: nil)
    }

    private static func kept(for parties: [PartyID], until expiry: Timestamp, desk: Desk) async throws -> RecipientKeys
    {
        let file = try await KeysKept(desk).load()
        var chosen: [[UInt8]] = []
        var oldest = desk.now()
        for party in parties {
            guard let page = file?.page(of: party) else {
                throw DeskError(
                    "keys-not-kept", "No sealing keys of \(party) are kept at this desk.",
                    hint:
                        "valise keys export -o FILE at a desk that is online, then valise keys import FILE here",
                    kind: .notFound)
            }
            let keys = try page.verified(by: desk.charter.signed, for: desk.party, at: desk.now())
            oldest = min(oldest, keys.tickAt)
            let published = keys.publications.map { Published($0.delegate, $0.publication, $0.index) }
            chosen += try newest(published, of: party, until: expiry, desk: desk)
        }
        return RecipientKeys(publicKeys: chosen, age: desk.now() - oldest)
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
        guard age.milliseconds > -TimeSpan.clockTolerance.milliseconds else {
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

    private struct Published {
        let delegate: DelegateID
        let publication: KeyPublication
        let index: LogIndex
        init(_ delegate: DelegateID, _ publication: KeyPublication, _ index: LogIndex) {
            self.delegate = delegate
            self.publication = publication
            self.index = index
        }
    }

    private static func newest(
        _ published: [Published], of party: PartyID, until expiry: Timestamp, desk: Desk
    ) throws -> [[UInt8]] {
        let now = desk.now()
        let inOffice = desk.charter.inForce.party(party)?.delegates.map(\.name) ?? []
        let keys = inOffice.compactMap { name in
            published
                .filter { key in
                    key.delegate == DelegateID(party: party, name: name) && key.publication.sealFrom <= now
                        && now < key.publication.sealUntil && expiry <= key.publication.keepUntil
                }
                .max { ($0.publication.sealFrom, $0.index) < ($1.publication.sealFrom, $1.index) }?
                .publication.sealingKey
        }
        guard !keys.isEmpty else {
            throw DeskError(
                "no-sealing-key", "\(party) has no sealing key that is valid now and kept until the expiry.",
                hint: "ask \(party) to run \"valise keys publish\"; or choose a shorter --expires", kind: .refused)
        }
        return keys
    }
}

extension KeysPage {
    /// The relay's answer as a page; nil when it came without a tick, which proves nothing later.
    init?(_ answer: KeysAnswer, of party: PartyID) {
        guard let tick = answer.tick, let list = answer.keyList else { return nil }
        self.init(
            party: party, checkpoint: answer.head.note, tick: tick.entry.proven, keyList: list,
            publications: answer.publications.map(\.entry.proven))
    }
}
