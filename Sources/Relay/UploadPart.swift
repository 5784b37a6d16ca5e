import HTTPTypes
import Ledger
import NIOCore
import Statements
import Store
import Wire

/// The bytes of one part on their way into an upload, as long as it is this request's turn.
struct UploadPart {
    /// Bytes of the file that were handed to the store.
    private(set) var offset: UInt64
    private let size: UInt64
    private let store: any Store
    private let turns: UploadTurns
    private let turn: UploadTurns.Turn
    /// Until when the upload is kept, from now.
    private let expires: () -> Timestamp
    private var held: [UInt8] = []
    private var synced: UInt64
    private var syncedAt = ContinuousClock.now

    init(
        _ upload: StoredUpload, store: any Store, turns: UploadTurns, turn: UploadTurns.Turn,
        expires: @escaping () -> Timestamp
    ) {
        offset = upload.offset
        synced = upload.offset
        size = upload.size
        self.store = store
        self.turns = turns
        self.turn = turn
        self.expires = expires
    }

    /// Another request of the same upload came after this one.
    static var superseded: Problem { Problem(.busy, "Another request has taken this upload on.") }

    /// Keeps bytes, and writes them once there are enough.
    mutating func take(_ bytes: ByteBufferView) async throws {
        guard UInt64(held.count) + UInt64(bytes.count) <= size - offset else {
            throw Problem(.oversized, "The upload has more bytes than the \(size) of its file.")
        }
        held.append(contentsOf: bytes)
        if held.count >= UploadLimits.piece { try await write() }
        if offset - synced >= UploadLimits.syncBytes || .now - syncedAt >= UploadLimits.syncTime { try await sync() }
    }

    /// Makes everything durable that came.
    mutating func sync() async throws {
        try await write()
        guard offset > synced else { return }
        let (offset, until) = (offset, expires())
        try await atTurn { try await store.syncUpload(turn.id, to: offset, expires: until) }
        synced = offset
        syncedAt = .now
    }

    private mutating func write() async throws {
        guard !held.isEmpty else { return }
        let (bytes, start) = (held, offset)
        try await atTurn(writing: start + UInt64(bytes.count)) {
            try await store.appendUpload(turn.id, bytes, at: start)
        }
        offset = start + UInt64(bytes.count)
        held = []
    }

    private func atTurn(writing end: UInt64? = nil, _ body: () async throws -> Void) async throws {
        guard await turns.enter(turn) else { throw Self.superseded }
        do {
            try await body()
        } catch {
            await turns.leave(turn)
            throw error
        }
        await turns.leave(turn, written: end)
    }
}

/// Bounds of every upload.
enum UploadLimits {
    /// Uploads that a party may have begun and not finished, envelopes and drafts together.
    static let mostOfAParty = 16
    /// How long an upload is kept after its last byte; never past its statement's `submitBy`.
    static let keeping = TimeSpan.hours(24)
    /// Bytes after which a running part is made durable, and the time after which it is.
    static let syncBytes: UInt64 = 8 << 20
    static let syncTime = Duration.seconds(2)
    /// Bytes that are gathered before they are written.
    static let piece = 512 * 1024
    /// The fewest bytes that a part may announce unless it is the last one: each part costs several readings of the
    /// store, a durable write and the parsing of the header, however small it is.
    static let smallestPart: UInt64 = 64 * 1024
}

/// What a part says of itself before its bytes come.
struct DeclaredPart {
    let start: UInt64
    let length: UInt64

    init(_ headers: HTTPFields) throws(Problem) {
        guard let text = headers[.uploadOffset], let start = TreeSize(decimal: text.utf8)?.rawValue else {
            throw Problem(.malformed, "The field Upload-Offset must say where the part begins.")
        }
        // In chunks of no announced length, parts of one byte could not be told early.
        guard let length = headers[.contentLength].flatMap({ UInt64($0) }) else {
            throw Problem(.malformed, "The field Content-Length must say how many bytes the part has.")
        }
        self.start = start
        self.length = length
    }
}
