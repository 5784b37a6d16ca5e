import AsyncHTTPClient
import NIOCore
import NIOHTTP1
package import Statements
import Wire

/// Reads bytes of a file from an offset: as many as are asked for unless it ends before. It is asked for the same bytes
/// again when a transfer is taken up again.
package typealias FileReading = @Sendable (_ offset: UInt64, _ atMost: Int) async throws -> [UInt8]

/// Is told how many bytes of a transfer are through; after a break it may be fewer than before.
package typealias TransferProgress = @Sendable (_ done: UInt64, _ total: UInt64) -> Void

extension RelayClient {
    /// A larger envelope file goes in resumable parts, a smaller one in one request.
    package static let onePieceLimit: UInt64 = 1 << 20

    /// Sends an envelope file, in resumable parts if it is above ``onePieceLimit``: a transfer that breaks off is taken
    /// up again where the relay has it, also by a later run of the program.
    ///
    /// - Parameters:
    ///   - read: gives the whole file, header and payload; what it throws is thrown here.
    ///   - size: bytes in all.
    ///   - submission: the submission in it.
    /// - Throws: ``TransportError``; `relay-unavailable` at once when the relay is away, or when a transfer was taken
    ///   up ``Options/resumptions`` times without progress. The same call may then be made again at any time.
    package func submit(
        envelope read: @escaping FileReading, size: UInt64, submission: SignedStatement,
        progress: TransferProgress? = nil
    ) async throws -> AcceptedStatement {
        guard size > Self.onePieceLimit, identity != nil else {
            let file = FileChunks(read: read, from: 0, to: size, progress: progress)
            return try await submit(envelope: file, size: size, submission: submission)
        }
        guard case .submission(let act) = submission.statement.act, act.payloadSize < size else {
            throw TransportError(.malformedAnswer, "the file of \(size) bytes is no envelope of its submission")
        }
        let header = try await Self.all(of: read, upTo: size - act.payloadSize)
        var persistence = Persistence(options)
        while true {
            do {
                var state = try await beginUpload(header, submission)
                while case .stands(let offset) = state {
                    guard offset <= size else {
                        throw TransportError(.malformedAnswer, "the relay has \(offset) bytes of \(size)")
                    }
                    persistence.reach(offset)
                    progress?(offset, size)
                    let rest = FileChunks(read: read, from: offset, to: size, progress: progress)
                    state = try await continueUpload(rest, submission)
                    if case .stands(let next) = state, next <= offset {
                        throw TransportError(.malformedAnswer, "the relay took a part and stands at \(next) still")
                    }
                }
                if case .accepted(let accepted) = state { return accepted }
            } catch {
                try await persistence.pause(after: error)
            }
        }
    }

    /// What became of an upload's request.
    private enum UploadState {
        /// So many bytes of the file are there.
        case stands(UInt64)
        case accepted(AcceptedStatement)
    }

    /// Begins the upload, or finds out where it stands or that it was accepted already.
    private func beginUpload(_ header: [UInt8], _ submission: SignedStatement) async throws -> UploadState {
        var request = try connected().request(.beginUpload)
        request.headers.add(name: "content-type", value: "application/octet-stream")
        request.body = .bytes(ByteBuffer(bytes: header))
        let connection = try connected()
        return try await state(of: try await connection.reopen(request), submission)
    }

    private func continueUpload(_ rest: FileChunks, _ submission: SignedStatement) async throws -> UploadState {
        var request = try await signed(.continueUpload(MessageID(submission.id)))
        request.headers.add(name: "content-type", value: "application/octet-stream")
        request.headers.add(name: "upload-offset", value: String(rest.start))
        let source = UploadSource(chunks: rest)
        let size = rest.end - rest.start
        request.body = .stream(source, length: .known(Int64(clamping: size)))
        do {
            let response = try await connected().open(request, patience: transferTime(size))
            return try await state(of: response, submission)
        } catch {
            throw source.failure.error ?? error
        }
    }

    private func state(of response: HTTPClientResponse, _ submission: SignedStatement) async throws -> UploadState {
        let connection = try connected()
        guard (200..<300).contains(response.status.code) else {
            throw refused(try await connection.refusal(response), submission)
        }
        let body = try await connection.collect(response, limit: ByteLimit.acceptance)
        if response.headers.first(name: "upload-complete") == "?1" {
            return .accepted(try await accepted(body, for: submission))
        }
        guard let offset = response.headers.first(name: "upload-offset").flatMap({ UInt64($0) }), body.isEmpty else {
            throw TransportError(.malformedAnswer, "the relay does not say where the upload stands")
        }
        return .stands(offset)
    }

    private static func all(of read: FileReading, upTo end: UInt64) async throws -> [UInt8] {
        guard end <= UInt64(onePieceLimit) else {
            throw TransportError(.malformedAnswer, "\(end) bytes stand before the payload; no envelope has so many")
        }
        var bytes: [UInt8] = []
        while bytes.count < Int(end) {
            let piece = try await read(UInt64(bytes.count), Int(end) - bytes.count)
            guard !piece.isEmpty else { throw CutShort(at: UInt64(bytes.count)) }
            bytes += piece
        }
        return bytes
    }
}

/// The file ended before its announced size.
package struct CutShort: Error, Sendable, CustomStringConvertible {
    package let at: UInt64
    package var description: String { "the file ended at byte \(at), before its size [file-cut-short]" }
}

/// A file's bytes from an offset to its end, read as they are wanted.
struct FileChunks: AsyncSequence, Sendable {
    private static let piece = 256 * 1024
    private let read: FileReading
    let start: UInt64
    let end: UInt64
    private let progress: TransferProgress?

    init(read: @escaping FileReading, from start: UInt64, to end: UInt64, progress: TransferProgress?) {
        self.read = read
        self.start = start
        self.end = end
        self.progress = progress
    }

    struct Iterator: AsyncIteratorProtocol {
        let file: FileChunks
        var position: UInt64

        mutating func next() async throws -> [UInt8]? {
            // What was handed over before has left by now, but for what the connection holds.
            if position > file.start { file.progress?(position, file.end) }
            guard position < file.end else { return nil }
            let wanted = Int(Swift.min(UInt64(FileChunks.piece), file.end - position))
            let bytes = try await file.read(position, wanted)
            guard !bytes.isEmpty, bytes.count <= wanted else { throw CutShort(at: position) }
            position += UInt64(bytes.count)
            return bytes
        }
    }

    func makeAsyncIterator() -> Iterator { Iterator(file: self, position: start) }
}
