import HummingbirdCore
import Logging
package import NIOCore
import NIOSSL
import Synchronization

/// The certificate that a server shows, TLS 1.3 alone. It can be exchanged while the server runs: handshakes from then
/// on get the new one, and connections that are open go on under the old one.
package final class ServerCertificate: Sendable {
    private let context: Mutex<NIOSSLContext>
    private let leafEnd: Mutex<Int64>
    private let farewell: TimeAmount

    /// - Parameter farewell: how long a closed connection waits for the other side's end of TLS.
    /// - Throws: what NIOSSL throws for a certificate or key that it cannot use, or that do not belong together.
    package init(_ identity: ServerIdentity, farewell: TimeAmount = .seconds(5)) throws {
        self.farewell = farewell
        context = Mutex(try Self.context(identity, farewell))
        leafEnd = Mutex(try Self.end(identity))
    }

    /// When the leaf's validity ends, in milliseconds since 1970.
    package var end: Int64 { leafEnd.withLock { $0 } }

    /// - Throws: as ``init(_:farewell:)``, and then the old one stays.
    package func replace(by identity: ServerIdentity) throws {
        let (new, end) = (try Self.context(identity, farewell), try Self.end(identity))
        context.withLock { $0 = new }
        leafEnd.withLock { $0 = end }
    }

    fileprivate var current: NIOSSLContext { context.withLock { $0 } }

    private static func end(_ identity: ServerIdentity) throws -> Int64 {
        try NIOSSLCertificate.fromPEMBytes(identity.certificate).first.map { Int64($0.notValidAfter) * 1_000 } ?? 0
    }

    private static func context(_ identity: ServerIdentity, _ farewell: TimeAmount) throws -> NIOSSLContext {
        let chain = try NIOSSLCertificate.fromPEMBytes(identity.certificate).map {
            NIOSSLCertificateSource.certificate($0)
        }
        let key = try NIOSSLPrivateKey(bytes: identity.key, format: .pem)
        var tls = TLSConfiguration.makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key))
        tls.minimumTLSVersion = .tlsv13
        tls.shutdownTimeout = farewell
        tls.applicationProtocols = ["http/1.1"]
        return try NIOSSLContext(configuration: tls)
    }
}

/// A child channel that begins TLS with the certificate of the moment.
struct CertifiedChannel<Base: ServerChildChannel>: ServerChildChannel {
    typealias Value = Base.Value
    let base: Base
    let certificate: ServerCertificate

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: certificate.current))
        }.flatMap { base.setup(channel: channel, logger: logger) }
    }
    func handle(value: Value, logger: Logger) async { await base.handle(value: value, logger: logger) }
}
