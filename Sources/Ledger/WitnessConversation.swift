/// One talk of a log with one witness about one checkpoint: what to send next, and what an answer means. It works with
/// both ``WitnessGeneration``s and does no input or output; see ``run(isolation:proof:post:)`` for the whole of it.
///
/// A talk ends with an ``Outcome``. ``knownSize`` is what to remember of the witness until the next one.
public struct WitnessConversation: Sendable {
    /// How often a witness may name another size before the talk is given up.
    public static let maximumConflicts = 3

    /// What to do now.
    public enum Next: Hashable, Sendable {
        /// Make the consistency proof from this size to the checkpoint's, and post
        /// ``WitnessConversation/request(proof:)``. From 0 and from the checkpoint's own size the proof is empty.
        case ask(from: TreeSize)
        case end(Outcome)
    }

    /// How the talk ended.
    public enum Outcome: Hashable, Sendable {
        /// The witness cosigned: verified lines to be added to the checkpoint, and their time.
        case cosigned([NoteSignature], at: CosignatureTime)
        /// The log is not what the witness has seen of it. **Do not ask again: look for what happened.**
        case alarm(Alarm)
        /// The witness will not cosign until somebody changes a configuration.
        case refused(status: Int)
        /// Nothing usable came; ask again at the next occasion.
        case away(Absence)
    }

    /// What the witness knows that the log does not.
    public enum Alarm: Hashable, Sendable {
        /// A larger tree than this one: the log has lost entries, or its key signs elsewhere.
        case largerTree(TreeSize)
        /// Another root of this size.
        case otherRoot(TreeSize)
        /// The proof from this size does not begin with the tree that the witness saw.
        case otherBeginning(TreeSize)
        /// A conflict about the request from this size, and no word about which size would be right.
        case unexplained(TreeSize)
    }

    /// Why nothing usable came.
    public enum Absence: Hashable, Sendable {
        /// No connection or no answer in time, as the caller found.
        case silent
        /// Too many requests.
        case busy
        /// This status, which says nothing about the checkpoint.
        case status(Int)
        /// An answer that is not of the protocol.
        case malformed
        /// The answer had no cosignature by the witness, or one that does not hold.
        case badCosignature
        /// It named another size each time.
        case undecided
    }

    /// The key whose cosignature is wanted.
    public let witness: VerifierKey
    public let checkpoint: Checkpoint
    public private(set) var next: Next
    /// The size of the tree that the witness cosigned last, as far as it has said.
    public private(set) var knownSize: TreeSize?
    /// The witness answered from a smaller tree than one that it had cosigned before, this one: it has lost its memory,
    /// and could be led to cosign a fork. For the log's operator.
    public private(set) var forgotten: TreeSize?
    private let note: SignedNote
    private let cosigned: TreeSize?
    private var conflicts = 0

    /// - Parameters:
    ///   - witness: the cosigner's key (type 0x04).
    ///   - note: the checkpoint as the log signed it; only the log's own lines are sent.
    ///   - log: the log's key.
    ///   - knownSize: ``knownSize`` of the talk before; `nil` asks from 0 and learns it.
    /// - Throws: ``NoteError`` for a key of the wrong purpose, or a note that is no checkpoint of the log.
    public init(
        with witness: VerifierKey, about note: SignedNote, log: VerifierKey, knownSize: TreeSize? = nil
    ) throws(NoteError) {
        guard witness.kind == .cosignature else { throw .wrongKeyType(name: witness.name.description) }
        let checkpoint = try Checkpoint.open(note, log: log).checkpoint
        self.checkpoint = checkpoint
        self.witness = witness
        self.note = try note.keeping([log])
        self.knownSize = knownSize
        cosigned = knownSize
        // A larger size than the log's own is asked for again: only the witness can say that it has it.
        next = .ask(from: knownSize.map { $0 <= checkpoint.size ? $0 : 0 } ?? 0)
    }

