import AsyncHTTPClient
import NIOCore
import NIOHTTP1
package import Statements
import Wire

extension RelayClient {
    /// Fetches an envelope file from an offset to its end, handing its bytes on as they arrive. Nothing in them is
    /// verified here: the payload's tree and the submission do that.
    ///
    /// A transfer that breaks off is taken up again where it stopped, after a pause; no byte is handed on twice.
    ///
    /// - Parameters:
    ///   - offset: where to begin; what came before an interruption need not come again.
    ///   - limit: the largest file that is taken.
    ///   - sink: takes the pieces in order; what it throws ends the download and is thrown here.
    /// - Returns: the size of the whole file.
    /// - Throws: ``TransportError``; `relay-unavailable` at once when the relay is away, or when a transfer was taken
    ///   up ``Options/resumptions`` times without progress.
    package func downloadEnvelope(
        _ id: MessageID, from offset: UInt64 = 0, limit: UInt64, to sink: ([UInt8]) async throws -> Void
    ) async throws -> UInt64 {
        try await download(.envelope(id), "the envelope", from: offset, limit: limit, to: sink)
    }

    /// Fetches a file with pauses between its parts where the connection breaks.
    func download(
        _ route: Route, _ name: String, from offset: UInt64, limit: UInt64, to sink: ([UInt8]) async throws -> Void
    ) async throws -> UInt64 {
        var persistence = Persistence(options)
        var position = offset
        var size: UInt64?
        while true {
            do {
                return try await part(of: route, name, from: position, limit: limit, knownSize: size) { total, piece in
                    size = total
                    position += UInt64(piece.count)
                    persistence.reach(position)
                    do { try await sink(piece) } catch { throw SinkFailure(cause: error) }
                }
            } catch let failure as SinkFailure {
                throw failure.cause
            } catch {
                try await persistence.pause(after: error)
            }
        }
    }

    /// What the taker of a download threw.
    private struct SinkFailure: Error { let cause: any Error }

    /// One request's worth of a download.
    private func part(
        of route: Route, _ name: String, from offset: UInt64, limit: UInt64, knownSize: UInt64?,
        to sink: (_ total: UInt64, _ piece: [UInt8]) async throws -> Void
    ) async throws -> UInt64 {
        // What broke off behind the last byte was whole.
        if let knownSize, offset == knownSize { return knownSize }
        var request = try await signed(route)
        if offset > 0 { request.headers.add(name: "range", value: "bytes=\(offset)-") }
        let connection = try connected()
        let response = try await connection.whileBusy {
            let response = try await connection.open(request)
            guard response.status == (offset > 0 ? .partialContent : .ok) else {
                throw try await connection.refusal(response)
            }
            return response
        }
        guard let total = Self.total(response.headers, from: offset), total <= limit, total >= offset,
            total == knownSize ?? total
        else {
            throw TransportError(.malformedAnswer, "\(name) comes without a fitting size of at most \(limit) bytes")
        }
        var position = offset
        let begin = NIODeadline.now()
        do {
            for try await part in response.body {
                guard UInt64(part.readableBytes) <= total - position else {
                    throw TransportError(.malformedAnswer, "\(name) is longer than its announced \(total) bytes")
                }
                position += UInt64(part.readableBytes)
                try await sink(total, Array(part.readableBytesView))
                try expectPace(name, position - offset, since: begin)
            }
        } catch let failure as SinkFailure {
            throw failure
        } catch {
            throw connection.failure(error)
        }
        guard position == total else {
            throw TransportError(.relayUnavailable, "\(name) broke off at byte \(position) of \(total)")
        }
        return total
    }

    private nonisolated func expectPace(
        _ name: String, _ received: UInt64, since begin: NIODeadline
    ) throws(TransportError) {
        let elapsed = (NIODeadline.now() - begin).nanoseconds / 1_000_000
        let needed = Int64(clamping: received / max(1, options.slowestRate)) * 1000
        guard elapsed <= options.answer.milliseconds + needed else {
            throw TransportError(
                .relayUnavailable, "\(name) comes slower than \(options.slowestRate) bytes per second")
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
