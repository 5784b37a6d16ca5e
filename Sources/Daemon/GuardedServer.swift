import Hummingbird
package import HummingbirdCore
import HummingbirdTLS
import NIOSSL

/// What a server shows of itself in TLS.
package struct ServerIdentity: Sendable {
    /// PEM, the leaf first.
    package let certificate: [UInt8]
    /// PEM.
    package let key: [UInt8]

    package init(certificate: [UInt8], key: [UInt8]) {
        self.certificate = certificate
        self.key = key
    }
}

/// HTTP/1.1 for strangers: bounded heads, and connections that are closed when they drip.
package enum GuardedServer {
    /// - Parameter identity: nil for plain HTTP; otherwise TLS 1.3 alone.
    /// - Throws: what NIOSSL throws for a certificate or key that it cannot use.
    package static func builder(_ identity: ServerIdentity?, limits: ConnectionLimits) throws -> HTTPServerBuilder {
        let http = HTTP1Channel.Configuration(
            additionalChannelHandlers: [RequestProgress()], idleTimeout: nil,
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: 8 * 1024, maxHeaderListSize: 16 * 1024, maxHeaderFieldCount: 64))
        guard let identity else {
            return HTTPServerBuilder { responder in
                GuardedChannel(HTTP1Channel(responder: responder, configuration: http), limits: limits)
            }
        }
        let chain = try NIOSSLCertificate.fromPEMBytes(identity.certificate).map {
            NIOSSLCertificateSource.certificate($0)
        }
        let key = try NIOSSLPrivateKey(bytes: identity.key, format: .pem)
        var tls = TLSConfiguration.makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key))
        tls.minimumTLSVersion = .tlsv13
        tls.applicationProtocols = ["http/1.1"]
        let frozen = tls
        return HTTPServerBuilder { responder in
            GuardedChannel(
                try TLSChannel(HTTP1Channel(responder: responder, configuration: http), tlsConfiguration: frozen),
                limits: limits)
        }
    }
}
