import ArgumentParser
import Daemon
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
import Terminal

/// `valise-bench bare-poll`: the least that a server of the same library can be which holds long polls over TLS and
/// notices when their clients go away. What a waiting client of the relay costs is held against it.
struct BarePollCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bare-poll", abstract: "Hold long polls until standard input ends.", shouldDisplay: false)

    @Option(help: "The port to listen on, on loopback.") var port: Int
    @Option(help: "The folder with tls.pem and tls.key.") var keys: String

    func run() async throws {
        FileDescriptors.raise()
        let chain = try NIOSSLCertificate.fromPEMFile(keys + "/tls.pem").map { NIOSSLCertificateSource.certificate($0) }
        let key = try NIOSSLPrivateKey(file: keys + "/tls.key", format: .pem)
        var tls = TLSConfiguration.makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key))
        tls.minimumTLSVersion = .tlsv13
        var logger = Logger(label: "bare-poll")
        logger.logLevel = .critical
        let application = Application(
            responder: BarePoll(), server: try .tls(.http1(), tlsConfiguration: tls),
            configuration: .init(address: .hostname("127.0.0.1", port: port), serverName: nil, backlog: 4_096),
            onServerRunning: { _ in Output.standard.line("ready") },
            eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup(numberOfThreads: System.coreCount)),
            logger: logger)
        let serving = Task { try await application.run() }
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                _ = try? FileHandle.standardInput.readToEnd()
                continuation.resume()
            }
        }
        serving.cancel()
        Output.standard.line("done")
    }
}

private final class BarePoll: HTTPResponder {
    typealias Context = BasicRequestContext
    private let waiting = Atomic<Int>(0)

    func respond(to request: Request, context: Context) async throws -> Response {
        if request.uri.path == "/waiting" {
            return Response(
                status: .ok, headers: [:],
                body: .init(byteBuffer: ByteBuffer(string: "\(waiting.load(ordering: .relaxed))")))
        }
        waiting.wrappingAdd(1, ordering: .relaxed)
        defer { waiting.wrappingSubtract(1, ordering: .relaxed) }
        try await request.body.consumeWithCancellationOnInboundClose { _ in
            try await Task.sleep(for: .seconds(60))
        }
        return Response(status: .noContent)
    }
}
