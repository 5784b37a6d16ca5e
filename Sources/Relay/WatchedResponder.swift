import Daemon
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// Gives each request an identifier, counts and times it, and writes its line into the log.
struct WatchedResponder<Inner: HTTPResponder>: HTTPResponder where Inner.Context == BasicRequestContext {
    typealias Context = BasicRequestContext
    let inner: Inner
    let metrics: RelayMetrics
    let logger: Logger

    func respond(to request: Request, context: BasicRequestContext) async throws -> Response {
        let trace = RequestTrace()
        var logger = logger
        logger[metadataKey: "request"] = "\(trace.id)"
        var context = context
        context.logger = logger
        let (own, begin) = (context, ContinuousClock.now)
        do {
            var response = try await RequestTrace.$current.withValue(trace) {
                try await inner.respond(to: request, context: own)
            }
            response.headers[.requestID] = trace.id.description
            finish(trace, response.status.code, since: begin, logger)
            return response
        } catch {
            // Nobody is left to answer.
            finish(trace, nil, since: begin, logger)
            throw error
        }
    }

    private func finish(_ trace: RequestTrace, _ status: Int?, since begin: ContinuousClock.Instant, _ logger: Logger) {
        let duration = ContinuousClock.now - begin
        let notes = trace.notes
        metrics.requests.add(notes.route, status.map { "\($0 / 100)xx" } ?? "gone")
        metrics.durations.observe(duration, notes.route)
        if let code = notes.code { metrics.problems.add(code) }
        AccessLine.write(trace, status: status, duration: duration, to: logger)
    }
}

extension HTTPField.Name {
    /// Names the request in the operator's log.
    static let requestID = HTTPField.Name("X-Request-ID") ?? .via
}
