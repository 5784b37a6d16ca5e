import Audit
import Crypto
package import Daemon
import HTTPTypes
import Keyring
import Ledger
package import Logging
package import NIOCore
package import Relay
import ServiceLifecycle
package import Statements
import Store
import StoreSQLite
package import Transport
package import Wire

/// A real relay inside the test's process: SQLite in a temporary folder, HTTPS on loopback, real keys, the charter of
/// ``FixtureWorld``. Its clock stands still unless the test moves it.
package struct RelayInABox: Sendable {
    package let site: RelaySite
    package let server: RelayServer
    package let store: FaultInjectingStore

    package var world: FixtureWorld { site.world }
    package var clock: TestClock { site.clock }
    package var head: LogHead { server.log.snapshot.head }

    /// How a relay in a box is set up.
    package struct Options: Sendable {
        package var connections = ConnectionLimits()
        /// Whether every delegate's sealing key is published before the test begins.
        package var publishesKeys = true
        /// Whether ticks and notices are logged whenever they fall due; otherwise when ``RelayInABox/round()`` is
        /// called.
        package var runsActs = true
        /// How long it may take to stop before it is cancelled.
        package var stopLimit = Duration.seconds(5)
        /// Changes the relay's settings before it starts.
        package var settings: @Sendable (inout RelaySettings) -> Void = { _ in }
        package var logger = Logger(label: "relay-in-a-box") { _ in SwiftLogNoOpLogHandler() }
        /// Is given the store before the relay starts.
        package var prepare: @Sendable (FaultInjectingStore) -> Void = { _ in }
        package init() {}
        package init(_ change: (inout Options) -> Void) { change(&self) }
    }

    /// Starts a relay, runs the body, stops the relay.
    ///
    /// - Parameter site: its log is founded if there is none; by default a new one.
    /// - Throws: what the body throws, or why the relay does not start.
    @discardableResult
    package static func run<Value: Sendable>(
        _ site: RelaySite? = nil, _ options: Options = Options(),
        _ body: (RelayInABox) async throws -> Value
    ) async throws -> Value {
        let site = try site ?? RelaySite()
        let store = FaultInjectingStore(try SQLiteStore.open(directory: site.data))
        options.prepare(store)
        do {
            let value = try await run(site, store, options, body)
            try await store.close()
            return value
        } catch {
            try? await store.close()
            throw error
        }
    }

    private static func run<Value: Sendable>(
        _ site: RelaySite, _ store: FaultInjectingStore, _ options: Options,
        _ body: (RelayInABox) async throws -> Value
    ) async throws -> Value {
        let (ports, listening) = AsyncStream.makeStream(of: Int.self)
        let server = try await serve(site, store, options) { listening.yield($0) }
        var logger = Logger(label: "relay-in-a-box") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        let running = server.services.filter { options.runsActs || $0.name != "acts" }
        let services = ServiceRoot.group(running, logger: logger, stopLimit: options.stopLimit)
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                defer { listening.finish() }
                try await services.run()
            }
            var iterator = ports.makeAsyncIterator()
            guard await iterator.next() != nil else {
                try await tasks.waitForAll()
                throw NotListening()
            }
            let result: Result<Value, any Error>
            do {
                let box = RelayInABox(site: site, server: server, store: store)
                if options.publishesKeys { try await box.publishKeys() }
                result = .success(try await body(box))
            } catch { result = .failure(error) }
            await services.triggerGracefulShutdown()
            try await tasks.waitForAll()
            return try result.get()
        }
    }

    /// The relay ended before it took requests.
    package struct NotListening: Error {}

    private static func serve(
        _ site: RelaySite, _ store: FaultInjectingStore, _ options: Options,
        listening: @escaping @Sendable (Int) -> Void
    ) async throws -> RelayServer {
        let signers = try signers(site.world)
        let clock = RelayClock(site.clock.source, jumpLimit: site.world.charter.charter.limits.tickInterval)
        if try await store.load() == nil {
            try await Founding.found(site.world.charter, in: store, signers: signers, clock: clock)
        }
        var settings = RelaySettings(
            host: "127.0.0.1", port: site.relayPort, certificate: site.leaf.certificate,
            certificateKey: site.leaf.key.copy())
        settings.connections = options.connections
        settings.threads = 1
        // All parties of a test have one address, and some of them knock at every door.
        settings.limits.sources.requests = 5_000
        settings.limits.sources.failures = 5_000
        settings.limits.sources.handshakes = 5_000
        // Many relays share a test's process: a batch may take long without a disk that hangs.
        settings.limits.queue.patience = .minutes(5)
        settings.dataFolder = site.data
        options.settings(&settings)
        return try await RelayServer(
            store: store, log: try await Founding.open(store, signers: signers), signers: signers, clock: clock,
            settings: settings, logger: options.logger,
            listening: listening)
    }

    /// The keys of a world's relay.
    package static func signers(_ world: FixtureWorld) throws -> RelaySigners {
        let act = DelegateID(party: .relay, name: .act)
        return RelaySigners(log: world.logSigner, act: { try world.sign($0, by: act) })
    }
}

