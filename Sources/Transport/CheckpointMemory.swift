package import Ledger
package import Statements

/// A checkpoint whose signature was verified, with the note it came in.
package struct RememberedCheckpoint: Hashable, Sendable {
    package let head: LogHead
    /// The signed note, as it came.
    package let note: [UInt8]
    package init(head: LogHead, note: [UInt8]) {
        self.head = head
        self.note = note
    }
}

/// Where a client keeps the newest checkpoint it has verified, so that the relay can never show it another log.
package protocol CheckpointMemory: Sendable {
    /// The newest checkpoint; nil if there is none yet.
    func load() async throws -> RememberedCheckpoint?
    /// Keeps a newer checkpoint durably in place of the one that it was verified against.
    ///
    /// - Parameter known: what was loaded or stored last; nil if there was nothing.
    /// - Returns: nil once it is kept. If another program has kept something else meanwhile, that, and nothing is
    ///   changed: neither may replace the other unchecked.
    func store(
        _ checkpoint: RememberedCheckpoint, replacing known: RememberedCheckpoint?
    ) async throws -> RememberedCheckpoint?
    /// Keeps the evidence of a fork durably, beside whatever was kept before.
    func keep(_ fork: ForkEvidence) async throws
}

/// Two checkpoints, both signed by the log's key, of which neither was shown to be the beginning of the other. In the
/// presented one's place may stand an auditor's verdict on such a head, as a line of text.
///
/// With equal sizes and different roots the two notes are proof by themselves; otherwise they become proof as soon as
/// an auditor has the entries of either.
package struct ForkEvidence: Hashable, Sendable {
    package let remembered: RememberedCheckpoint
    package let presented: RememberedCheckpoint
    /// The proof that did not hold; nil when sizes are equal.
    package let failedProof: ConsistencyProof?

    package init(
        remembered: RememberedCheckpoint, presented: RememberedCheckpoint, failedProof: ConsistencyProof?
    ) {
        self.remembered = remembered
        self.presented = presented
        self.failedProof = failedProof
    }
}
