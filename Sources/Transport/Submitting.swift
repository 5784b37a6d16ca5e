import AsyncHTTPClient
import Ledger
import NIOCore
import NIOHTTP1
package import Statements
import Synchronization
import Wire

extension RelayClient {
    /// Sends any act but a submission.
    ///
    /// - Returns: proof that it is in the log.
    /// - Throws: ``TransportError``; a refusal carries the relay's signed rejection, verified.
    package func submit(_ signed: SignedStatement) async throws -> AcceptedStatement {
        let bytes = try answer("the statement") { () throws(FormError) in try signed.derBytes() }
        return try await post(.submitStatement, .bytes(ByteBuffer(bytes: bytes)), signed) { connection, request in
            try await connection.exchange(request, limit: ByteLimit.acceptance)
        }
    }

    /// Sends an envelope file that is in memory.
    ///
    /// - Parameters:
    ///   - envelope: the whole file.
    ///   - submission: the submission in it.
    package func submit(envelope: [UInt8], submission: SignedStatement) async throws -> AcceptedStatement {
        let patience = transferTime(UInt64(envelope.count))
        return try await post(.submitEnvelope, .bytes(ByteBuffer(bytes: envelope)), submission) {
            connection, request in
            try await connection.exchange(request, limit: ByteLimit.acceptance, patience: patience)
        }
    }

    /// Sends an envelope file as it is read.
    ///
    /// - Parameters:
    ///   - chunks: the file in pieces; what it throws is thrown here.
    ///   - size: bytes in all.
    ///   - submission: the submission in it.
    package func submit<Chunks: AsyncSequence & Sendable>(
        envelope chunks: Chunks, size: UInt64, submission: SignedStatement
    ) async throws -> AcceptedStatement where Chunks.Element == [UInt8] {
        let source = UploadSource(chunks: chunks)
        let patience = transferTime(size)
        let body = HTTPClientRequest.Body.stream(source, length: .known(Int64(clamping: size)))
        return try await post(.submitEnvelope, body, submission) { connection, request in
            try await connection.whileBusy {
                do {
                    let response = try await connection.open(request, patience: patience)
                    return try await connection.read(response, limit: ByteLimit.acceptance)
                } catch {
                    throw source.failure.error ?? error
                }
            }
        }
    }

    /// How long a body of this size may take beside the usual time.
    nonisolated func transferTime(_ size: UInt64) -> TimeSpan {
        TimeSpan.seconds(Int64(clamping: min(size / max(1, options.slowestRate), 86_400 * 30)))
    }

    private func post(
        _ route: Route, _ body: HTTPClientRequest.Body, _ signed: SignedStatement,
        _ send: (RelayConnection, HTTPClientRequest) async throws -> [UInt8]
    ) async throws -> AcceptedStatement {
        let asked = try await handIn(signed)
        let connection = try connected()
        var request = connection.request(route)
        request.headers.add(name: "content-type", value: "application/octet-stream")
        request.body = body
        let bytes: [UInt8]
        do {
            bytes = try await send(connection, request)
        } catch let error as TransportError {
            throw await refused(error, signed, asked)
        }
        return try await accepted(bytes, for: signed)
    }

    /// Reads and verifies an acceptance.
    func accepted(_ bytes: [UInt8], for signed: SignedStatement) async throws -> AcceptedStatement {
        let acceptance = try answer("the acceptance") { () throws(FormError) in
            try Acceptance(der: bytes, limit: ByteLimit.acceptance)
        }
        return try await accepted(acceptance, for: signed)
    }

    /// Verifies an acceptance and holds its checkpoint against what is known.
    private func accepted(_ acceptance: Acceptance, for signed: SignedStatement) async throws -> AcceptedStatement {
        let head = try await adopt(acceptance.checkpoint)
        let entry = try verified(acceptance.entry, in: head)
        guard let logged = entry.entry.signed else {
            throw TransportError(.proofWrong, "entry \(entry.index) is the charter; expected the statement")
        }
        let isOriginal = logged.id != signed.id
        guard !isOriginal || isEarlier(logged, of: signed) else {
            throw TransportError(.proofWrong, "entry \(entry.index) holds another statement than the one that was sent")
        }
        try expectNotAhead([entry])
        // It is in the log; to remember it can wait until its chain is looked at.
        if let message = entry.entry.message { try? await views?.note([message: entry.index]) }
        return AcceptedStatement(signed: logged, entry: entry, head: head, isOriginal: isOriginal)
    }

    /// Whether one submission is an earlier one of the same party with the same nonce, and truly signed.
    private nonisolated func isEarlier(_ logged: SignedStatement, of signed: SignedStatement) -> Bool {
        guard case .submission(let earlier) = logged.statement.act,
            case .submission(let later) = signed.statement.act,
            logged.statement.party == signed.statement.party, earlier.nonce == later.nonce
        else { return false }
        return isAuthentic(logged)
    }

    /// Whether every signature is good by the key that the charter lists.
    nonisolated func isAuthentic(_ signed: SignedStatement) -> Bool {
        let charter = charter.charter
        guard signed.statement.charter == self.charter.id else { return false }
        return ExaminedStatement(signed) { signer in
            signer == DelegateID(party: .relay, name: .act)
                ? charter.relay.actKey : charter.delegate(signer)?.signingKey
        }.isAuthentic
    }
}

/// A caller's chunks on their way into a request, keeping what they throw.
struct UploadSource<Chunks: AsyncSequence & Sendable>: AsyncSequence, Sendable
where Chunks.Element == [UInt8] {
    let chunks: Chunks
    let failure = UploadFailure()

    struct Iterator: AsyncIteratorProtocol {
        var chunks: Chunks.AsyncIterator
        let failure: UploadFailure

        mutating func next() async throws -> ByteBuffer? {
            do {
                return try await chunks.next().map { ByteBuffer(bytes: $0) }
            } catch {
                failure.keep(error)
                throw error
            }
        }
    }

    func makeAsyncIterator() -> Iterator { Iterator(chunks: chunks.makeAsyncIterator(), failure: failure) }
}

/// The error of an upload's source, which the HTTP client may replace by its own.
final class UploadFailure: Sendable {
    private let kept = Mutex<(any Error)?>(nil)
    var error: (any Error)? { kept.withLock { $0 } }
    func keep(_ error: any Error) { kept.withLock { $0 = error } }
}
