import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOSSL
import Statements

/// A log on a plain web server in C2SP tlog-tiles layout. Nothing that comes is believed: the reader verifies it.
package struct TilesClient: Sendable {
    private static let limit = TimeAmount.seconds(30)
    private let http: HTTPClient
    private let prefix: String

    /// Opens no connection yet.
    /// - Parameters:
    ///   - prefix: `https://host/path` or `http://host/path`.
    ///   - roots: PEM of the TLS roots to trust; nil for the system's.
    /// - Throws: ``TransportError`` `charter-unusable` when the roots are no certificates.
    package init(prefix: String, roots: [UInt8]? = nil) throws(TransportError) {
        var tls = TLSConfiguration.makeClientConfiguration()
        if let roots {
            do { tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(roots)) } catch {
                throw TransportError(.charterUnusable, "the file of TLS roots holds no certificate in PEM")
            }
        }
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: .init(connect: .seconds(10), read: Self.limit, write: Self.limit))
        configuration.httpVersion = .http1Only
        http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        self.prefix = prefix.hasSuffix("/") ? prefix : prefix + "/"
    }

    /// A file of the log.
    /// - Parameter limit: the most bytes that are of use.
    /// - Returns: nil when the server has none (404, 410).
    /// - Throws: ``TransportError`` `relay-unavailable`, `malformed-answer`.
    package func get(_ path: String, limit: Int) async throws -> [UInt8]? {
        let url = prefix + path
        do {
            let response = try await http.execute(HTTPClientRequest(url: url), timeout: Self.limit)
            switch response.status.code {
            case 200: break
            case 404, 410: return nil
            default:
                throw TransportError(.relayUnavailable, "\(url) was answered with HTTP status \(response.status.code)")
            }
            return Array(try await response.body.collect(upTo: limit + 1).readableBytesView)
        } catch is NIOTooManyBytesError {
            throw TransportError(.malformedAnswer, "\(url) has more than \(limit) bytes")
        } catch let error as TransportError {
            throw error
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            throw ConnectionFailure(error).told(of: prefix, connect: .seconds(10))
        }
    }

    package func shutdown() async throws { try await http.shutdown() }
}
