package import Ledger
package import Rules
package import Statements
package import Transport

/// A message as its verified custody chain tells it: who did what and when, and where each leg is.
package struct TrackedMessage: Sendable {
    package let state: MessageState
    package let steps: [Step]
    /// The submission as it stands in the log, its signatures verified.
    package let signed: SignedStatement
    /// The entries with their proofs, as evidence needs them.
    package let chain: [VerifiedEntry]
    /// The relay's destruction of its copy of the content, which is no step of the chain.
    package let erasure: Step?

    /// One entry of the chain, or the erasure.
    package struct Step: Sendable {
        package let index: LogIndex
        package let at: Timestamp
        package let act: Act
        package let party: PartyID
        package let signers: [DelegateName]
    }

    /// - Parameters:
    ///   - chain: proven to be in the log, oldest first.
    ///   - erasure: of its content, proven and signed by the relay.
    /// - Throws: ``DeskError`` `custody-broken` when a signature is not its signer's or the acts do not follow.
    package init(_ chain: [VerifiedEntry], charter: PinnedCharter, erasure: VerifiedEntry? = nil) throws {
        steps = try chain.map { try Self.step($0, charter) }
        self.erasure = try erasure.map { try Self.step($0, charter) }
        guard let state = MessageState(chain: chain.map { ($0.index, $0.entry) }) else {
            throw Self.broken(chain.first?.index ?? LogIndex(0))
        }
        guard let first = chain.first, let signed = first.entry.signed else { throw Self.broken(LogIndex(0)) }
        self.state = state
        self.signed = signed
        self.chain = chain
    }

    private static func step(_ item: VerifiedEntry, _ charter: PinnedCharter) throws -> Step {
        guard let signed = item.entry.signed else { throw broken(item.index) }
        let examined = ExaminedStatement(signed) { charter.inForce.key($0) }
        guard examined.isAuthentic, signed.statement.charter == charter.id else { throw broken(item.index) }
        return Step(
            index: item.index, at: item.entry.acceptedAt, act: signed.statement.act, party: signed.statement.party,
            signers: signed.statement.signers)
    }

    private static func broken(_ index: LogIndex) -> DeskError {
        DeskError(
            "custody-broken", "Entry \(index) does not belong in this custody chain as it stands.",
            hint: "do not rely on it; tell the other parties and an auditor", kind: .verification)
    }

    /// The leg that this party has to do with: the one it holds now, else the one it is the recipient of, else the one
    /// it stands on; nil for the originator and for strangers.
    package func leg(of party: PartyID) -> LegNumber? {
        let place =
            state.legs.firstIndex { $0.holder == party } ?? state.legs.firstIndex { $0.route.recipient == party }
            ?? state.legs.firstIndex { $0.route.holders.contains(party) }
        return place.flatMap { LegNumber($0) }
    }

    /// The leg that this party reads on: the one it is the recipient of, else the one it stands on.
    package func readingLeg(of party: PartyID) -> LegNumber? {
        let own = state.legs.firstIndex { $0.route.recipient == party }
        return own.flatMap { LegNumber($0) } ?? leg(of: party)
    }

    /// The word for a leg's stage now, expired by time included.
    package func stage(_ leg: LegNumber, at time: Timestamp, charter: PinnedCharter) -> LegStage {
        state.stage(leg, at: time, grace: charter.inForce.limits.confirmGrace)
    }
}
