import AsyncHTTPClient
import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOSSL
import Statements
import Wire

/// The way to the charter's relay: HTTP/1.1 over TLS 1.3 under the charter's roots alone, to the charter's URL alone,
/// every answer bounded in time and bytes.
struct RelayConnection: Sendable {
    let http: HTTPClient
    let url: String
    let options: RelayClient.Options

    /// Opens nothing yet: the first request connects.
    init(relay: RelayIdentity, options: RelayClient.Options) throws(TransportError) {
        var tls = TLSConfiguration.makeClientConfiguration()
        do {
            tls.trustRoots = .certificates(try relay.tlsRoots.map { try NIOSSLCertificate(bytes: $0, format: .der) })
        } catch {
            throw TransportError(.charterUnusable, "a TLS root of the charter is no X.509 certificate")
        }
        tls.minimumTLSVersion = .tlsv13
        tls.certificateVerification = .fullVerification
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: .init(
                connect: .milliseconds(options.connect.milliseconds),
                read: .milliseconds(options.answer.milliseconds + Int64(InboxQuery.longestWait) * 1000),
                write: .milliseconds(options.answer.milliseconds)))
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.httpVersion = .http1Only
        http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        url = relay.url
        self.options = options
    }

    func shutdown() async throws {
        try await http.shutdown()
    }

    /// A request of a route, its target being the only part that varies.
    func request(_ route: Route, fields: HTTPFields = [:]) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: url + route.target)
        request.method = HTTPMethod(rawValue: route.method.rawValue)
        for field in fields { request.headers.add(name: field.name.rawName, value: field.value) }
        return request
    }

    /// Sends a request and waits for the head of the answer.
    ///
    /// - Parameter patience: what to wait beyond the usual time.
    func open(_ request: HTTPClientRequest, patience: TimeSpan = .seconds(0)) async throws -> HTTPClientResponse {
        let deadline = NIODeadline.now() + .milliseconds(options.answer.milliseconds + patience.milliseconds)
        do {
            return try await http.execute(request, deadline: deadline)
        } catch {
            throw failure(error)
        }
    }

    /// Sends a request that may be repeated, and reads the whole answer.
    ///
    /// - Throws: ``TransportError`` `relay-refused` with the problem unless the status is 200.
    func exchange(
        _ request: HTTPClientRequest, limit: Int, patience: TimeSpan = .seconds(0)
    ) async throws -> [UInt8] {
        try await whileBusy { try await read(try await reopen(request, patience: patience), limit: limit) }
    }

    /// Sends again what the relay was too busy for, when it says: it has accepted nothing, and its limits are short.
    ///
    /// - Parameter send: sends a request that may be repeated, from its beginning.
    /// - Throws: what `send` throws, at once if there is more to wait than is left of ``RelayClient/Options/busyWait``.
    nonisolated(nonsending) func whileBusy<Value>(_ send: () async throws -> Value) async throws -> Value {
        var waited = TimeSpan.seconds(0)
        while true {
            do {
                return try await send()
            } catch let error as TransportError {
                guard let wait = error.busyWait, waited + wait <= options.busyWait else { throw error }
                waited = waited + wait
                // Not together with everybody else who was told the same.
                let jitter = Int64.random(in: 0...Self.longestJitter)
                try await Task.sleep(for: .milliseconds(wait.milliseconds + jitter))
            }
        }
    }

    /// Milliseconds.
    private static let longestJitter: Int64 = 250

    /// Sends a request that may be repeated, and waits for the head of the answer.
    func reopen(_ request: HTTPClientRequest, patience: TimeSpan = .seconds(0)) async throws -> HTTPClientResponse {
        let deadline = NIODeadline.now() + .milliseconds(options.answer.milliseconds + patience.milliseconds)
        do {
            do {
                return try await http.execute(request, deadline: deadline)
            } catch let error as HTTPClientError where error == .remoteConnectionClosed {
                // A kept connection that the relay had just closed; every request may be repeated.
                return try await http.execute(request, deadline: deadline)
            }
        } catch {
            throw failure(error)
        }
    }

    /// Reads the whole answer.
    func read(_ response: HTTPClientResponse, limit: Int) async throws -> [UInt8] {
        guard response.status == .ok else { throw try await refusal(response) }
        return try await collect(response, limit: limit)
    }

    /// The error that an answer other than the wanted one stands for.
    func refusal(_ response: HTTPClientResponse) async throws -> TransportError {
        let isProblem = response.headers.first(name: "content-type")?.hasPrefix(Problem.mediaType) ?? false
        let status = response.status.code
        guard isProblem, status >= 400 else {
            let sentence = "the relay at \(url) answered with HTTP status \(status)"
            return status >= 500
                ? TransportError(.relayUnavailable, sentence)
                : TransportError(.malformedAnswer, "\(sentence) and no problem")
        }
        let bytes = try await collect(response, limit: ByteLimit.problem)
        do {
            var problem = try Problem(parsing: bytes)
            problem.retryAfter = response.headers.first(name: "retry-after").flatMap { Int($0) }
            return TransportError(problem: problem, rejection: nil)
        } catch {
            return TransportError(.malformedAnswer, "the relay's problem document (status \(status)): \(error)")
        }
    }

    /// The whole body of an answer.
    func collect(_ response: HTTPClientResponse, limit: Int) async throws -> [UInt8] {
        let announced = response.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
        guard announced <= limit else {
            throw TransportError(
                .malformedAnswer, "the relay's answer has \(announced) bytes; expected at most \(limit)")
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(announced)
        let deadline = NIODeadline.now() + .milliseconds(options.answer.milliseconds)
        do {
            for try await part in response.body {
                guard part.readableBytes <= limit - bytes.count else {
                    throw TransportError(.malformedAnswer, "the relay's answer is longer than \(limit) bytes")
                }
                bytes.append(contentsOf: part.readableBytesView)
                guard NIODeadline.now() < deadline else {
                    throw TransportError(.relayUnavailable, "the answer of \(url) did not end in time")
                }
            }
        } catch {
            throw failure(error)
        }
        return bytes
    }

    /// What an error below HTTP means.
    func failure(_ error: any Error) -> any Error {
        switch error {
        case is TransportError, is CancellationError: error
        case let error as HTTPClientError where error == .cancelled: CancellationError()
        default: ConnectionFailure(error).told(of: url, connect: options.connect)
        }
    }
}
