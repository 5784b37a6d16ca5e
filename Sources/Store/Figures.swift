/// How much a store has, for the operator.
package protocol FigureStore: Sendable {
    /// Reads what is small: nothing of it grows with the log.
    func figures() async throws(StoreError) -> StoreFigures
}

/// Sizes and counts of a store.
package struct StoreFigures: Hashable, Sendable {
    /// The database with entries, tiles, views and small envelopes.
    package var databaseBytes: UInt64
    /// What was committed and is not in the database's file yet.
    package var walBytes: UInt64
    package var uploads: UInt64
    /// Bytes that uploads in progress have so far.
    package var uploadBytes: UInt64
    package var drafts: UInt64
    package var draftBytes: UInt64

    package init(
        databaseBytes: UInt64, walBytes: UInt64, uploads: UInt64, uploadBytes: UInt64, drafts: UInt64,
        draftBytes: UInt64
    ) {
        self.databaseBytes = databaseBytes
        self.walBytes = walBytes
        self.uploads = uploads
        self.uploadBytes = uploadBytes
        self.drafts = drafts
        self.draftBytes = draftBytes
    }
}
