package import Statements

/// Files that come in parts, each durable as far as it was synced, across restarts of the relay.
///
/// One writer at a time writes to one upload: whoever uses the store sees to that.
package protocol UploadStore: Sendable {
    /// Begins an upload with the first bytes of its file, durably. One that is there already is left as it is.
    /// - Parameter room: what its party may have, this one included; decided together with the insertion.
    /// - Throws: ``StoreError`` `noRoom`; nothing is kept then.
    func addUpload(_ upload: NewUpload, room: PartyRoom) async throws(StoreError)
    /// How an upload stands; nil if there is none.
    func upload(_ id: UploadID) async throws(StoreError) -> StoredUpload?
    /// Writes bytes at an offset at or behind the synced one; they count only after ``syncUpload(_:to:expires:)``.
    /// - Throws: ``StoreError`` `notFound` if there is no such upload.
    func appendUpload(_ id: UploadID, _ bytes: [UInt8], at offset: UInt64) async throws(StoreError)
    /// Makes everything before an offset durable.
    func syncUpload(_ id: UploadID, to offset: UInt64, expires: Timestamp) async throws(StoreError)
    /// Bytes of the file, at most 1 MiB a call; fewer where it ends.
    func uploadBytes(_ id: UploadID, _ range: Range<UInt64>) async throws(StoreError) -> [UInt8]
    /// The file of a whole and synced upload, for a commit or a draft to refer to. The upload itself stays.
    func stageUpload(_ id: UploadID) async throws(StoreError) -> StagedEnvelope
    /// Removes an upload, and its file unless a commit or a draft has come to refer to it.
    func removeUpload(_ id: UploadID) async throws(StoreError)
    /// The uploads whose time is over.
    func uploads(expiredAt time: Timestamp) async throws(StoreError) -> [UploadID]
}

/// What an upload is called: by the statement that its file begins with. A draft and the envelope that it becomes have
/// the same statement, so the kind of file is part of the name.
package enum UploadID: Hashable, Sendable {
    case envelope(MessageID)
    case draft(StatementID)

    /// The first characters of the statement's identifier, for sentences.
    package var short: String {
        switch self {
        case .envelope(let id): id.short
        case .draft(let id): id.short
        }
    }
}

/// An upload that is to be begun.
package struct NewUpload: Hashable, Sendable {
    package let id: UploadID
    /// Whose statement it is.
    package let party: PartyID
    /// Bytes that the file will have.
    package let size: UInt64
    package let expires: Timestamp
    /// The file's first bytes.
    package let header: [UInt8]

    package init(id: UploadID, party: PartyID, size: UInt64, expires: Timestamp, header: [UInt8]) {
        self.id = id
        self.party = party
        self.size = size
        self.expires = expires
        self.header = header
    }
}

/// How an upload stands.
package struct StoredUpload: Hashable, Sendable {
    package let id: UploadID
    package let party: PartyID
    package let size: UInt64
    /// Durable bytes.
    package let offset: UInt64
    package let expires: Timestamp

    package init(id: UploadID, party: PartyID, size: UInt64, offset: UInt64, expires: Timestamp) {
        self.id = id
        self.party = party
        self.size = size
        self.offset = offset
        self.expires = expires
    }
}

/// How many things of a kind a party may have at a time, and how many bytes they may have together.
package struct PartyRoom: Hashable, Sendable {
    package let count: Int
    package let bytes: UInt64
    package static let unlimited = PartyRoom(count: .max, bytes: .max)
    package init(count: Int, bytes: UInt64) {
        self.count = count
        self.bytes = bytes
    }

    /// Whether one more of this size fits beside those that are there.
    package func takes(_ size: UInt64, beside others: [UInt64]) -> Bool {
        var total = size
        for other in others {
            let (sum, overflow) = total.addingReportingOverflow(other)
            guard !overflow else { return false }
            total = sum
        }
        return others.count < count && total <= bytes
    }
}
