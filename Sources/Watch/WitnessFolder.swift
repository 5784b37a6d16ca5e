import Keyring
package import Ledger

/// Where a witness keeps its records, so that it is the same witness after whatever ends its process.
package protocol WitnessStore: Sendable {
    /// All records: one for each log that was ever cosigned.
    func records() throws -> [WitnessRecord]
    /// The record of the log with this SHA-256 of its origin.
    func record(_ origin: Hash) throws -> WitnessRecord?
    /// Replaces the record of its log. It is on the disk when this returns; when it throws, the old or the new one is.
    func keep(_ record: WitnessRecord) throws
    /// Keeps a note that contradicts a record, once.
    ///
    /// - Returns: false when it is there already, or no more are kept.
    func keepEvidence(_ note: SignedNote, of checkpoint: Checkpoint) throws -> Bool
}

/// The records as files: `logs/<hex SHA-256 of the origin>` is the cosigned checkpoint itself, as the monitoring
/// address serves it. Each is replaced in one step and forced to the disk with its folder.
///
/// `evidence/` holds checkpoints that a log has signed and that contradict what was cosigned before.
package struct WitnessFolder: WitnessStore {
    /// The most files of evidence that are kept: a log can sign as many forks as it likes.
    package static let evidenceLimit = 64

    private let path: String
    private let witness: VerifierKey

    /// - Parameter path: the data directory, which must exist; its two folders are made.
    package init(path: String, witness: VerifierKey) throws {
        self.path = path
        self.witness = witness
        try Durable.makeFolder(path: "\(path)/logs")
        try Durable.makeFolder(path: "\(path)/evidence")
    }

    package func records() throws -> [WitnessRecord] {
        try WitnessFile.names(in: "\(path)/logs").compactMap { name in
            guard let origin = Hex.decode(name).flatMap({ Hash($0) }) else {
                throw damaged(name, "a file of another name")
            }
            return try record(origin)
        }
    }

    package func record(_ origin: Hash) throws -> WitnessRecord? {
        let name = origin.hex
        guard let bytes = try WitnessFile.read("\(path)/logs/\(name)", limit: SignedNote.maximumByteCount) else {
            return nil
        }
        let record: WitnessRecord
        do { record = try WitnessRecord(parsing: bytes, witness: witness) } catch {
            guard error == .noKnownSignature else { throw damaged(name, error.sentence) }
            throw WitnessError(
                .otherKey, "\(path)/logs/\(name) was not cosigned by \(witness.name).",
                hint: "a data directory belongs to one key: name the other --keys or an empty --data")
        }
        guard Hash.sha256(record.checkpoint.origin.bytes) == origin else {
            throw damaged(name, "it is the record of \(record.checkpoint.origin)")
        }
        return record
    }

    package func keep(_ record: WitnessRecord) throws {
        let name = Hash.sha256(record.checkpoint.origin.bytes).hex
        try Durable.write(path: "\(path)/logs/\(name)", bytes: record.note.bytes, mode: 0o644, exclusive: false)
    }

    package func keepEvidence(_ note: SignedNote, of checkpoint: Checkpoint) throws -> Bool {
        let folder = "\(path)/evidence"
        let origin = Hash.sha256(checkpoint.origin.bytes).hex
        let name = "\(origin)-\(checkpoint.size)-\(checkpoint.root.hex)"
        guard !WitnessFile.exists("\(folder)/\(name)"),
            try WitnessFile.names(in: folder).count < WitnessFolder.evidenceLimit
        else { return false }
        try Durable.write(path: "\(folder)/\(name)", bytes: note.bytes, mode: 0o644, exclusive: true)
        return true
    }

    private func damaged(_ name: String, _ reason: String) -> WitnessError {
        WitnessError(
            .stateDamaged, "\(path)/logs/\(name) is not a record of this witness: \(reason)",
            hint: "a witness without its memory can be led to cosign a fork: make a new key rather than guess it")
    }
}
