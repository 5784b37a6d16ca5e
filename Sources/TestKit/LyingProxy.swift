import HTTPTypes
package import Keyring
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
package import Statements
import Synchronization
package import Wire

/// A machine with a TLS key of its own before a real relay: what a dishonest operator, who has the relay's key, or
/// somebody on the way puts between the relay and the parties. It passes everything on unless it is told a lie.
package final class LyingProxy: Sendable {
    /// A request as it came, with its body.
    package struct Request: Sendable {
        package let method: String
        /// Path and query.
        package let target: String
        let fields: [HTTPLine]
        package let body: [UInt8]

        /// Nil for a target that no relay answers.
        package var route: Route? {
            HTTPRequest.Method(rawValue: method).flatMap { try? Route(method: $0, target: target) }
        }

        /// Who signed it; nil for what is not signed as a message.
        package var asker: DelegateID? {
            let input = fields.first { $0.name.lowercased() == "signature-input" }?.value ?? ""
            let named = input.split(separator: "keyid=\"").dropFirst().first?.prefix { $0 != "\"" }
            return named.flatMap { DelegateID(String($0)) }
        }
    }

    package struct Answer: Sendable {
        package var status: Int
        var fields: [HTTPLine]
        package var body: [UInt8]

        /// The same with another body.
        package func saying(_ body: [UInt8]) -> Answer {
            var answer = self
            answer.body = body
            return answer
        }

        package init(status: Int, mediaType: String, body: [UInt8]) {
            self.status = status
            fields = [HTTPLine(name: "Content-Type", value: mediaType)]
            self.body = body
        }

        /// - Parameter answer: the relay's. Its `Date` stays behind: it is the machine's, which no test's clock moves.
        fileprivate init(_ answer: LoadConnection.Answer) {
            status = answer.status
            fields = answer.head.split(separator: "\r\n").dropFirst().compactMap { line in
                let halves = line.split(separator: ":", maxSplits: 1)
                guard halves.count == 2, !HTTPLine.own.contains(halves[0].lowercased()) else { return nil }
                return HTTPLine(name: String(halves[0]), value: String(halves[1].drop { $0 == " " }))
            }
            body = answer.body
        }

        /// A refusal in the relay's form.
        package init(_ problem: Problem) {
            self.init(status: problem.status, mediaType: Problem.mediaType, body: problem.encoded)
        }
    }

    /// Asks the relay.
    package typealias Relay = @Sendable (Request) async throws -> Answer
    /// What is said in place of the relay's answer; to throw closes the connection without one.
    package typealias Lie = @Sendable (Request, Relay) async throws -> Answer

    private struct State {
        var lie: Lie = { try await $1($0) }
        var open: [ObjectIdentifier: any NIOCore.Channel] = [:]
    }

    private let state = Mutex(State())
    private let site: RelaySite

    private init(site: RelaySite) { self.site = site }

    /// Tells a lie from now on.
    package func tell(_ lie: @escaping Lie) { state.withLock { $0.lie = lie } }

    /// Says the truth again.
    package func stop() { tell { try await $1($0) } }

    /// Listens at the charter's address while the body runs, and leads to the relay behind it.
    /// - Parameters:
    ///   - site: of a relay that is behind a proxy.
    ///   - leaf: the certificate; the relay's own if it is nil.
    package static func run<Value: Sendable>(
        _ site: RelaySite, leaf: TLSLeaf? = nil, _ body: (LyingProxy) async throws -> Value
    ) async throws -> Value {
        let proxy = LyingProxy(site: site)
        let context = try serverContext(leaf ?? site.leaf)
        let listener = try await ServerBootstrap(group: site.group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(ProxyDoor(proxy))
                }
            }
            .bind(host: "127.0.0.1", port: site.port).get()
        let result: Result<Value, any Error>
        do { result = .success(try await body(proxy)) } catch { result = .failure(error) }
        try await listener.close()
        for channel in proxy.state.withLock({ Array($0.open.values) }) { try? await channel.close() }
        return try result.get()
    }

    private static func serverContext(_ leaf: TLSLeaf) throws -> NIOSSLContext {
        let chain = try NIOSSLCertificate.fromPEMBytes(leaf.certificate).map {
            NIOSSLCertificateSource.certificate($0)
        }
        let key = try NIOSSLPrivateKey(bytes: leaf.key.copy(), format: .pem)
        var tls = TLSConfiguration.makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key))
        tls.minimumTLSVersion = .tlsv13
        return try NIOSSLContext(configuration: tls)
    }

    func answer(_ request: Request) async throws -> Answer {
        let lie = state.withLock { $0.lie }
        return try await lie(request) { try await self.ask($0) }
    }

    private func ask(_ request: Request) async throws -> Answer {
        let lines = request.fields.map { "\($0.name): \($0.value)\r\n" }.joined()
        let connection = try await LoadConnection.open(port: site.relayPort, context: site.context, group: site.group)
        let bytes = LoadConnection.request(
            method: request.method, target: request.target, port: site.port, fields: lines, body: request.body)
        do {
            let answer = try await connection.send(bytes)
            await connection.close()
            return Answer(answer)
        } catch {
            await connection.close()
            throw error
        }
    }

    func note(_ channel: any NIOCore.Channel, isOpen: Bool) {
        state.withLock { $0.open[ObjectIdentifier(channel)] = isOpen ? channel : nil }
    }
}
