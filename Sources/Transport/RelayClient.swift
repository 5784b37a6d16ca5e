import AsyncHTTPClient
import Glibc
import HTTPTypes
import Ledger
import NIOCore
package import Statements
import Wire

/// A client of one charter's relay that trusts nothing it is told: every checkpoint is opened with the charter's log
/// key and held against the newest known one, and every entry is verified in such a checkpoint.
///
/// Besides ``TransportError``, its methods throw what the identity's signer, the memory and the caller's closures
/// throw, and `CancellationError`. Shut it down after use.
package actor RelayClient {
    /// Who asks, and how its requests are signed.
    package struct Identity: Sendable {
        package let delegate: DelegateID
        package let sign: @Sendable ([UInt8]) async throws -> [UInt8]
        /// - Parameter sign: the delegate's Ed25519 signature of the bytes.
        package init(delegate: DelegateID, sign: @escaping @Sendable ([UInt8]) async throws -> [UInt8]) {
            self.delegate = delegate
            self.sign = sign
        }
    }

    /// Bounds of every exchange.
    package struct Options: Sendable {
        /// How long a connection may take.
        package var connect = TimeSpan.seconds(10)
        /// How long an answer may take, beyond the wait that was asked for and the time a long body needs.
        package var answer = TimeSpan.seconds(30)
        /// The slowest transfer of a long body that is borne, in bytes per second.
        package var slowestRate: UInt64 = 1_024
        /// How often a transfer that broke off is taken up again without a byte of progress in between.
        package var resumptions = 6
        /// The pause before it is taken up again; each further one is twice as long, at most ``longestPause``.
        package var firstPause = TimeSpan(milliseconds: 250)
        package var longestPause = TimeSpan.seconds(8)
        /// How long to wait in all, for one request, for a relay that says that it is busy and when to come again.
        package var busyWait = TimeSpan.seconds(10)
        /// The clock; ``systemClock()`` unless a test has its own.
        package var now: @Sendable () -> Timestamp = { RelayClient.systemClock() }
        package init() {}
    }

    package nonisolated let charter: SignedCharter
    package nonisolated let identity: Identity?
    nonisolated let logKey: VerifierKey
    nonisolated let authority: String
    nonisolated let options: Options
    let memory: (any CheckpointMemory)?
    var remembered: RememberedCheckpoint?
    let views: (any ViewMemory)?
    /// Where arrivals stand in the log; nil until they are loaded.
    var places: [ArrivalNumber: ArrivalPlace]?
    private var isLoaded = false
    private var connection: RelayConnection?

    /// Opens no connection: the first request does.
    ///
    /// - Parameters:
    ///   - charter: pinned by the caller; nothing else is trusted.
    ///   - identity: nil for what the relay shows to anyone.
    ///   - memory: nil to begin without a known checkpoint, as an auditor with its own mirror does.
    ///   - views: nil to compare nothing with what an earlier run was shown, and to keep no rejection.
    /// - Throws: ``TransportError`` `charter-unusable`.
    package init(
        charter: SignedCharter, identity: Identity?, memory: (any CheckpointMemory)?,
        views: (any ViewMemory)? = nil, options: Options = Options()
    ) throws(TransportError) {
        let relay = charter.charter.relay
        guard let key = try? relay.verifierKey else {
            throw TransportError(.charterUnusable, "the charter's log key or origin is unusable")
        }
        let scheme = "https://"
        guard relay.url.hasPrefix(scheme), relay.url.utf8.count > scheme.utf8.count,
            relay.url.dropFirst(scheme.count).utf8.allSatisfy(RelayClient.isAuthority)
        else { throw TransportError(.charterUnusable, "the charter's relay URL is not https://host[:port]") }
        self.charter = charter
        self.identity = identity
        self.memory = memory
        self.views = views
        self.options = options
        logKey = key
        authority = String(relay.url.dropFirst(scheme.count))
    }

    /// Makes one thread serve all connections of this process. Only a program's first step may call it.
    package static func useSingleThread() {
        NIOSingletons.groupLoopCountSuggestion = 1
    }

    /// The machine's clock.
    package static func systemClock() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    /// Closes every connection. The client may be used again; it then opens new ones.
    ///
    /// Returns after ``farewell`` at the latest: a connection that was broken off in the middle of a transfer waits
    /// for the relay's TLS goodbye, which goes on behind the caller's back.
    package func shutdown() async throws {
        guard let closing = connection else { return }
        connection = nil
        let (ends, end) = AsyncStream<Result<Void, any Error>>.makeStream()
        Task {
            do {
                try await closing.shutdown()
                end.yield(.success(()))
            } catch {
                end.yield(.failure(error))
            }
            end.finish()
        }
        let limit = Task {
            try await Task.sleep(for: RelayClient.farewell)
            end.finish()
        }
        for await result in ends {
            limit.cancel()
            try result.get()
        }
    }

    /// How long ``shutdown()`` takes at most.
    package static let farewell = Duration.milliseconds(250)

    /// The connection, set up at first use.
    func connected() throws(TransportError) -> RelayConnection {
        if let connection { return connection }
        let new = try RelayConnection(relay: charter.charter.relay, options: options)
        connection = new
        return new
    }

    /// Makes, signs and sends a request that only reads, and reads its answer.
    func get(_ route: Route, limit: Int, patience: TimeSpan = .seconds(0)) async throws -> [UInt8] {
        let request = try await signed(route)
        return try await connected().exchange(request, limit: limit, patience: patience)
    }

    /// A request that its message signature authenticates, if there is an identity.
    ///
    /// - Parameter body: what is sent with it; its digest is signed too.
    func signed(_ route: Route, body: [UInt8]? = nil) async throws -> HTTPClientRequest {
        guard let identity, route != .charter else { return try connected().request(route) }
        let digest = body.map { ContentDigest.value($0) }
        let signature = try await MessageSignature(
            signing: SignedRequest(
                method: route.method, authority: authority, target: route.target, contentDigest: digest),
            as: identity.delegate, at: options.now(), by: identity.sign)
        var fields = signature.fields
        if let digest { fields[.contentDigest] = digest }
        var request = try connected().request(route, fields: fields)
        if let body { request.body = .bytes(ByteBuffer(bytes: body)) }
        return request
    }

    /// Loads what is remembered, once.
    func loadRemembered() async throws -> RememberedCheckpoint? {
        if !isLoaded {
            let loaded = try await memory?.load()
            // Another call may have loaded, and gone on, meanwhile.
            if !isLoaded {
                remembered = loaded
                isLoaded = true
            }
        }
        return remembered
    }

    private static func isAuthority(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"): true
        default: false
        }
    }
}
