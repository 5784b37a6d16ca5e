import HTTPTypes
import Hummingbird
import NIOCore
import Wire

/// `/healthz`: the process answers. `/readyz`: whether the relay can do its work now, check by check. `/metrics`: its
/// figures for Prometheus. For the operator, on loopback only.
struct HealthResponder: HTTPResponder {
    typealias Context = BasicRequestContext
    let health: RelayHealth

    func respond(to request: Request, context: Context) async throws -> Response {
        switch request.method {
        case .get: return await look(request)
        // A body would be read as the next answer on the connection.
        case .head: return await look(request).createHeadResponse()
        default:
            var response = answer(.methodNotAllowed, "only GET and HEAD are answered here\n")
            response.headers[.allow] = "GET, HEAD"
            return response
        }
    }

    private func look(_ request: Request) async -> Response {
        switch request.uri.path {
        case "/healthz": return answer(.ok, "ok\n")
        case "/readyz":
            let readiness = await health.judge()
            let status: HTTPResponse.Status = readiness.isReady ? .ok : .serviceUnavailable
            return wantsJSON(request)
                ? answer(status, readiness.json.bytes, type: "application/json") : answer(status, readiness.text)
        case "/metrics": return answer(.ok, health.scrape(), type: "text/plain; version=0.0.4; charset=utf-8")
        default: return answer(.notFound, "not found: /healthz, /readyz and /metrics are here\n")
        }
    }

    /// By `?format=json`, or by `Accept`.
    private func wantsJSON(_ request: Request) -> Bool {
        request.uri.queryParameters["format"] == "json"
            || request.headers[.accept].map { $0.lowercased().contains("application/json") } ?? false
    }

    private func answer(
        _ status: HTTPResponse.Status, _ text: String, type: String = "text/plain; charset=utf-8"
    ) -> Response { answer(status, Array(text.utf8), type: type) }

    private func answer(_ status: HTTPResponse.Status, _ bytes: [UInt8], type: String) -> Response {
        Response(
            status: status, headers: [.contentType: type, .cacheControl: "no-store"],
            body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
