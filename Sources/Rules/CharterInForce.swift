package import Ledger
package import Statements

/// The charter as it stands at one entry: the founding charter with every amendment since, ready for look-ups.
///
/// No rules version decides an amendment yet, so every revision is 0 here.
package struct CharterInForce: Sendable {
    package let signed: SignedCharter
    /// The identifier that a tick names as the charter in force.
    package let inForce: Hash
    package let constitution: Revision
    /// What limited auditors are shown, in the order of their parties.
    package let scopes: [Scope]
    private let parties: [PartyID: Party]
    private let keys: [DelegateID: [UInt8]]
    private let bars: Set<Bar>
    private let channels: [Hop: [Channel]]

    /// Two parties in the direction in which a message goes.
    private struct Hop: Hashable {
        let from: PartyID
        let to: PartyID
    }

    package init(_ signed: SignedCharter) {
        self.signed = signed
        inForce = signed.id.hash
        constitution = Revision(0)
        scopes = signed.charter.limitedAuditors.map(Scope.init)
        var parties: [PartyID: Party] = [:]
        var keys: [DelegateID: [UInt8]] = [:]
        for party in signed.charter.parties {
            parties[party.id] = party
            for delegate in party.delegates {
                keys[DelegateID(party: party.id, name: delegate.name)] = delegate.signingKey
            }
        }
        keys[DelegateID(party: .relay, name: .act)] = signed.charter.relay.actKey
        self.parties = parties
        self.keys = keys
        bars = Set(signed.charter.bars)
        var channels: [Hop: [Channel]] = [:]
        for channel in signed.charter.channels {
            for hop in [Hop(from: channel.from, to: channel.to), Hop(from: channel.to, to: channel.from)]
            where channel.carries(from: hop.from, to: hop.to) {
                channels[hop, default: []].append(channel)
            }
        }
        self.channels = channels
    }

    package var charter: Charter { signed.charter }
    package var limits: Limits { signed.charter.limits }
    /// How long the content of settled messages is kept at least; nil where nothing is ever erased, so that nobody
    /// needs to keep account of it.
    package var retention: TimeSpan? {
        signed.charter.rulesVersion >= RulesVersions.erasing ? signed.charter.limits.retention : nil
    }
    package var id: CharterID { signed.id }

    package func party(_ id: PartyID) -> Party? { parties[id] }
    /// The signing key of a delegate in office; the act key for the relay.
    package func key(_ id: DelegateID) -> [UInt8]? { keys[id] }
    package func roster(_ party: PartyID) -> Revision { Revision(0) }
    package func isBarred(_ a: PartyID, _ b: PartyID) -> Bool { bars.contains(Bar(a, b)) }
    package func channels(from a: PartyID, to b: PartyID) -> [Channel] {
        channels[Hop(from: a, to: b)] ?? []
    }

    /// The revisions a submission with these routes is written under.
    package func revisions(originator: PartyID, legs: [Leg]) -> WrittenUnder {
        var involved = [originator]
        for party in legs.lazy.flatMap(\.holders) where !involved.contains(party) { involved.append(party) }
        involved.sort()
        return WrittenUnder(
            constitution: constitution,
            rosters: involved.map { RosterRevision(party: $0, revision: roster($0)) })
    }
}
