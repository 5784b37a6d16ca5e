import AsyncHTTPClient
import NIOCore
import NIOHTTP1
package import Statements
import Wire

extension RelayClient {
    /// Fetches an envelope file from an offset to its end, handing its bytes on as they arrive. Nothing in them is
    /// verified here: the payload's tree and the submission do that.
    ///
    /// - Parameters:
    ///   - offset: where to begin; what came before an interruption need not come again.
    ///   - limit: the largest file that is taken.
    ///   - sink: takes the pieces in order; what it throws ends the download and is thrown here.
    /// - Returns: the size of the whole file.
    /// - Throws: ``TransportError``; `relay-unavailable` when the transfer broke off or was too slow.
    package func downloadEnvelope(
        _ id: MessageID, from offset: UInt64 = 0, limit: UInt64, to sink: ([UInt8]) async throws -> Void
    ) async throws -> UInt64 {
        var request = try await signed(.envelope(id))
        if offset > 0 { request.headers.add(name: "range", value: "bytes=\(offset)-") }
        let connection = try connected()
        let response = try await connection.open(request)
        guard response.status == (offset > 0 ? .partialContent : .ok) else {
            throw try await connection.refusal(response)
        }
        guard let total = Self.total(response.headers, from: offset), total <= limit, total >= offset else {
            throw TransportError(
                .malformedAnswer, "the envelope comes without a fitting size of at most \(limit) bytes")
        }
        var position = offset
        var isSinkFailure = false
        let begin = NIODeadline.now()
        do {
            for try await part in response.body {
                guard UInt64(part.readableBytes) <= total - position else {
                    throw TransportError(.malformedAnswer, "the envelope is longer than its announced \(total) bytes")
                }
                position += UInt64(part.readableBytes)
                isSinkFailure = true
                try await sink(Array(part.readableBytesView))
                isSinkFailure = false
                try expectPace(position - offset, since: begin)
            }
        } catch {
            throw isSinkFailure ? error : connection.failure(error)
        }
        guard position == total else {
            throw TransportError(.relayUnavailable, "the envelope broke off at byte \(position) of \(total)")
        }
        return total
    }

    private nonisolated func expectPace(_ received: UInt64, since begin: NIODeadline) throws(TransportError) {
        let elapsed = (NIODeadline.now() - begin).nanoseconds / 1_000_000
        let needed = Int64(clamping: received / max(1, options.slowestRate)) * 1000
        guard elapsed <= options.answer.milliseconds + needed else {
            throw TransportError(
                .relayUnavailable, "the envelope comes slower than \(options.slowestRate) bytes per second")
        }
    }

    /// The size of the whole file: `Content-Length` from the beginning, else out of `Content-Range`.
    private static func total(_ headers: HTTPHeaders, from offset: UInt64) -> UInt64? {
        guard let length = headers.first(name: "content-length").flatMap({ UInt64($0) }) else { return nil }
        guard offset > 0 else { return length }
        guard let range = headers.first(name: "content-range"), length > 0 else { return nil }
        let (total, overflow) = offset.addingReportingOverflow(length)
        guard !overflow, range == "bytes \(offset)-\(total - 1)/\(total)" else { return nil }
        return total
    }
}
