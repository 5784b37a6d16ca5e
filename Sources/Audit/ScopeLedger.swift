package import Ledger
package import Rules
package import Statements

/// What a limited auditor knows of its channels, entry by entry: the messages that passed over them, with what became
/// of them there.
package struct ScopeLedger: Sendable {
    /// A message with a leg over one of the channels.
    package struct Message: Sendable {
        package let signed: SignedStatement
        /// Of the legs that pass over the channels; the others stay as they were at first.
        package fileprivate(set) var state: MessageState
        /// The legs whose acts are shown.
        package let legs: [LegNumber]
        /// The submission, and every later act that is shown.
        package fileprivate(set) var steps: [Step]
    }

    package struct Step: Sendable {
        package let index: LogIndex
        package let acceptedAt: Timestamp
        package let statement: Statement
    }

    package let party: PartyID
    /// In the order of their submissions.
    package private(set) var messages: [Message] = []
    /// Every entry so far, with the hash of its leaf.
    private var leaves: [(index: LogIndex, leaf: Hash)] = []
    private var places: [MessageID: Int] = [:]
    private let scope: Scope

    /// Nil for a party that the charter makes no limited auditor.
    package init?(_ charter: Charter, party: PartyID) {
        guard let auditor = charter.limitedAuditors.first(where: { $0.party == party }) else { return nil }
        self.party = party
        scope = Scope(auditor)
    }

    package var count: Int { leaves.count }
    /// The newest entry; nil before the first.
    package var last: LogIndex? { leaves.last?.index }

    /// What a full auditor must have counted over the log's first entries, if all of this scope was shown.
    package func sum(upTo size: TreeSize) -> ScopeSum {
        var sum = ScopeSum(party: party)
        for (index, leaf) in leaves where index.rawValue < size.rawValue { sum.add(index, leaf: leaf) }
        return sum
    }

    /// Takes the next entry of the scope, whose proof and signatures hold.
    /// - Throws: ``ScopeFinding`` for one that is none of the scope, and where one before it must be missing.
    package mutating func take(_ entry: Entry, at index: LogIndex, leaf: Hash) throws(ScopeFinding) {
        guard let signed = entry.signed, let id = entry.message else {
            throw ScopeFinding(.outOfScope, index: index, "Entry \(index) is about no message")
        }
        let step = Step(index: index, acceptedAt: entry.acceptedAt, statement: signed.statement)
        if case .submission(let submission) = signed.statement.act {
            try begin(signed, submission, step, previous: entry.previous)
        } else {
            guard let place = places[id] else {
                throw ScopeFinding(.withheld, index: index, "The submission of entry \(index)'s message is missing")
            }
            try advance(place, step, previous: entry.previous)
        }
        leaves.append((index, leaf))
    }

    private mutating func begin(
        _ signed: SignedStatement, _ submission: Submission, _ step: Step, previous: LogIndex?
    ) throws(ScopeFinding) {
        let (index, originator) = (step.index, signed.statement.party)
        let legs = submission.legs.indices.filter { scope.covers(submission.legs[$0], from: originator) }
        guard !legs.isEmpty, previous == nil else {
            throw ScopeFinding(.outOfScope, index: index, "Entry \(index) passes over none of the channels")
        }
        let id = MessageID(signed.id)
        guard places[id] == nil else {
            throw ScopeFinding(.outOfScope, index: index, "Entry \(index) is a message that was in the log before")
        }
        places[id] = messages.count
        let state = MessageState(
            id: id, originator: originator, submission: submission, at: step.acceptedAt, index: index)
        messages.append(Message(signed: signed, state: state, legs: legs.compactMap { LegNumber($0) }, steps: [step]))
    }

    private mutating func advance(_ place: Int, _ step: Step, previous: LogIndex?) throws(ScopeFinding) {
        let (index, message) = (step.index, messages[place])
        let (act, submission) = (step.statement.act, message.state.submission)
        guard MessageState.legsExist(act, count: submission.legs.count),
            scope.shows(act, legs: submission.legs, from: message.state.originator)
        else { throw ScopeFinding(.outOfScope, index: index, "Entry \(index) passes over none of the channels") }
        // Acts on legs that are not shown may stand between two that are.
        let isWhole = message.legs.count == submission.legs.count
        let expected = message.state.lastIndex
        guard let previous, isWhole ? previous == expected : (expected..<index).contains(previous) else {
            throw ScopeFinding(.withheld, index: index, "An entry before \(index) of its message is missing")
        }
        messages[place].state.advance(act, by: step.statement.party, index: index)
        messages[place].steps.append(step)
    }
}

/// What is wrong with what a limited auditor was shown.
package struct ScopeFinding: Error, Hashable, Sendable, CustomStringConvertible {
    /// Stable codes (`Docs/Specification.md#scopes`).
    package enum Code: String, Sendable, CaseIterable {
        /// An entry that must be there was left out.
        case withheld
        /// An entry that is none of the channels'.
        case outOfScope = "out-of-scope"
        /// A kept page is none, or no longer what it was.
        case pageDamaged = "page-damaged"
        /// An auditor has found the log wrong.
        case verdictAgainst = "verdict-against"
    }

    package let code: Code
    package let index: LogIndex?
    /// One sentence without its period.
    package let message: String

    package init(_ code: Code, index: LogIndex? = nil, _ message: String) {
        self.code = code
        self.index = index
        self.message = message
    }

    package var description: String { "\(message) [\(code.rawValue)]" }

    /// What to do next.
    package var nextStep: String {
        switch code {
        case .withheld:
            "fetch into an empty folder; if it stays so, show the folder to the auditor whose verdict it is"
        case .outOfScope: "keep the folder, and tell the operator: you were shown what is not yours to see"
        case .pageDamaged: "move the folder away, and fetch into an empty one"
        case .verdictAgainst: "call that auditor and the parties; an auditor's copy of the log proves it"
        }
    }
}
