import HTTPTypes
import Hummingbird
import Ledger
import NIOCore
import Rules
import Statements
import Store

/// `/healthz`: the process answers. `/readyz`: it could take a statement now. For the operator, on loopback only.
struct HealthResponder: HTTPResponder {
    typealias Context = BasicRequestContext
    let log: PublishedLog
    let store: any Store
    let clock: RelayClock

    func respond(to request: Request, context: Context) async throws -> Response {
        switch request.uri.path {
        case "/healthz": return text(.ok, "ok\n")
        case "/readyz": return await ready()
        default: return text(.notFound, "not found\n")
        }
    }

    private func ready() async -> Response {
        if log.isHalted { return text(.serviceUnavailable, "store: intake stopped after an unknown outcome\n") }
        let snapshot = log.snapshot
        do { _ = try clock.next(after: snapshot.standing.lastAcceptedAt) } catch {
            return text(.serviceUnavailable, "clock: \(error)\n")
        }
        let size = snapshot.head.size.rawValue
        guard let last = try? await store.entries(size - 1..<size), last.count == 1 else {
            return text(.serviceUnavailable, "store: the last entry cannot be read\n")
        }
        return text(.ok, "ready, \(size) entries\n")
    }

    private func text(_ status: HTTPResponse.Status, _ text: String) -> Response {
        Response(
            status: status, headers: [.contentType: "text/plain; charset=utf-8"],
            body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}
