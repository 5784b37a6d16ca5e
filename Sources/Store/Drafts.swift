package import Statements

/// The shelves of drafts, one for each party: no part of the log, and gone without a trace when a draft is removed.
package protocol DraftStore: Sendable {
    /// Puts a draft on the shelf, durably; its file was staged before. One that is there already is left as it is.
    /// - Parameter room: what its party may have, this one included; decided together with the insertion.
    /// - Returns: whether it was new. If it was not, the staged file is the caller's to discard.
    /// - Throws: ``StoreError`` `noRoom`; the staged file is the caller's to discard then.
    func addDraft(_ draft: StoredDraft, file: StagedEnvelope, room: PartyRoom) async throws(StoreError) -> Bool
    /// A draft with its signatures; nil if there is none.
    func draft(_ id: StatementID) async throws(StoreError) -> StoredDraft?
    /// A party's drafts, the one that was put first first.
    func drafts(of party: PartyID) async throws(StoreError) -> [StoredDraft]
    /// Bytes of a draft file, at most 1 MiB a call; fewer where it ends.
    func draftBytes(_ id: StatementID, _ range: Range<UInt64>) async throws(StoreError) -> [UInt8]
    /// Adds a signature, durably. One by the same signer that is there already stays.
    func signDraft(_ id: StatementID, _ signature: OpenSignature) async throws(StoreError)
    /// Marks a draft as rejected, durably. A rejection that is there already stays.
    func rejectDraft(_ id: StatementID, _ rejection: StoredDraft.Rejection, note: [UInt8]) async throws(StoreError)
    /// The note of a rejection; nil if there is none.
    func draftNote(_ id: StatementID) async throws(StoreError) -> [UInt8]?
    /// Removes a draft with everything that belongs to it.
    func removeDraft(_ id: StatementID) async throws(StoreError)
    /// The drafts whose `submitBy` has passed at a time, and those whose statement is in the log.
    func settledDrafts(at time: Timestamp) async throws(StoreError) -> [StatementID]
}

/// A draft on the shelf, without the bytes of its file.
package struct StoredDraft: Hashable, Sendable {
    package let id: StatementID
    /// The statement as it is signed.
    package let statementBytes: [UInt8]
    package let statement: Statement
    /// Bytes of the draft file.
    package let size: UInt64
    package let signatures: [OpenSignature]
    package let rejection: Rejection?

    package struct Rejection: Hashable, Sendable {
        package let by: DelegateName
        package let at: Timestamp
        package init(by: DelegateName, at: Timestamp) {
            self.by = by
            self.at = at
        }
    }

    package init(
        id: StatementID, statementBytes: [UInt8], statement: Statement, size: UInt64, signatures: [OpenSignature],
        rejection: Rejection? = nil
    ) {
        self.id = id
        self.statementBytes = statementBytes
        self.statement = statement
        self.size = size
        self.signatures = signatures
        self.rejection = rejection
    }
}
