import AsyncHTTPClient
import Ledger
import NIOCore
import NIOHTTP1
package import Statements
package import Wire

/// The shelf of drafts of the identity's party. What the relay says of a draft is its word: the signatures in it must
/// be verified before they are relied on, and the file's own digests hold for its payload.
extension RelayClient {
    /// Puts a draft on the shelf: the draft file as it is read, with the drafter's signature in it, brought by any
    /// delegate of its party. It goes in resumable parts if it is above ``onePieceLimit``, like
    /// ``submit(envelope:size:submission:progress:)``. To put the same draft again is harmless.
    ///
    /// - Parameters:
    ///   - read: gives the whole draft file; what it throws is thrown here.
    ///   - size: bytes in all.
    ///   - id: the draft's identifier.
    ///   - payload: bytes of the payload, with which the file ends; 0 for an act that is no submission.
    package func putDraft(
        _ read: @escaping FileReading, size: UInt64, id: StatementID, payload: UInt64,
        progress: TransferProgress? = nil
    ) async throws -> DraftItem {
        guard size > Self.onePieceLimit else {
            let file = FileChunks(read: read, from: 0, to: size, progress: progress)
            let connection = try connected()
            return try await connection.whileBusy {
                try await stream(file, try await signed(.putDraft)) { response in
                    try only(of: try await connection.read(response, limit: ByteLimit.view), id)
                }
            }
        }
        let file = PartedFile(
            read: read, size: size, payload: payload, begin: .beginDraftUpload, isBegunSigned: true,
            goOn: .continueDraftUpload(id), answerLimit: ByteLimit.view)
        return try await transfer(file, progress: progress) { try only(of: $0, id) }
    }

    /// Everything on the shelf, oldest first.
    package func drafts() async throws -> [DraftItem] {
        try shelf(try await get(.drafts, limit: ByteLimit.view)).drafts
    }

    /// Fetches a draft file as it was put, like ``downloadEnvelope(_:from:limit:to:)``. Signatures that came later are
    /// in ``drafts()``.
    ///
    /// - Returns: the size of the whole file.
    package func draft(
        _ id: StatementID, from offset: UInt64 = 0, limit: UInt64, to sink: ([UInt8]) async throws -> Void
    ) async throws -> UInt64 {
        try await download(.draft(id), "the draft", from: offset, limit: limit, to: sink)
    }

    /// Adds the signature of one whose signature is wanted.
    package func signDraft(_ id: StatementID, _ signature: OpenSignature) async throws -> DraftItem {
        let body = try answer("the signature") { () throws(FormError) in try signature.derBytes() }
        return try only(of: try await send(.signDraft(id), body), id)
    }

    /// Rejects a draft: it takes no signatures from then on.
    ///
    /// - Parameter note: the reason, sealed to the party's delegates; at most ``Wire/ByteLimit/draftNote`` bytes.
    package func rejectDraft(_ id: StatementID, note: [UInt8]) async throws -> DraftItem {
        try only(of: try await send(.rejectDraft(id), note), id)
    }

    /// The note that came with a rejection.
    package func draftRejection(_ id: StatementID) async throws -> [UInt8] {
        try await get(.draftRejection(id), limit: ByteLimit.draftNote)
    }

    /// Takes a draft off the shelf: the drafter's own, or one whose signatures are complete. That it is not there is
    /// no error.
    package func withdrawDraft(_ id: StatementID) async throws {
        do {
            _ = try await get(.withdrawDraft(id), limit: ByteLimit.view)
        } catch let error as TransportError where error.problem?.code == "not-found" {}
    }

    private func send(_ route: Route, _ body: [UInt8]) async throws -> [UInt8] {
        let request = try await signed(route, body: body)
        return try await connected().exchange(request, limit: ByteLimit.view)
    }

    private nonisolated func shelf(_ bytes: [UInt8]) throws(TransportError) -> DraftsView {
        let view = try answer("the drafts") { () throws(FormError) in try DraftsView(parsing: bytes) }
        guard let identity, view.party == identity.delegate.party else {
            throw TransportError(.malformedAnswer, "the drafts are those of \(view.party)")
        }
        return view
    }

    private nonisolated func only(of bytes: [UInt8], _ id: StatementID) throws(TransportError) -> DraftItem {
        let drafts = try shelf(bytes).drafts
        guard let draft = drafts.first, drafts.count == 1, draft.id == id else {
            throw TransportError(.malformedAnswer, "the relay's answer is not about the draft \(id.short) alone")
        }
        return draft
    }
}
