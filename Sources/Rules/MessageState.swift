package import Ledger
package import Statements

/// Where a leg is in its life (`Docs/Specification.md#legs`).
package enum LegStage: Hashable, Sendable {
    /// Waiting at the intermediary with this number on the route, from 0.
    case held(hop: Int)
    /// Waiting in the recipient's inbox.
    case available
    case retrieved
    case opened
    case unreadable(UnreadableReason)
    /// Retrieved, and nothing more said until expiry and grace had passed.
    case unconfirmed
    case refused(by: PartyID, RefusalReason)
    case recalled
    case expired

    package var isTerminal: Bool {
        switch self {
        case .held, .available, .retrieved: false
        default: true
        }
    }

    /// The word of `Docs/Specification.md#legs`.
    package var word: String {
        switch self {
        case .held: "held"
        case .available: "available"
        case .retrieved: "retrieved"
        case .opened: "opened"
        case .unreadable: "unreadable"
        case .unconfirmed: "unconfirmed"
        case .refused: "refused"
        case .recalled: "recalled"
        case .expired: "expired"
        }
    }
}

/// One leg: its route, its stage, and what inner hops confirmed.
package struct LegState: Hashable, Sendable {
    package let route: Leg
    package var stage: LegStage
    /// The place of the furthest holder it has arrived at, from 0; an end does not move it.
    package private(set) var place: Int
    /// Receipts of inner hops that may open: recorded for the hop, they do not move the leg.
    package var hopReceipts: [PartyID: ReceiptOutcome]

    package init(route: Leg) {
        self.route = route
        stage = route.intermediaries.isEmpty ? .available : .held(hop: 0)
        place = 0
        hopReceipts = [:]
    }

    /// Who has it now; nil once it ended.
    package var holder: PartyID? {
        switch stage {
        case .held(let hop): route.intermediaries[hop]
        case .available, .retrieved: route.recipient
        default: nil
        }
    }

    /// Whether it has arrived at this party, now or earlier.
    package func hasReached(_ party: PartyID) -> Bool {
        guard let wanted = route.holders.firstIndex(of: party) else { return false }
        return wanted <= place
    }

    /// Moves it on to the next holder; nothing happens unless an intermediary holds it.
    mutating func passOn() {
        guard case .held(let hop) = stage else { return }
        place = hop + 1
        stage = place == route.intermediaries.count ? .available : .held(hop: place)
    }
}

/// A message as its custody chain tells it: folded from its entries, never stored in another form.
package struct MessageState: Hashable, Sendable {
    package let id: MessageID
    package let originator: PartyID
    package let submission: Submission
    package let submittedAt: Timestamp
    package let firstIndex: LogIndex
    package var lastIndex: LogIndex
    package var legs: [LegState]

    /// The state after its submission was accepted.
    package init(id: MessageID, originator: PartyID, submission: Submission, at time: Timestamp, index: LogIndex) {
        self.id = id
        self.originator = originator
        self.submission = submission
        submittedAt = time
        firstIndex = index
        lastIndex = index
        legs = submission.legs.map(LegState.init(route:))
    }

    /// Every leg came to an end.
    package var isSettled: Bool { legs.allSatisfy(\.stage.isTerminal) }

    /// The originator and everyone on a route.
    package var parties: Set<PartyID> { Set([originator] + submission.legs.flatMap(\.holders)) }

    /// The stage of a leg at a moment: one that ran out of time *is* expired, logged or not.
    package func stage(_ leg: LegNumber, at time: Timestamp, grace: TimeSpan) -> LegStage {
        let stage = legs[leg.value].stage
        switch stage {
        case .held, .available: return time >= submission.expiry ? .expired : stage
        case .retrieved: return time >= submission.expiry + grace ? .unconfirmed : stage
        default: return stage
        }
    }

    /// When the next notice of expiry falls due; nil once settled.
    package func deadline(grace: TimeSpan) -> Timestamp? {
        legs.compactMap { leg in
            switch leg.stage {
            case .held, .available: submission.expiry
            case .retrieved: submission.expiry + grace
            default: nil
            }
        }.min()
    }

    /// Takes an act that the rules accepted.
    package mutating func advance(_ act: Act, by party: PartyID, index: LogIndex) {
        lastIndex = index
        switch act {
        case .conveyance(let reference): legs[reference.leg.value].passOn()
        case .refusal(let reference, let reason): legs[reference.leg.value].stage = .refused(by: party, reason)
        case .receipt(let reference, let outcome): take(outcome, of: party, leg: reference.leg)
        case .recall(_, let numbers): for number in numbers { legs[number.value].stage = .recalled }
        case .expiry(let reference):
            let retrieved = legs[reference.leg.value].stage == .retrieved
            legs[reference.leg.value].stage = retrieved ? .unconfirmed : .expired
        default: return
        }
    }

    private mutating func take(_ outcome: ReceiptOutcome, of party: PartyID, leg: LegNumber) {
        guard legs[leg.value].route.recipient == party else {
            legs[leg.value].hopReceipts[party] = outcome
            return
        }
        switch outcome {
        case .retrieved: legs[leg.value].stage = .retrieved
        case .opened: legs[leg.value].stage = .opened
        case .unreadable(let reason): legs[leg.value].stage = .unreadable(reason)
        }
    }

    /// Folds a custody chain, oldest entry first; nil unless it starts with the submission and each entry names the
    /// one before it.
    package init?(chain: [(index: LogIndex, entry: Entry)]) {
        guard let first = chain.first, let signed = first.entry.signed,
            case .submission(let submission) = signed.statement.act, first.entry.previous == nil
        else { return nil }
        self.init(
            id: MessageID(signed.id), originator: signed.statement.party, submission: submission,
            at: first.entry.acceptedAt, index: first.index)
        for (index, entry) in chain.dropFirst() {
            guard let signed = entry.signed, entry.message == id, entry.previous == lastIndex,
                Self.legsExist(signed.statement.act, count: legs.count)
            else { return nil }
            advance(signed.statement.act, by: signed.statement.party, index: index)
        }
    }

    /// Whether every leg that an act names is one of the first `count`.
    package static func legsExist(_ act: Act, count: Int) -> Bool {
        switch act {
        case .conveyance(let leg), .refusal(let leg, _), .receipt(let leg, _), .expiry(let leg): leg.leg.value < count
        case .recall(_, let legs): legs.allSatisfy { $0.value < count }
        default: true
        }
    }
}
