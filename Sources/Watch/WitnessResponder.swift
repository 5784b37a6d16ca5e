import HTTPTypes
import Hummingbird
import Ledger
import NIOCore
import NIOPosix
import Synchronization

/// The two addresses of a witness: `POST /add-checkpoint` and `GET /<lower-case hex SHA-256 of the origin>/checkpoint`
/// (C2SP tlog-witness).
struct WitnessResponder: HTTPResponder {
    typealias Context = BasicRequestContext

    let witness: Cosigner
    let generation: WitnessGeneration
    /// How many requests may be worked on or wait at once.
    let limit: Int
    let waiting = RequestCount()
    /// Waits until the next second has begun.
    let nextSecond: @Sendable () async throws -> Void

    func respond(to request: Request, context: Context) async throws -> Response {
        switch (request.uri.path, request.method) {
        case ("/add-checkpoint", .post): return respond(try await add(request))
        case ("/add-checkpoint", _):
            return Response(status: .methodNotAllowed, headers: [.allow: "POST"], body: Self.text("POST only\n"))
        case (let path, .get): return latest(path)
        default: return notFound
        }
    }

    private func add(_ request: Request) async throws -> WitnessAnswer {
        guard waiting.enter(limit) else { return generation.answer(.overloaded) }
        defer { waiting.leave() }
        guard let body = try await body(of: request) else { return generation.answer(.requestTooLarge) }
        var outcome = try await decide(body)
        // A log that goes on within the second in which it was cosigned gets its turn in the next one.
        if case .failure(.tooSoon) = outcome {
            try await nextSecond()
            outcome = try await decide(body)
        }
        switch outcome {
        case .success(let record): return WitnessAnswer(cosignatures: [record.cosignature])
        case .failure(let refusal): return generation.answer(refusal)
        }
    }

    /// On a thread that may wait for the disk.
    private func decide(_ body: [UInt8]) async throws -> Result<WitnessRecord, WitnessRefusal> {
        try await NIOThreadPool.singleton.runIfActive { witness.answer(body) }
    }

    private func body(of request: Request) async throws -> [UInt8]? {
        let limit = AddCheckpointRequest.maximumByteCount
        guard request.headers[.contentLength].flatMap({ Int($0) }) ?? 0 <= limit else { return nil }
        var bytes: [UInt8] = []
        for try await buffer in request.body {
            guard buffer.readableBytes <= limit - bytes.count else { return nil }
            bytes.append(contentsOf: buffer.readableBytesView)
        }
        return bytes
    }

    private func latest(_ path: String) -> Response {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].isEmpty, parts[2] == "checkpoint",
            let origin = Hex.decode(parts[1].utf8).flatMap({ Hash($0) }), let note = witness.latest(origin)
        else { return notFound }
        return Response(
            status: .ok, headers: [.contentType: "text/plain; charset=utf-8", .cacheControl: "no-cache"],
            body: .init(byteBuffer: ByteBuffer(bytes: note.bytes)))
    }

    private func respond(_ answer: WitnessAnswer) -> Response {
        var headers: HTTPFields = [.cacheControl: "no-store"]
        headers[.contentType] = answer.contentType
        headers[.retryAfter] = answer.retryAfter.map { "\($0)" }
        return Response(
            status: .init(code: answer.status), headers: headers,
            body: .init(byteBuffer: ByteBuffer(bytes: answer.body)))
    }

    private var notFound: Response { Response(status: .notFound, body: Self.text("not found\n")) }

    private static func text(_ text: String) -> ResponseBody { .init(byteBuffer: ByteBuffer(string: text)) }
}

/// Counts requests that are being answered.
final class RequestCount: Sendable {
    private let count = Atomic<Int>(0)

    /// Counts one in, unless so many are there.
    func enter(_ limit: Int) -> Bool {
        if count.add(1, ordering: .relaxed).newValue <= limit { return true }
        leave()
        return false
    }

    func leave() { count.subtract(1, ordering: .relaxed) }
}

/// `/healthz`: the process answers. `/readyz`: it could cosign now. For the operator, on loopback only.
struct WitnessHealthResponder: HTTPResponder {
    typealias Context = BasicRequestContext
    let witness: Cosigner

    func respond(to request: Request, context: Context) async throws -> Response {
        switch request.uri.path {
        case "/healthz": text(.ok, "ok\n")
        case "/readyz":
            if let trouble = witness.trouble {
                text(.serviceUnavailable, "\(trouble)\n")
            } else {
                text(.ok, "ready, \(witness.recordCount) logs cosigned\n")
            }
        default: text(.notFound, "not found\n")
        }
    }

    private func text(_ status: HTTPResponse.Status, _ text: String) -> Response {
        Response(
            status: status, headers: [.contentType: "text/plain; charset=utf-8"],
            body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}
