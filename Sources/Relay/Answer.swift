import Envelope
import HTTPTypes
import Hummingbird
import NIOCore
import Rules
import Statements
import Wire

/// How answers are put into responses.
enum Answer {
    static func problem(_ problem: Problem) -> Response {
        Response(
            status: .init(code: problem.status), headers: problem.fields,
            body: .init(byteBuffer: ByteBuffer(bytes: problem.encoded)))
    }

    static func json(_ bytes: [UInt8]) -> Response { self.bytes(bytes, type: "application/json", cache: "no-store") }

    static func bytes(
        _ bytes: [UInt8], type: String = "application/octet-stream", cache: String
    ) -> Response {
        Response(
            status: .ok, headers: [.contentType: type, .cacheControl: cache],
            body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    static func problem(of error: EnvelopeError) -> Problem {
        let code: ServiceCode = ServiceCode(rawValue: error.code.rawValue) ?? .malformed
        return Problem(code, "\(error.field): expected \(error.expected)")
    }

    /// What a statement's sender is told.
    static func outcome(_ outcome: Sequencer.Outcome) throws -> Response {
        switch outcome {
        case .accepted(let entry, let checkpoint):
            return bytes(try Acceptance(entry: entry, checkpoint: checkpoint).derBytes(), cache: "no-store")
        case .rejected(let objection, let signed):
            return problem(
                Problem(
                    .rejected(objection.code), detail: objection.detail, routes: objection.routes.map(\.holders),
                    rejection: try signed.derBytes()))
        case .busy: return problem(Problem(.busy, "Too many statements are waiting."))
        case .clock(let doubt):
            let detail =
                switch doubt {
                case .behind(let span): "The relay's clock is \(span.milliseconds / 1000) s behind its last entry."
                case .ahead(let span): "The relay's clock jumped ahead by \(span.milliseconds / 1000) s."
                }
            return problem(Problem(.clockBehind, detail))
        case .unavailable: return problem(Problem(.unavailable, "The relay could not make it durable."))
        }
    }
}
