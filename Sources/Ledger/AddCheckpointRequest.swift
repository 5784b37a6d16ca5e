/// What a log asks of a witness: to cosign this checkpoint, which extends the tree it cosigned last (C2SP tlog-witness,
/// the body of `POST <prefix>/add-checkpoint`).
///
/// A value of this type is well-formed; nothing in it is verified. What a witness does about it: ``WitnessDecision``.
public struct AddCheckpointRequest: Hashable, Sendable {
    /// The most hashes of a consistency proof.
    public static let maximumHashCount = 63
    /// The longest body, in bytes: `old ` and 19 digits, 63 lines of 45 bytes, an empty line, the longest note.
    public static let maximumByteCount = 24 + maximumHashCount * 45 + 1 + SignedNote.maximumByteCount

    /// The size of the checkpoint that the witness cosigned last for this log, as the log believes; 0 if it knows none.
    public let oldSize: TreeSize
    /// From the old size to the checkpoint's; empty when the old size is 0 or the checkpoint's.
    public let proof: ConsistencyProof
    /// The signed checkpoint, whoever signed it.
    public let note: SignedNote
    /// What the text of ``note`` says.
    public let checkpoint: Checkpoint

    /// - Throws: ``WitnessRefusal`` for more than 63 hashes, or a note that is no checkpoint.
    public init(oldSize: TreeSize, proof: ConsistencyProof, note: SignedNote) throws(WitnessRefusal) {
        guard oldSize.rawValue < TreeSize.limit, proof.hashes.count <= AddCheckpointRequest.maximumHashCount else {
            throw .malformedRequest
        }
        self.oldSize = oldSize
        self.proof = proof
        self.note = note
        do { checkpoint = try Checkpoint(text: note.text) } catch {
            throw AddCheckpointRequest.isEmptyTreeWithAnotherRoot(note.text) ? .emptyTreeRoot : .badCheckpoint(error)
        }
    }

    /// Reads a body in its only spelling.
    ///
    /// - Throws: ``WitnessRefusal``: too large, malformed, a bad checkpoint, or an empty tree with another root.
    public init(parsing bytes: [UInt8]) throws(WitnessRefusal) {
        guard bytes.count <= AddCheckpointRequest.maximumByteCount else { throw .requestTooLarge }
        guard let end = ProofLines.endOfHead(bytes) else { throw .malformedRequest }
        // One line more than may be there tells that there are too many.
        let most = 1 + AddCheckpointRequest.maximumHashCount
        var lines = bytes[..<end].split(separator: 0x0a, maxSplits: most, omittingEmptySubsequences: false)[...]
        guard let size = ProofLines.value(of: "old", in: lines.popFirst()).flatMap({ TreeSize(decimal: $0) }),
            lines.count <= AddCheckpointRequest.maximumHashCount, let hashes = ProofLines.hashes(lines)
        else { throw .malformedRequest }
        let note: SignedNote
        do { note = try SignedNote(parsing: Array(bytes[(end + 2)...])) } catch { throw .badCheckpoint(error) }
        try self.init(oldSize: size, proof: ConsistencyProof(hashes: hashes), note: note)
    }

    /// The body.
    public var bytes: [UInt8] {
        Array("old \(oldSize)\n".utf8) + ProofLines.text(proof.hashes) + [0x0a] + note.bytes
    }

    /// The protocol has an answer of its own for this, while ``Checkpoint`` calls it malformed like other nonsense.
    private static func isEmptyTreeWithAnotherRoot(_ text: [UInt8]) -> Bool {
        let lines = text.dropLast().split(separator: 0x0a, maxSplits: 3, omittingEmptySubsequences: false)
        return text.last == 0x0a && lines.count == 3 && NoteName(lines[0]) != nil && lines[1].elementsEqual("0".utf8)
            && Base64.decode(lines[2])?.count == Hash.byteCount
    }
}
