package import NIOCore
import Synchronization

/// What strangers may cost, by address, before anybody has proven who they are.
package struct SourceLimits: Sendable {
    /// Seconds of an address's new connections that may begin at once, one at least, and seconds for which further ones
    /// may have to wait before they are read.
    static let handshakeBurst = 0.2
    static let handshakeWait = 5.0
    /// Between the beginnings of two handshakes: many together would hold up everybody's requests.
    static let handshakeSpacing = Duration.milliseconds(2)

    /// Connections that are open at a time, all together.
    package var connections = 10_000
    /// Those of one address.
    package var addressConnections = 512
    /// New connections of an address a second: each is a TLS handshake.
    package var handshakes = 50
    /// Bytes of an address a second, over connections on which nobody has proven who they are.
    package var bytes = 1 << 20
    /// Requests of an address a second that come over such connections.
    package var requests = 200
    /// Signatures of an address a second that may turn out to be wrong.
    package var failures = 20
    /// Addresses that are remembered; what comes from others shares one budget.
    package var addresses = 16_384
    /// The steady clock by which budgets fill.
    package var now: @Sendable () -> ContinuousClock.Instant = { .now }
    package init() {}
}

/// The budgets of all addresses that are connected, or were until their budgets have filled again. Asked once for a
/// connection; what comes over it asks its own ``Source`` alone.
package final class SourceTable: Sendable {
    private struct State {
        var sources: [SourceAddress: Source] = [:]
        var connections = 0
        var swept: ContinuousClock.Instant?
        /// When the next handshake may begin.
        var nextHandshake: ContinuousClock.Instant?
    }

    private let limits: SourceLimits
    package let figures: LimitFigures
    private let state = Mutex(State())
    /// Of everyone for whom there is no place in the table.
    private let crowd: Source

    package init(_ limits: SourceLimits, figures: LimitFigures) {
        self.limits = limits
        self.figures = figures
        crowd = Source(limits, figures)
    }

    /// How many addresses are remembered.
    package var count: Int { state.withLock { $0.sources.count } }

    /// Lets a connection in. Each that was let in is followed by ``leave(_:)``.
    /// - Returns: its address's budget, and the seconds after which its handshake may begin; nil if it must be closed
    ///   at once.
    package func enter(_ address: SocketAddress?) -> (source: Source, wait: Double)? {
        let now = limits.now()
        let key = SourceAddress(address)
        let found: (Source, Double)? = state.withLock { state in
            guard state.connections < limits.connections else {
                figures.add(.connections)
                return nil
            }
            let source = source(key, in: &state, at: now)
            let turn = max(now, state.nextHandshake ?? now)
            guard turn - now <= .seconds(SourceLimits.handshakeWait) else {
                figures.add(.connections)
                return nil
            }
            switch source.enter(at: now) {
            case .failure(let refusal):
                figures.add(refusal.limit)
                return nil
            case .success(let wait):
                state.connections += 1
                // Those that wait for their address come one by one as it is.
                guard wait == 0 else { return (source, wait) }
                state.nextHandshake = turn + SourceLimits.handshakeSpacing
                return (source, (turn - now) / .seconds(1))
            }
        }
        figures.addresses.set(count)
        return found
    }

    package func leave(_ source: Source) {
        state.withLock { $0.connections -= 1 }
        source.leave()
    }

    private func source(_ key: SourceAddress, in state: inout State, at now: ContinuousClock.Instant) -> Source {
        if let known = state.sources[key] { return known }
        if state.sources.count >= limits.addresses { sweep(&state, at: now) }
        guard state.sources.count < limits.addresses else { return crowd }
        let source = Source(limits, figures)
        state.sources[key] = source
        return source
    }

    /// Forgets addresses of which nothing is left to remember; at most once a second, since it looks at all of them.
    private func sweep(_ state: inout State, at now: ContinuousClock.Instant) {
        if let swept = state.swept, now - swept < .seconds(1) { return }
        state.swept = now
        state.sources = state.sources.filter { !$0.value.isForgettable(at: now) }
    }
}

