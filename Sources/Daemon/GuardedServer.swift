import Hummingbird
package import HummingbirdCore

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
        builder(try identity.map { try ServerCertificate($0, farewell: limits.farewell) }, limits: limits)
    }

    /// The same with a certificate that may be exchanged later.
    /// - Parameters:
    ///   - figures: counts the connections and their bytes.
    ///   - sources: who is let in; nil for everyone.
    package static func builder(
        _ certificate: ServerCertificate?, limits: ConnectionLimits, figures: ConnectionFigures? = nil,
        sources: SourceTable? = nil
    ) -> HTTPServerBuilder {
        let http = HTTP1Channel.Configuration(
            additionalChannelHandlers: [RequestProgress()], idleTimeout: nil,
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: 8 * 1024, maxHeaderListSize: 16 * 1024, maxHeaderFieldCount: 64))
        guard let certificate else {
            return HTTPServerBuilder { responder in
                counted(
                    GuardedChannel(HTTP1Channel(responder: responder, configuration: http), limits: limits), figures,
                    sources)
            }
        }
        return HTTPServerBuilder { responder in
            counted(
                GuardedChannel(
                    CertifiedChannel(
                        base: HTTP1Channel(responder: responder, configuration: http), certificate: certificate),
                    limits: limits), figures, sources)
        }
    }

    private static func counted(
        _ channel: some ServerChildChannel, _ figures: ConnectionFigures?, _ sources: SourceTable?
    ) -> any ServerChildChannel {
        if let sources { return counted(AdmittedChannel(channel, table: sources), figures, nil) }
        guard let figures else { return channel }
        return CountedChannel(channel, figures: figures)
    }
}
