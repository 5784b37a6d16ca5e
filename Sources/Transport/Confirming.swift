package import Ledger
package import Statements

/// A head of the log that the charter's quorum of witnesses has cosigned, and that is consistent with every other that
/// the client knows.
package struct ConfirmedHead: Hashable, Sendable {
    /// A witness's word.
    package struct Cosigner: Hashable, Sendable {
        package let name: String
        package let at: CosignatureTime
    }

    package let head: LogHead
    /// The signed note with its cosignatures.
    package let note: [UInt8]
    /// The newest first.
    package let cosigners: [Cosigner]
    /// When the quorum was last whole: as many witnesses as it needs have cosigned then or later.
    package let at: CosignatureTime

    /// Whether an entry is in the tree that the witnesses saw.
    package func covers(_ index: LogIndex) -> Bool { index.rawValue < head.size.rawValue }

    /// Reads a note; it is not held against any other checkpoint here.
    /// - Returns: nil when the charter asks for no witnesses, or fewer of them than it asks for have cosigned.
    /// - Throws: ``Ledger/NoteError`` for a note that is no checkpoint of the charter's log, or has a line of the log
    /// or
    ///   of a witness that does not hold.
    package init?(_ note: [UInt8], charter: Charter, log: VerifierKey) throws {
        let quorum = Int(charter.witnessQuorum)
        guard quorum > 0 else { return nil }
        let (checkpoint, cosignatures) = try Checkpoint.open(
            SignedNote(parsing: note), log: log, cosigners: charter.cosigners)
        let found = cosignatures.compactMap { line in
            line.time.map { Cosigner(name: line.key.name.description, at: $0) }
        }
        cosigners = found.sorted { ($1.at, $0.name) < ($0.at, $1.name) }
        guard cosigners.count >= quorum else { return nil }
        at = cosigners[quorum - 1].at
        head = LogHead(size: checkpoint.size, root: checkpoint.root)
        self.note = note
    }
}

extension RelayClient {
    /// Whether the charter asks for cosignatures.
    package nonisolated var hasWitnessQuorum: Bool { charter.charter.witnessQuorum > 0 }

    /// Fetches the checkpoint that the witnesses were asked about, and verifies it.
    /// - Returns: nil when the quorum has not cosigned it, or the charter asks for none.
    /// - Throws: ``TransportError``, `checkpoint-wrong` also for a witness's line that does not hold; `fork`.
    package func confirmedHead() async throws -> ConfirmedHead? {
        let note = try await checkpoint()
        _ = try await adopt(note)
        do {
            return try ConfirmedHead(note, charter: charter.charter, log: logKey)
        } catch let error as NoteError {
            throw TransportError(.checkpointWrong, "the relay's checkpoint: \(error.sentence)")
        }
    }
}
