package import Daemon
import Statements
import Synchronization

/// How much the parties of the charter may ask of the relay, beyond what the charter says. Rates are a second, with a
/// burst of ``Daemon/TokenBucket/burstSeconds`` of them, statements of ``statementBurst``.
package struct PartyLimits: Sendable {
    /// Seconds of a party's or a delegate's statements that may come at once: while they are logged, everybody's share
    /// of the machine is smaller.
    static let statementBurst = 2.0

    /// Connections on which a delegate of the party was the first to prove who it is.
    package var connections = 1_024
    /// Inboxes of the party that wait for something.
    package var polls = 512
    /// Signed requests of a party.
    package var requests = 1_000
    /// Statements of a party, and of one delegate, who signs first.
    package var statements = 100
    package var delegateStatements = 50
    /// Bytes of envelopes, drafts and parts of them.
    package var content = 64 << 20
    /// Statements of all parties.
    package var allStatements = 10_000
    /// Unsettled messages, and their payload bytes, of all parties; nil for what the charter's parties may have
    /// together.
    package var allMessages: UInt64?
    package var allContent: UInt64?
    /// The steady clock by which rates fill.
    package var now: @Sendable () -> ContinuousClock.Instant = { .now }
    package init() {}
}

/// Everything that limits a relay but the charter and the disk.
package struct RelayLimits: Sendable {
    package var sources = SourceLimits()
    package var parties = PartyLimits()
    package var queue = QueueLimits()
    package init() {}
}

/// A rate that somebody shares.
final class Allowance: Sendable {
    private let bucket: Mutex<TokenBucket>
    let limit: ServiceLimit

    init(
        _ limit: ServiceLimit, rate: Int, burst: Double = TokenBucket.burstSeconds, at now: ContinuousClock.Instant
    ) {
        self.limit = limit
        bucket = Mutex(TokenBucket(rate: Double(rate), burst: burst, at: now))
    }

    func take(_ amount: Double, at now: ContinuousClock.Instant) -> Double? {
        bucket.withLock { $0.take(amount, at: now) }
    }
    func giveBack(_ amount: Double) { bucket.withLock { $0.giveBack(amount) } }
    func wait(at now: ContinuousClock.Instant) -> Double? { bucket.withLock { $0.wait(at: now) } }
}

/// A number of places.
final class Places: Sendable {
    private let count = Atomic<Int>(0)
    private let limit: Int

    init(_ limit: Int) { self.limit = limit }

    func enter() -> Bool {
        guard count.wrappingAdd(1, ordering: .relaxed).newValue > limit else { return true }
        leave()
        return false
    }
    func leave() { count.wrappingSubtract(1, ordering: .relaxed) }
    var taken: Int { count.load(ordering: .relaxed) }
}

/// What one party has left.
final class PartyBudget: Sendable {
    let connections: Places
    let polls: Places
    let requests: Allowance
    let statements: Allowance
    let content: Allowance
    private let limits: PartyLimits
    private let delegates = Mutex<[DelegateName: Allowance]>([:])

    init(_ limits: PartyLimits) {
        self.limits = limits
        let now = limits.now()
        connections = Places(limits.connections)
        polls = Places(limits.polls)
        requests = Allowance(.partyRequests, rate: limits.requests, at: now)
        statements = Allowance(
            .partyStatements, rate: limits.statements, burst: PartyLimits.statementBurst, at: now)
        content = Allowance(.partyContent, rate: limits.content, at: now)
    }

    /// The budget of a delegate whose signature has held before. A name alone makes none.
    func known(_ delegate: DelegateName) -> Allowance? { delegates.withLock { $0[delegate] } }

    func statements(of delegate: DelegateName) -> Allowance {
        delegates.withLock { delegates in
            if let known = delegates[delegate] { return known }
            let new = Allowance(
                .delegateStatements, rate: limits.delegateStatements, burst: PartyLimits.statementBurst,
                at: limits.now())
            delegates[delegate] = new
            return new
        }
    }
}
