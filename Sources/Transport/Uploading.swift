import AsyncHTTPClient
import NIOCore
import NIOHTTP1
package import Statements
import Wire

extension RelayClient {
    /// A larger file goes in resumable parts, a smaller one in one request.
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
        guard case .submission(let act) = submission.statement.act else {
            throw TransportError(.malformedAnswer, "the file of \(size) bytes is no envelope of its submission")
        }
        let file = PartedFile(
            read: read, size: size, payload: act.payloadSize, begin: .beginUpload, isBegunSigned: false,
            goOn: .continueUpload(MessageID(submission.id)), answerLimit: ByteLimit.acceptance)
        let asked = try await handIn(submission)
        do {
            return try await transfer(file, progress: progress) { try await accepted($0, for: submission) }
        } catch let error as TransportError {
            throw await refused(error, submission, asked)
        }
    }

    /// Sends a file in parts until the relay has it whole.
    ///
    /// - Parameter complete: reads and verifies the relay's answer to the whole file.
    func transfer<Value: Sendable>(
        _ file: PartedFile, progress: TransferProgress?, complete: ([UInt8]) async throws -> Value
    ) async throws -> Value {
        let header = try await file.header()
        var persistence = Persistence(options)
        while true {
            do {
                var state = try await begin(file, header)
                while case .stands(let offset) = state {
                    guard offset <= file.size else {
                        throw TransportError(.malformedAnswer, "the relay has \(offset) bytes of \(file.size)")
                    }
                    persistence.reach(offset)
                    progress?(offset, file.size)
                    state = try await goOn(file, from: offset, progress)
                    if case .stands(let next) = state, next <= offset {
                        throw TransportError(.malformedAnswer, "the relay took a part and stands at \(next) still")
                    }
                }
                if case .complete(let answer) = state { return try await complete(answer) }
            } catch {
                try await persistence.pause(after: error)
            }
        }
    }

    /// What became of an upload's request.
    private enum UploadState {
        /// So many bytes of the file are there.
        case stands(UInt64)
        /// The file is there, and this is what the relay says to it.
        case complete([UInt8])
    }

    /// Begins the upload, or finds out where it stands or that its file is there already.
    private func begin(_ file: PartedFile, _ header: [UInt8]) async throws -> UploadState {
        let connection = try connected()
        var request = file.isBegunSigned ? try await signed(file.begin) : connection.request(file.begin)
        request.headers.add(name: "content-type", value: "application/octet-stream")
        request.body = .bytes(ByteBuffer(bytes: header))
        return try await connection.whileBusy { try await state(of: try await connection.reopen(request), file) }
    }

    /// Sends everything from an offset on.
    private func goOn(
        _ file: PartedFile, from offset: UInt64, _ progress: TransferProgress?
    ) async throws -> UploadState {
        var request = try await signed(file.goOn)
        request.headers.add(name: "upload-offset", value: String(offset))
        let rest = FileChunks(read: file.read, from: offset, to: file.size, progress: progress)
        return try await stream(rest, request) { response in try await state(of: response, file) }
    }

    /// Sends a file's bytes as they are read.
    ///
    /// - Throws: what the reading of the file throws, rather than what becomes of the request then.
    func stream<Value>(
        _ chunks: FileChunks, _ request: HTTPClientRequest, _ read: (HTTPClientResponse) async throws -> Value
    ) async throws -> Value {
        var request = request
        request.headers.add(name: "content-type", value: "application/octet-stream")
        let source = UploadSource(chunks: chunks)
        let size = chunks.end - chunks.start
        request.body = .stream(source, length: .known(Int64(clamping: size)))
        do {
            return try await read(try await connected().open(request, patience: transferTime(size)))
        } catch {
            throw source.failure.error ?? error
        }
    }

    private func state(of response: HTTPClientResponse, _ file: PartedFile) async throws -> UploadState {
        let connection = try connected()
        guard (200..<300).contains(response.status.code) else { throw try await connection.refusal(response) }
        let body = try await connection.collect(response, limit: file.answerLimit)
        if response.headers.first(name: "upload-complete") == "?1" { return .complete(body) }
        guard let offset = response.headers.first(name: "upload-offset").flatMap({ UInt64($0) }), body.isEmpty else {
            throw TransportError(.malformedAnswer, "the relay does not say where the upload stands")
        }
        return .stands(offset)
    }
}
