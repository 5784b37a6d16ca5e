import HTTPTypes
import Hummingbird
import Ledger
import NIOCore
import Rules
import Statements
import Store

/// `/healthz`: the process answers. `/readyz`: it could take a statement now, and how the witnesses stand. `/metrics`:
/// the same for Prometheus. For the operator, on loopback only.
struct HealthResponder: HTTPResponder {
    typealias Context = BasicRequestContext
    let log: PublishedLog
    let store: any Store
    let clock: RelayClock
    let panel: WitnessPanel
    let shown: ShownCheckpoints

    func respond(to request: Request, context: Context) async throws -> Response {
        switch request.uri.path {
        case "/healthz": return text(.ok, "ok\n")
        case "/readyz": return await ready()
        case "/metrics":
            let metrics = WitnessMetrics(size: log.snapshot.head.size, shown: shown.parties, witnesses: panel.standings)
            return text(.ok, metrics.text, type: "text/plain; version=0.0.4; charset=utf-8")
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
        // A witness that is away holds nothing up; those that know another log may be right, or hostile.
        let witnesses = panel.standings.map { "witness \($0.name): \($0.sentence)\n" }.joined()
        return text(panel.canBeQuorum ? .ok : .serviceUnavailable, "ready, \(size) entries\n" + witnesses)
    }

    private func text(
        _ status: HTTPResponse.Status, _ text: String, type: String = "text/plain; charset=utf-8"
    ) -> Response {
        Response(
            status: status, headers: [.contentType: type],
            body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}