/// Talking to it.
extension RelayInABox {
    /// A further connection; the test closes it, or lets the relay do so.
    package func connect() async throws -> LoadConnection {
        try await LoadConnection.open(port: site.relayPort, context: site.context, group: site.group)
    }

    /// A request as bytes.
    /// - Parameter fields: header lines.
    package func request(_ method: String, _ target: String, fields: String = "", body: [UInt8] = []) -> ByteBuffer {
        LoadConnection.request(method: method, target: target, port: site.port, fields: fields, body: body)
    }

    package func reading(
        _ route: Route, as delegate: DelegateID, at time: Timestamp? = nil, fields: String = ""
    ) async throws -> ByteBuffer {
        try await LoadConnection.reading(
            route.target, port: site.port, as: delegate, at: time ?? clock.now, fields: fields
        ) { try world.sign($0, by: delegate) }
    }

    /// Sends a signed read over a connection of its own and takes the answer.
    package func get(_ route: Route, as delegate: DelegateID, fields: String = "") async throws -> LoadConnection.Answer
    {
        try await exchange(reading(route, as: delegate, fields: fields))
    }

    package func post(_ route: Route, _ body: [UInt8]) async throws -> LoadConnection.Answer {
        try await exchange(request("POST", route.target, body: body))
    }

    /// The header lines that sign a request, with its body if there is one.
    package func signatureFields(_ route: Route, as delegate: DelegateID, body: [UInt8]? = nil) async throws -> String {
        let digest = body.map { ContentDigest.value($0) }
        let signature = try await MessageSignature(
            signing: SignedRequest(
                method: route.method, authority: "localhost:\(site.port)", target: route.target,
                contentDigest: digest),
            as: delegate, at: clock.now, by: { try world.sign($0, by: delegate) })
        let lines = signature.fields.map { "\($0.name.rawName): \($0.value)\r\n" }.joined()
        return lines + (digest.map { "Content-Digest: \($0)\r\n" } ?? "")
    }

    /// Sends bytes over a connection of its own and takes the answer.
    package func exchange(_ bytes: ByteBuffer) async throws -> LoadConnection.Answer {
        let connection = try await connect()
        do {
            let answer = try await connection.send(bytes)
            await connection.close()
            return answer
        } catch {
            await connection.close()
            throw error
        }
    }

    /// A proper client; the test shuts it down.
    package func client(
        _ delegate: DelegateID, memory: (any CheckpointMemory)? = nil,
        _ change: (inout RelayClient.Options) -> Void = { _ in }
    ) throws -> RelayClient {
        var options = RelayClient.Options()
        options.firstPause = TimeSpan(milliseconds: 10)
        options.longestPause = TimeSpan(milliseconds: 200)
        change(&options)
        let (clock, world) = (clock, world)
        options.now = { clock.now }
        let identity = RelayClient.Identity(delegate: delegate) { try world.sign($0, by: delegate) }
        return try RelayClient(charter: world.charter, identity: identity, memory: memory, options: options)
    }

    /// A proper client for as long as the body runs.
    package func withClient<Value>(
        _ delegate: DelegateID, _ change: (inout RelayClient.Options) -> Void = { _ in },
        _ body: (RelayClient) async throws -> Value
    ) async throws -> Value {
        let client = try self.client(delegate, memory: nil, change)
        do {
            let value = try await body(client)
            try await client.shutdown()
            return value
        } catch {
            try? await client.shutdown()
            throw error
        }
    }

    /// Mirrors the log over HTTPS as an auditor, verifies and replays it.
    package func audit() async throws -> LiveAudit.Result {
        let audit = try LiveAudit(folder: "\(site.folder.path)/mirror", charter: world.charter)
        let connection = try await connect()
        let (world, port, now) = (world, site.port, clock.now)
        let result = try await audit.run(connection) { target in
            try await LoadConnection.reading(target, port: port, as: FixtureWorld.envoy, at: now) {
                try world.sign($0, by: FixtureWorld.envoy)
            }
        }
        await connection.close()
        return result
    }
}
