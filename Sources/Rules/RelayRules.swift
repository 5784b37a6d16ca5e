import Ledger
import Statements

/// The rules of key publications, and of what the relay itself says.
extension ActContext {
    /// How many keys that are not past `sealUntil` a delegate may have.
    private static var keysPerDelegate: Int { 16 }

    func keyPublication(_ publication: KeyPublication) throws(Objection) -> Changes {
        let limits = charter.limits
        guard let name = statement.signers.first else { throw Objection(.notInOffice, "no signer") }
        let delegate = statement.delegate(name)
        let record = SealingKeyRecord(
            delegate: delegate, keyID: publication.keyID, sealFrom: publication.sealFrom,
            sealUntil: publication.sealUntil, keepUntil: publication.keepUntil)
        guard record.sealFrom < record.sealUntil, time < record.sealUntil,
            record.keepUntil >= record.sealUntil + limits.longestLifetime + limits.keyGrace
        else {
            throw Objection(
                .badKeyWindow, "sealFrom, sealUntil and keepUntil are not as far apart as the charter wants")
        }
        guard sealingKey(record.keyID) == nil else {
            throw Objection(.keyTwice, "key \(record.keyID.short) was published before")
        }
        let current = standing.keys.values.count { $0.delegate == delegate && time < $0.sealUntil }
        guard current < Self.keysPerDelegate else {
            throw Objection(.overLimit, "\(delegate) has \(current) sealing keys already")
        }
        var changes = baseChanges()
        changes.key = record
        return changes
    }

    func expiry(_ reference: LegReference) throws(Objection) -> Changes {
        let message = try message(reference.message, legs: [reference.leg])
        let logged = message.legs[reference.leg.value].stage
        guard !logged.isTerminal else {
            throw Objection(.wrongState, "the leg is \(logged.word)")
        }
        guard stage(message, reference.leg).isTerminal else {
            throw Objection(.notDue, "the leg has not run out of time")
        }
        return advancing(message)
    }

    func tick(_ tick: Tick) throws(Objection) -> Changes {
        guard charter.party(tick.party) != nil else {
            throw Objection(.unknownParty, "\(tick.party) is not a party of the charter")
        }
        let arrivals = counters(tick.party).arrivals
        guard tick.arrivals == arrivals else {
            throw Objection(
                .wrongTick, "the tick of \(tick.party) counts \(tick.arrivals) arrivals; there are \(arrivals)")
        }
        guard tick.charterInForce == charter.inForce else {
            throw Objection(.wrongTick, "the tick of \(tick.party) names another charter")
        }
        guard tick.keys == standing.keysHash(at: time) else {
            throw Objection(.wrongTick, "the tick of \(tick.party) names another list of sealing keys")
        }
        return baseChanges()
    }
}
