import NIOCore
import NIOPosix
import Relay
import Statements
import TestKit
import Testing
import Transport

/// Real sockets on loopback: what people are told must not depend on what a library says.
@Suite("What is said of a relay that is away", .timeLimit(.minutes(1)))
struct AwayTests {
    /// What asking for the charter ends with.
    private static func failure(
        _ world: FixtureWorld, _ change: (inout RelayClient.Options) -> Void = { _ in }
    ) async throws -> TransportError {
        var options = RelayClient.Options()
        change(&options)
        let client = try RelayClient(charter: world.charter, identity: nil, memory: nil, options: options)
        let error = await #expect(throws: TransportError.self) { try await client.fetchCharter() }
        try await client.shutdown()
        return try #require(error)
    }

    private static func expect(
        _ error: TransportError, _ code: TransportError.Code, _ message: String, hint: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(error.code == code, sourceLocation: sourceLocation)
        #expect(error.message == message, sourceLocation: sourceLocation)
        #expect(error.hint == hint, sourceLocation: sourceLocation)
    }

    /// Listens at a port while the body runs, and does with the first bytes of each connection what is said.
    private static func listening(
        _ port: Int, _ conduct: Conduct, _ body: () async throws -> Void
    ) async throws {
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ConductHandler(conduct))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        do { try await body() } catch {
            try? await listener.close()
            throw error
        }
        try await listener.close()
    }

    private static let later = "Try again a little later; if it stays so, tell the relay's operator."
    private static let untrusted =
        "Do not go on: check the address, and ask the operator for the relay's TLS roots."

    @Test("a closed port")
    func closedPort() async throws {
        let site = try RelaySite()
        Self.expect(
            try await Self.failure(site.world), .relayUnavailable,
            "nothing takes connections at https://localhost:\(site.port)",
            hint: "The relay is not running there: try again later, or ask its operator.")
    }

    @Test("a name that nobody has")
    func noSuchName() async throws {
        // Longer than a label may be: no name service is asked.
        let host = String(repeating: "a", count: 64)
        let site = try RelaySite()
        let world = try FixtureWorld(
            url: "https://\(host):8443", tlsRoots: site.world.charter.charter.relay.tlsRoots)
        Self.expect(
            try await Self.failure(world), .relayUnavailable,
            "no address is known for the host of https://\(host):8443",
            hint: "Check this machine's network and name service, then try again.")
    }

    @Test("a listener that never answers")
    func silent() async throws {
        let site = try RelaySite()
        try await Self.listening(site.port, .silence) {
            let error = try await Self.failure(site.world) { $0.connect = TimeSpan(milliseconds: 300) }
            Self.expect(
                error, .relayUnavailable,
                "no connection to https://localhost:\(site.port) came about within 300 ms",
                hint:
                    "Check the network and any firewall between; if it stays so, tell the relay's operator."
            )
        }
    }

    @Test("a listener that closes")
    func closing() async throws {
        let site = try RelaySite()
        try await Self.listening(site.port, .close) {
            Self.expect(
                try await Self.failure(site.world), .relayUnavailable,
                "the machine at https://localhost:\(site.port) closed the connection while it was opened",
                hint: Self.later)
        }
    }

    @Test("a server that speaks no TLS")
    func noTLS() async throws {
        let site = try RelaySite()
        try await Self.listening(site.port, .say("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")) {
            Self.expect(
                try await Self.failure(site.world), .relayUntrusted,
                "the machine at https://localhost:\(site.port) does not complete a TLS 1.3 handshake",
                hint: Self.untrusted)
        }
    }

    @Test("a TLS server with a certificate of other roots")
    func foreignCertificate() async throws {
        let site = try RelaySite()
        try await RelayInABox.run { other in
            try await CuttingProxy.run(port: site.port, to: other.site.port) { _ in
                Self.expect(
                    try await Self.failure(site.world), .relayUntrusted,
                    "the machine at https://localhost:\(site.port) shows a certificate that is not under the charter's "
                        + "TLS roots, is for another name or has expired",
                    hint: Self.untrusted)
            }
        }
    }

    @Test("a connection that is cut in the middle of an answer")
    func cut() async throws {
        try await ResumeTests.behindProxy { box, proxy in
            let envelope = try await ResumeTests.retrieved(box)
            proxy.change { $0.cuts = [500_000] }
            try await box.withClient(FixtureWorld.speaker, { $0.resumptions = 0 }) { client in
                var count = 0
                let error = await #expect(throws: TransportError.self) {
                    _ = try await client.downloadEnvelope(
                        envelope.message, limit: UInt64(envelope.bytes.count)
                    ) { count += $0.count }
                }
                #expect(count > 100_000)
                Self.expect(
                    try #require(error), .relayUnavailable,
                    "the connection to https://localhost:\(box.site.port) was closed before the answer was whole",
                    hint: "Check the network, then try again: nothing is done twice.")
            }
        }
    }

    @Test("a relay that takes too long")
    func slow() async throws {
        try await RelayInABox.run { box in
            let gate = Gate()
            box.store.then([.wait(gate)])
            try await box.withClient(FixtureWorld.envoy, { $0.answer = TimeSpan(milliseconds: 500) }) { client in
                let signed = try box.statement()
                let error = await #expect(throws: TransportError.self) { try await client.submit(signed) }
                gate.open()
                Self.expect(
                    try #require(error), .relayUnavailable,
                    "the relay at https://localhost:\(box.site.port) did not answer in time", hint: Self.later)
            }
        }
    }
}

/// What a listener does with the first bytes of a connection.
private enum Conduct: Sendable {
    case silence, close, say(String)
}

private final class ConductHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private let conduct: Conduct
    init(_ conduct: Conduct) { self.conduct = conduct }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch conduct {
        case .silence: break
        case .close: context.close(promise: nil)
        case .say(let text): context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
        }
    }
}
