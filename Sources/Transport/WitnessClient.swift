import AsyncHTTPClient
package import Ledger
import NIOCore
import NIOHTTP1
import NIOSSL

/// The way to witnesses: one bounded POST at a time (C2SP tlog-witness). What they answer is believed only as far as
/// their signatures hold, so TLS matters for reaching them, not for trusting them.
package struct WitnessClient: Sendable {
    /// How long one request may take.
    private static let limit = TimeAmount.seconds(10)
    private let http: HTTPClient

    /// Opens nothing yet.
    /// - Parameter roots: PEM of further TLS roots, beside none of the system's; nil for the system's.
    /// - Throws: ``TransportError`` `charter-unusable` when the roots are no certificates.
    package init(roots: [UInt8]? = nil) throws(TransportError) {
        var tls = TLSConfiguration.makeClientConfiguration()
        if let roots {
            do { tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(roots)) } catch {
                throw TransportError(.charterUnusable, "the file of witnesses' TLS roots holds no certificate in PEM")
            }
        }
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: .init(connect: .seconds(5), read: Self.limit, write: Self.limit))
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.httpVersion = .http1Only
        http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Posts the body of a talk to a witness.
    /// - Parameter prefix: its submission prefix, `https://...` without a slash at the end, or with one.
    /// - Returns: nil when no whole answer came in time.
    package func post(_ body: [UInt8], to prefix: String) async -> WitnessAnswer? {
        var request = HTTPClientRequest(url: (prefix.hasSuffix("/") ? prefix : prefix + "/") + "add-checkpoint")
        request.method = .POST
        request.headers.add(name: "content-type", value: "text/plain; charset=utf-8")
        request.body = .bytes(body)
        do {
            let response = try await http.execute(request, timeout: Self.limit)
            let bytes = try await response.body.collect(upTo: WitnessAnswer.maximumByteCount)
            return WitnessAnswer(
                status: Int(response.status.code), contentType: response.headers.first(name: "content-type"),
                body: Array(bytes.readableBytesView),
                retryAfter: response.headers.first(name: "retry-after").flatMap { Int($0) })
        } catch {
            return nil
        }
    }

    package func shutdown() async throws { try await http.shutdown() }
}
