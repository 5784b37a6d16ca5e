package import Daemon
import Rules
import Statements
import Synchronization
import Wire

/// Who may go on now: rates and places of parties and delegates, asked once a signature has held. Only delegates in
/// office come here, so there is one budget for each party of the charter and no more.
package final class Turnstile: Sendable {
    private let limits: PartyLimits
    private let patience: Double
    private let figures: LimitFigures
    private let log: PublishedLog
    private let all: Allowance
    private let budgets = Mutex<[PartyID: PartyBudget]>([:])

    package init(_ limits: RelayLimits, log: PublishedLog, figures: LimitFigures) {
        self.limits = limits.parties
        patience = Double(limits.queue.patience.milliseconds) / 1_000
        self.figures = figures
        self.log = log
        all = Allowance(.allStatements, rate: limits.parties.allStatements, at: limits.parties.now())
    }

    /// Any request, before it is looked at. One that has waited for a thread for too long is turned away: the checks of
    /// signatures are behind, and one more would only make its sender ask twice.
    func admitArrival() throws(Problem) {
        guard let peer = Peer.current else { return }
        let lag = peer.lag
        if lag > patience {
            figures.add(.patience)
            throw Self.overloaded(lag, "Requests wait for \(Int(lag)) s before the relay comes to them.")
        }
        guard let wait = peer.beginRequest() else { return }
        throw Self.busy(wait, "Too many requests come from this address without a signature that holds.")
    }

    /// A signature that is about to be checked, of whoever it is.
    static func admitProof() throws(Problem) {
        guard let wait = Peer.current?.beginProof() else { return }
        throw busy(wait, "Too many signatures from this address did not hold.")
    }

    /// A signed request, or a statement: the connection counts for its party.
    func admitRequest(_ who: DelegateID) throws(Problem) {
        let budget = budget(who.party)
        try own(who.party, budget)
        try take([(budget.requests, 1)], of: who.party)
    }

    /// A request that names somebody but is not signed by who sends it: where the connection is a party's, it is that
    /// party's request.
    func admitCarried() throws(Problem) {
        guard let owner = Peer.current?.owner.flatMap({ PartyID($0) }) else { return }
        try take([(budget(owner).requests, 1)], of: owner)
    }

    /// Whether a statement came over a connection of its own party. Of any other it is not known who sends it: one that
    /// is old may come from whoever has seen it.
    func isOwn(_ party: PartyID) -> Bool {
        guard let peer = Peer.current else { return true }
        return peer.owner == party.description
    }

    /// A statement that is new, whose signatures have held: its party is there.
    /// - Parameter content: bytes of the file that it came with.
    func admit(_ statement: Statement, content: UInt64 = 0) throws(Problem) {
        Peer.current?.prove()
        let budget = budget(statement.party)
        try own(statement.party, budget)
        if statement.act.kind == .submission { try admitMessage(statement) }
        var prices: [(Allowance, Double)] = [(budget.statements, 1), (all, 1)]
        if let first = statement.signers.first { prices.insert((budget.statements(of: first), 1), at: 0) }
        if content > 0 { prices.append((budget.content, Double(content))) }
        try take(prices, of: statement.party)
    }

    /// Content that a signed request brings.
    func admitContent(_ bytes: UInt64, of party: PartyID) throws(Problem) {
        guard bytes > 0 else { return }
        try take([(budget(party).content, Double(bytes))], of: party)
    }

    /// An upload that is whole already: its bytes are read, and its statement is decided, once more.
    func admitAgain(_ bytes: UInt64, of party: PartyID) throws(Problem) {
        let budget = budget(party)
        try take([(budget.statements, 1), (budget.content, Double(bytes))], of: party)
    }

    /// Says no to a statement before its signature is checked, if its connection is that of the party it names, and
    /// that has nothing left: a flood over kept connections costs no verification. A stranger learns nothing by it.
    func refuseEarly(_ statement: Statement) throws(Problem) {
        guard let owner = Peer.current?.owner, owner == statement.party.description else { return }
        let (budget, now) = (budget(statement.party), limits.now())
        let delegate = statement.signers.first.flatMap { budget.known($0) }
        for allowance in [delegate, budget.statements].compactMap(\.self) {
            if let wait = allowance.wait(at: now) { throw refusal(allowance.limit, wait, of: statement.party) }
        }
    }

    /// Holds a place for an inbox that waits while the body runs.
    func poll<Value>(of party: PartyID, _ body: () async throws -> Value) async throws -> Value {
        let polls = budget(party).polls
        guard polls.enter() else { throw refusal(.partyPolls, 5, of: party) }
        defer { polls.leave() }
        return try await body()
    }

    private func own(_ party: PartyID, _ budget: PartyBudget) throws(Problem) {
        let places = budget.connections
        let isOwned = Peer.current?.own(
            as: party.description, enter: { places.enter() }, release: { places.leave() })
        guard isOwned ?? true else { throw refusal(.partyConnections, 5, of: party) }
    }

    /// What all parties together have unsettled; as of the newest commit, so that what waits for one is not counted.
    private func admitMessage(_ statement: Statement) throws(Problem) {
        guard limits.allMessages != nil || limits.allContent != nil else { return }
        var (messages, bytes): (UInt64, UInt64) = (0, 0)
        for counters in log.snapshot.standing.counters.values {
            messages &+= counters.unsettledMessages
            bytes &+= counters.unsettledBytes
        }
        if let most = limits.allMessages, messages >= most { throw refusal(.allMessages, 60, of: statement.party) }
        if let most = limits.allContent, bytes >= most { throw refusal(.allContent, 60, of: statement.party) }
    }

    /// Takes all of the prices or none.
    private func take(_ prices: [(Allowance, Double)], of party: PartyID) throws(Problem) {
        let now = limits.now()
        for (place, price) in prices.enumerated() {
            guard let wait = price.0.take(price.1, at: now) else { continue }
            for paid in prices.prefix(place) { paid.0.giveBack(paid.1) }
            throw refusal(price.0.limit, wait, of: party)
        }
    }

    private func budget(_ party: PartyID) -> PartyBudget {
        budgets.withLock { budgets in
            if let known = budgets[party] { return known }
            let new = PartyBudget(limits)
            budgets[party] = new
            return new
        }
    }

    private func refusal(_ limit: ServiceLimit, _ wait: Double, of party: PartyID) -> Problem {
        figures.add(limit)
        return Self.busy(wait, sentence(limit, party), of: party, with: budget(party).connections.taken)
    }

    /// - Parameters:
    ///   - party: who is told; nil where nobody is known. Another party's connection does not rest for it.
    ///   - connections: how many that party has.
    private static func busy(
        _ wait: Double, _ sentence: String, of party: PartyID? = nil, with connections: Int = 1
    ) -> Problem {
        var wait = wait
        if let peer = Peer.current, peer.owner == nil || peer.owner == party?.description {
            // Who comes a second before it is read again is read in time.
            wait = max(wait, peer.rest(among: peer.owner == nil ? nil : connections) - 1)
        }
        var problem = Problem(.busy, sentence)
        problem.retryAfter = seconds(wait)
        return problem
    }

    private func sentence(_ limit: ServiceLimit, _ party: PartyID) -> String {
        switch limit {
        case .partyConnections: "\(party) has \(limits.connections) connections already."
        case .partyPolls: "\(party) has \(limits.polls) inboxes that wait already."
        case .partyRequests: "\(party) may make \(limits.requests) requests a second."
        case .partyStatements: "\(party) may hand in \(limits.statements) statements a second."
        case .delegateStatements: "A delegate may hand in \(limits.delegateStatements) statements a second."
        case .partyContent: "\(party) may send \(limits.content) bytes of content a second."
        case .allMessages: "The relay has as many unsettled messages as it takes."
        case .allContent: "The relay has as many bytes of unsettled messages as it takes."
        default: "The relay takes \(limits.allStatements) statements a second."
        }
    }

    static func overloaded(_ wait: Double, _ sentence: String) -> Problem {
        var problem = Problem(.overloaded, sentence)
        problem.retryAfter = seconds(wait)
        return problem
    }

    /// For `Retry-After`: at least one, at most a minute.
    static func seconds(_ wait: Double) -> Int { wait < 60 ? max(1, Int(wait.rounded(.up))) : 60 }
}
