import Daemon
import Envelope
import HTTPTypes
import Hummingbird
import Ledger
import NIOCore
import Rules
import Statements
import Store
import Wire

/// How answers are put into responses.
enum Answer {
    static func problem(_ problem: Problem) -> Response {
        var problem = problem
        if let trace = RequestTrace.current {
            trace.note(problem: problem.code)
            problem.request = trace.id.description
        }
        return Response(
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

    /// A file, whole or from the offset that the request asks for, read as it is sent.
    /// - Parameter read: gives bytes of a range, as many as it likes.
    static func file(
        _ request: Request, size: UInt64, read: @escaping @Sendable (Range<UInt64>) async throws -> [UInt8]
    ) throws(Problem) -> Response {
        let start = try offset(request.headers[.range], size: size)
        var headers: HTTPFields = [
            .contentType: "application/octet-stream", .cacheControl: "no-store", .acceptRanges: "bytes",
        ]
        if let start { headers[.contentRange] = "bytes \(start)-\(size - 1)/\(size)" }
        let first = start ?? 0
        let body = ResponseBody(contentLength: Int(size - first)) { writer in
            var offset = first
            while offset < size {
                let bytes = try await read(offset..<min(size, offset + 256 * 1024))
                guard !bytes.isEmpty else { throw StoreError(.damaged, "a stored file ends early") }
                try await writer.write(ByteBuffer(bytes: bytes))
                offset += UInt64(bytes.count)
            }
            try await writer.finish(nil)
        }
        return Response(status: start == nil ? .ok : .partialContent, headers: headers, body: body)
    }

    /// The offset of `bytes=N-`; nil without a range.
    static func offset(_ range: String?, size: UInt64) throws(Problem) -> UInt64? {
        guard let range else { return nil }
        guard range.hasPrefix("bytes="), range.hasSuffix("-"),
            let start = TreeSize(decimal: range.dropFirst(6).dropLast().utf8)?.rawValue, start < size
        else { throw Problem(.rangeInvalid, "Expected one range of the form bytes=N-, with N below \(size).") }
        return start
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
        case .overloaded(let wait):
            return problem(Turnstile.overloaded(wait, "It would wait for \(Int(wait.rounded(.up))) s."))
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
