import Ledger
import Statements

/// The rules of a submission, in the order of `Docs/Specification.md#rules`.
extension ActContext {
    func submission(_ submission: Submission) throws(Objection) -> Changes {
        try checkRevisions(submission)
        try checkRoutes(submission)
        try checkSealing(submission)
        try checkExpiry(submission)
        let own = try checkQuota(submission)
        var changes = baseChanges()
        changes.nonce = NonceKey(party: statement.party, nonce: submission.nonce)
        let message = MessageState(
            id: MessageID(examined.id), originator: statement.party, submission: submission, at: time, index: index)
        changes.message = message
        changes.counters[statement.party] = own
        for (number, leg) in message.legs.enumerated() {
            guard let holder = leg.holder, let number = LegNumber(number) else { continue }
            arrive(message.id, number, at: holder, in: &changes)
        }
        return changes
    }

    private func checkRevisions(_ submission: Submission) throws(Objection) {
        guard submission.writtenUnder == charter.revisions(originator: statement.party, legs: submission.legs) else {
            throw Objection(
                .staleCharter, "a party of the routes was amended since; refresh the charter and sign again")
        }
    }

    private func checkRoutes(_ submission: Submission) throws(Objection) {
        let paths = submission.legs.map { [statement.party] + $0.holders }
        for party in paths.joined() where charter.party(party) == nil {
            throw Objection(.unknownParty, "\(party) is not a party of the charter")
        }
        guard !Self.hasTwice(submission.legs.map(\.recipient)) else {
            throw Objection(.malformedRoute, "two legs have the same recipient")
        }
        for (leg, path) in zip(submission.legs, paths) where Self.hasTwice(path) {
            throw Objection(.malformedRoute, "a party stands twice on the route to \(leg.recipient)")
        }
        for (leg, path) in zip(submission.legs, paths) { try checkHops(of: leg, along: path, submission) }
    }

    /// Whether a party stands twice in a list, which is short.
    private static func hasTwice(_ parties: [PartyID]) -> Bool {
        parties.indices.contains { parties[..<$0].contains(parties[$0]) }
    }

    private func checkHops(of leg: Leg, along path: [PartyID], _ submission: Submission) throws(Objection) {
        for (from, to) in zip(path, path.dropFirst()) where charter.isBarred(from, to) {
            throw refuse(.barred, from: from, to: to, leg: leg, submission)
        }
        for hop in leg.intermediaries where charter.party(hop)?.capabilities.intermediary != true {
            throw Objection(.notAnIntermediary, "\(hop) may not stand in the middle of a route")
        }
        for (from, to) in zip(path, path.dropFirst()) {
            let objection = Routes(charter).objection(
                from: from, to: to, at: time, precedence: submission.precedence, payload: submission.payloadSize)
            if let code = objection { throw refuse(code, from: from, to: to, leg: leg, submission) }
        }
    }

    private func refuse(
        _ code: RejectionCode, from: PartyID, to: PartyID, leg: Leg, _ submission: Submission
    ) -> Objection {
        let permitted = Routes(charter).permitted(
            from: statement.party, to: leg.recipient, at: time, precedence: submission.precedence,
            payload: submission.payloadSize)
        return Objection(code, Self.sentence(code, from: from, to: to), routes: permitted)
    }

    static func sentence(_ code: RejectionCode, from: PartyID, to: PartyID) -> String {
        switch code {
        case .barred: "\(from) and \(to) are barred from direct contact"
        case .noChannel: "there is no channel from \(from) to \(to)"
        case .channelClosed: "the channel from \(from) to \(to) is not open now"
        default: "the channel from \(from) to \(to) does not take this precedence or size"
        }
    }

    private func checkSealing(_ submission: Submission) throws(Objection) {
        let isOnRoute = { (party: PartyID) in
            party == statement.party
                || submission.legs.contains { $0.recipient == party || $0.intermediaries.contains(party) }
        }
        let keys = submission.sealedTo.map { sealingKey($0) }
        let valid = keys.compactMap(\.self).filter { key in
            key.sealFrom <= time && statement.madeAt < key.sealUntil && submission.expiry <= key.keepUntil
        }
        for leg in submission.legs where !valid.contains(where: { $0.delegate.party == leg.recipient }) {
            throw Objection(.notSealedToRecipient, "not sealed to any valid key of \(leg.recipient)")
        }
        for (keyID, key) in zip(submission.sealedTo, keys) {
            guard let key, isOnRoute(key.delegate.party) else {
                throw Objection(
                    .sealedToBystander, "sealed to key \(keyID.short), which is no key of a party on the route")
            }
        }
    }

    private func checkExpiry(_ submission: Submission) throws(Objection) {
        guard time < submission.expiry else { throw Objection(.expired, "the message is past its expiry") }
        guard submission.expiry - time <= charter.limits.longestLifetime else {
            throw Objection(.expired, "the expiry is further away than the charter allows")
        }
    }

    private func checkQuota(_ submission: Submission) throws(Objection) -> PartyCounters {
        var own = counters(statement.party)
        own.unsettledMessages += 1
        own.unsettledBytes += submission.payloadSize
        guard own.unsettledMessages <= charter.limits.unsettledMessages,
            own.unsettledBytes <= charter.limits.unsettledBytes
        else {
            throw Objection(.quotaExceeded, "\(statement.party) has too many unsettled messages; wait, or recall some")
        }
        return own
    }
}
