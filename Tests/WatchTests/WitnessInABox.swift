import Daemon
import Keyring
import Ledger
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import ServiceLifecycle
import TestKit
import Testing
import Watch

/// A real witness inside the test's process: a folder, HTTPS on loopback. Its clock stands still.
struct WitnessInABox: Sendable {
    let site: WitnessSite
    let port: Int
    let context: NIOSSLContext

    /// - Parameter change: of the settings before it starts.
    static func run(
        logs: [VerifierKey], site: WitnessSite, store: (any WitnessStore)? = nil,
        _ change: (inout WitnessSettings) -> Void = { _ in },
        nextSecond: (@Sendable () async throws -> Void)? = nil, _ body: (WitnessInABox) async throws -> Void
    ) async throws {
        let logger = Logger(label: "witness") { _ in SwiftLogNoOpLogHandler() }
        let witness = try Cosigner(
            signer: site.signer, logs: logs, store: try store ?? site.store(), now: site.clock.now, logger: logger)
        let root = try TLSRoot.make(commonName: "witness", now: Self.milliseconds)
        let leaf = try root.issueLeaf(for: [ServerName(host: "localhost")], now: Self.milliseconds)
        let identity = ServerIdentity(certificate: leaf.certificate, key: leaf.key.copy())
        var settings = WitnessSettings(host: "127.0.0.1", port: 0, identity: identity)
        change(&settings)
        let (ports, listening) = AsyncStream.makeStream(of: Int.self)
        let clock = site.clock
        let server = try WitnessServer(
            witness: witness, settings: settings, logger: logger, nextSecond: nextSecond ?? { clock.pass(1) }
        ) { listening.yield($0) }
        let services = ServiceRoot.group(server.services, logger: logger, stopLimit: .seconds(5))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                defer { listening.finish() }
                try await services.run()
            }
            var iterator = ports.makeAsyncIterator()
            guard let port = await iterator.next() else { return try await tasks.waitForAll() }
            let roots = try NIOSSLCertificate.fromPEMBytes(root.certificate)
            let result: Result<Void, any Error>
            do {
                let context = try LoadConnection.context(roots: roots)
                try await body(WitnessInABox(site: site, port: port, context: context))
                result = .success(())
            } catch { result = .failure(error) }
            await services.triggerGracefulShutdown()
            try await tasks.waitForAll()
            try result.get()
        }
    }

    private static var milliseconds: Int64 { Int64(WitnessClock.now()) * 1_000 }

    func connect() async throws -> LoadConnection {
        try await LoadConnection.open(port: port, context: context, group: MultiThreadedEventLoopGroup.singleton)
    }

    /// One request on a connection of its own.
    func send(
        _ method: String = "POST", _ target: String = "/add-checkpoint", _ body: [UInt8] = []
    ) async throws -> LoadConnection.Answer {
        let connection = try await connect()
        let answer = try await connection.send(request(method, target, body))
        await connection.close()
        return answer
    }

    func request(_ method: String, _ target: String, _ body: [UInt8]) -> ByteBuffer {
        LoadConnection.request(method: method, target: target, port: port, body: body)
    }
}