/// Whose budget a connection is on: an IPv4 address, or the first half of an IPv6 one, of which one network has as many
/// as it likes.
struct SourceAddress: Hashable, Sendable {
    private let bytes: [UInt8]

    /// - Parameter address: nil, and what is no Internet address, are one address.
    init(_ address: SocketAddress?) {
        // As the kernel lays them out (ip(7), ipv6(7)): family, port, then the address, in IPv6 behind the flow.
        switch address {
        case .v4(let address): bytes = withUnsafeBytes(of: address.address) { Array($0[4..<8]) }
        case .v6(let address):
            let all = withUnsafeBytes(of: address.address) { Array($0[8..<24]) }
            let isMapped = all.prefix(10).allSatisfy { $0 == 0 } && all[10] == 0xff && all[11] == 0xff
            bytes = isMapped ? Array(all.suffix(4)) : Array(all.prefix(8))
        default: bytes = []
        }
    }
}

/// The budget of one address.
package final class Source: Sendable {
    private struct State {
        var connections = 0
        var handshakes: TokenBucket
        var bytes: TokenBucket
        var requests: TokenBucket
        var failures: TokenBucket
    }

    private let limits: SourceLimits
    private let figures: LimitFigures
    private let state: Mutex<State>

    init(_ limits: SourceLimits, _ figures: LimitFigures) {
        self.limits = limits
        self.figures = figures
        let (now, rate) = (limits.now(), Double(limits.handshakes))
        let burst = SourceLimits.handshakeWait + max(1 / rate, SourceLimits.handshakeBurst)
        state = Mutex(
            State(
                handshakes: TokenBucket(rate: rate, burst: burst, at: now),
                bytes: TokenBucket(rate: Double(limits.bytes), at: now),
                requests: TokenBucket(rate: Double(limits.requests), at: now),
                failures: TokenBucket(rate: Double(limits.failures), at: now)))
    }

    /// Which limit keeps a connection out.
    struct Refusal: Error { let limit: ServiceLimit }

    /// - Returns: the seconds for which a connection has to wait before it is read.
    func enter(at now: ContinuousClock.Instant) -> Result<Double, Refusal> {
        state.withLock { state in
            guard state.connections < limits.addressConnections else {
                return .failure(Refusal(limit: .addressConnections))
            }
            guard state.handshakes.take(at: now) == nil else { return .failure(Refusal(limit: .addressHandshakes)) }
            state.connections += 1
            return .success(max(0, SourceLimits.handshakeWait - state.handshakes.seconds))
        }
    }

    func leave() { state.withLock { $0.connections -= 1 } }

    var connections: Int { state.withLock { $0.connections } }

    /// Charges bytes that somebody unproven has sent.
    /// - Returns: nil if more may be read, otherwise the seconds until it may.
    func charge(bytes: Int) -> Double? {
        state.withLock { $0.bytes.charge(Double(bytes), at: limits.now()) }
    }

    /// Counts a connection of which nothing is read for now.
    func countPause() { figures.add(.addressBytes) }

    /// - Returns: nil if a request of somebody unproven may go on, otherwise the seconds until it may.
    func takeRequest() -> Double? {
        let wait = state.withLock { $0.requests.take(at: limits.now()) }
        if wait != nil { figures.add(.addressRequests) }
        return wait
    }

    /// Takes the price of looking at a signature.
    /// - Returns: nil if it was paid, otherwise the seconds until it can be.
    func takeProof() -> Double? {
        let wait = state.withLock { $0.failures.take(at: limits.now()) }
        if wait != nil { figures.add(.addressFailures) }
        return wait
    }

    /// A signature held: it costs nothing.
    func giveProofBack() { state.withLock { $0.failures.giveBack() } }

    /// A signature did not hold for which nothing was paid.
    func forceProof() { state.withLock { $0.failures.force(at: limits.now()) } }

    func isForgettable(at now: ContinuousClock.Instant) -> Bool {
        state.withLock { state in
            state.connections == 0 && state.handshakes.isFull(at: now) && state.bytes.isFull(at: now)
                && state.requests.isFull(at: now) && state.failures.isFull(at: now)
        }
    }
}