    /// The body to post; `nil` when the talk has ended.
    ///
    /// - Parameter proof: from the size that ``next`` names; ignored where it must be empty.
    /// - Throws: ``WitnessRefusal/malformedRequest`` for a proof that is too long.
    public func request(proof: ConsistencyProof) throws(WitnessRefusal) -> AddCheckpointRequest? {
        guard case .ask(let old) = next else { return nil }
        let isEmpty = old == 0 || old == checkpoint.size
        return try AddCheckpointRequest(
            oldSize: old, proof: isEmpty ? ConsistencyProof(hashes: []) : proof, note: note)
    }

    /// No answer came.
    public mutating func heardNothing() {
        if case .ask = next { next = .end(.away(.silent)) }
    }

    /// Takes the answer to the last request.
    public mutating func heard(_ answer: WitnessAnswer) {
        guard case .ask(let old) = next else { return }
        switch answer.status {
        case 200: next = .end(accept(answer, from: old))
        case 409: heardConflict(answer, from: old)
        // The proof was right, so the witness has another tree at its end or at its beginning.
        case 422 where old == checkpoint.size: next = .end(.alarm(.otherRoot(old)))
        case 422 where old > 0: next = .end(.alarm(.otherBeginning(old)))
        case 400, 403, 404, 422: next = .end(.refused(status: answer.status))
        case 429: next = .end(.away(.busy))
        default: next = .end(.away(.status(answer.status)))
        }
    }

    private mutating func accept(_ answer: WitnessAnswer, from old: TreeSize) -> Outcome {
        guard let lines = answer.signatureLines else { return .away(.malformed) }
        var held: [NoteSignature] = []
        var newest: CosignatureTime?
        for line in lines where line.isBy(witness) {
            guard let time = try? line.verify(text: note.text, key: witness) else { return .away(.badCosignature) }
            if let newest, time <= newest { continue }
            // One line for each key stands in a checkpoint.
            held = [line]
            newest = time
        }
        guard let newest else { return .away(.badCosignature) }
        compare(with: old)
        knownSize = checkpoint.size
        return .cosigned(held, at: newest)
    }

    private mutating func heardConflict(_ answer: WitnessAnswer, from old: TreeSize) {
        guard let size = answer.namedSize, size != old else {
            // Of the same size, it is the first generation's answer to another root.
            next = .end(.alarm(old == checkpoint.size ? .otherRoot(old) : .unexplained(old)))
            return
        }
        guard size <= checkpoint.size else {
            next = .end(.alarm(.largerTree(size)))
            return
        }
        compare(with: size)
        knownSize = size
        conflicts += 1
        next = conflicts > WitnessConversation.maximumConflicts ? .end(.away(.undecided)) : .ask(from: size)
    }

    /// A witness that holds less than it has cosigned has forgotten something.
    private mutating func compare(with size: TreeSize) {
        if let cosigned, size < cosigned { forgotten = cosigned }
    }
}

extension WitnessConversation {
    /// Talks until the end.
    ///
    /// - Parameters:
    ///   - proof: makes the consistency proof from this size to the checkpoint's; called for sizes between 0 and that.
    ///   - post: posts a body to `<submission prefix>/add-checkpoint` and gives the answer, bounded by
    ///     ``WitnessAnswer/maximumByteCount``; `nil` when none came.
    /// - Throws: what the two throw.
    public mutating func run(
        isolation: isolated (any Actor)? = #isolation,
        proof: (TreeSize) async throws -> ConsistencyProof, post: ([UInt8]) async throws -> WitnessAnswer?
    ) async throws -> Outcome {
        while true {
            switch next {
            case .end(let outcome): return outcome
            case .ask(let old):
                let isEmpty = old == 0 || old == checkpoint.size
                let hashes = isEmpty ? ConsistencyProof(hashes: []) : try await proof(old)
                guard let request = try request(proof: hashes) else { continue }
                if let answer = try await post(request.bytes) { heard(answer) } else { heardNothing() }
            }
        }
    }
}
