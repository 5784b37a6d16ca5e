import Ledger
import Statements

/// The rules of acts on a leg: each must come from the party entitled in the leg's present stage.
extension ActContext {
    func conveyance(_ reference: LegReference) throws(Objection) -> Changes {
        let message = try message(reference.message, legs: [reference.leg])
        let leg = message.legs[reference.leg.value]
        let hop = try heldHop(message, reference.leg)
        let next = leg.route.holders[hop + 1]
        let objection = Routes(charter).objection(
            from: statement.party, to: next, at: time, precedence: message.submission.precedence,
            payload: message.submission.payloadSize)
        if let code = objection {
            throw Objection(code, Self.sentence(code, from: statement.party, to: next))
        }
        var changes = advancing(message)
        arrive(message.id, reference.leg, at: next, in: &changes)
        return changes
    }

    /// The number of the hop at which this party holds the leg now.
    private func heldHop(_ message: MessageState, _ number: LegNumber) throws(Objection) -> Int {
        let leg = message.legs[number.value]
        guard leg.route.intermediaries.contains(statement.party) else {
            throw Objection(.notHolder, "\(statement.party) is no intermediary of this leg")
        }
        let stage = stage(message, number)
        guard case .held(let hop) = stage, leg.route.intermediaries[hop] == statement.party else {
            throw Objection(.wrongState, "the leg is \(stage.word) and not held by \(statement.party)")
        }
        return hop
    }

    func refusal(_ reference: LegReference) throws(Objection) -> Changes {
        let message = try message(reference.message, legs: [reference.leg])
        let leg = message.legs[reference.leg.value]
        guard leg.route.holders.contains(statement.party) else {
            throw Objection(.notHolder, "\(statement.party) is not on this leg")
        }
        let stage = stage(message, reference.leg)
        switch stage {
        case .held(let hop) where leg.route.intermediaries[hop] == statement.party: break
        case .available where leg.route.recipient == statement.party: break
        default: throw Objection(.wrongState, "the leg is \(stage.word) and not \(statement.party)'s to refuse")
        }
        return advancing(message)
    }

    func receipt(_ reference: LegReference, _ outcome: ReceiptOutcome) throws(Objection) -> Changes {
        let message = try message(reference.message, legs: [reference.leg])
        let leg = message.legs[reference.leg.value]
        guard leg.route.holders.contains(statement.party) else {
            throw Objection(.notHolder, "\(statement.party) is not on this leg")
        }
        let stage = stage(message, reference.leg)
        if leg.route.recipient == statement.party {
            let wanted: LegStage = outcome == .retrieved ? .available : .retrieved
            guard stage == wanted else {
                throw Objection(.wrongState, "the leg is \(stage.word), not \(wanted.word)")
            }
        } else {
            try checkHopReceipt(outcome, message: message, leg: leg, stage: stage)
        }
        return advancing(message)
    }

    private func checkHopReceipt(
        _ outcome: ReceiptOutcome, message: MessageState, leg: LegState, stage: LegStage
    ) throws(Objection) {
        let mayOpen = message.submission.sealedTo.contains { sealingKey($0)?.delegate.party == statement.party }
        guard mayOpen else {
            throw Objection(.notHolder, "the content is not sealed to \(statement.party)")
        }
        guard leg.hasReached(statement.party) else {
            throw Objection(.wrongState, "the leg has not reached \(statement.party)")
        }
        let before = leg.hopReceipts[statement.party]
        if outcome == .retrieved {
            guard before == nil, !stage.isTerminal else {
                throw Objection(.wrongState, before == nil ? "the leg is \(stage.word)" : "already retrieved")
            }
        } else {
            guard before == .retrieved else {
                throw Objection(.wrongState, "not retrieved by \(statement.party), or already settled")
            }
        }
    }

    func recall(_ id: MessageID, _ legs: [LegNumber]) throws(Objection) -> Changes {
        let message = try message(id, legs: legs)
        guard message.originator == statement.party else {
            throw Objection(.notHolder, "only \(message.originator) can recall this message")
        }
        for leg in legs {
            switch stage(message, leg) {
            case .held, .available: continue
            case let stage: throw Objection(.wrongState, "leg \(leg) is \(stage.word) and cannot be recalled")
            }
        }
        return advancing(message)
    }
}
