package import Ledger
import Statements
import Wire

extension RelayClient {
    /// Fetches the relay's newest checkpoint, verifies it and remembers it.
    package func head() async throws -> VerifiedHead {
        try await adopt(try await checkpoint())
    }

    /// The bytes of the relay's checkpoint, nothing verified: for an auditor that opens it itself.
    package func checkpoint() async throws -> [UInt8] {
        try await get(.checkpoint, limit: ByteLimit.note)
    }

    /// The bytes of a hash tile, nothing verified but their number.
    package func tile(_ tile: TileID) async throws -> [UInt8] {
        let bytes = try await get(.tile(tile), limit: tile.byteCount)
        guard bytes.count == tile.byteCount else {
            throw TransportError(
                .malformedAnswer, "\(tile) came with \(bytes.count) bytes; expected \(tile.byteCount)")
        }
        return bytes
    }

    /// The bytes of an entry bundle, nothing verified.
    package func entries(_ bundle: EntryBundleID) async throws -> [UInt8] {
        try await get(.entries(bundle), limit: bundle.width * (EntryBundle.maximumEntryByteCount + 2))
    }

    /// The relay's proof that one tree begins with another; not verified.
    package func consistency(from: TreeSize, to: TreeSize) async throws -> ConsistencyProof {
        let bytes = try await get(.consistency(from: from, to: to), limit: ByteLimit.problem)
        let view = try answer("the consistency proof") { () throws(FormError) in try ConsistencyView(parsing: bytes) }
        guard view.from == from, view.to == to else {
            throw TransportError(
                .malformedAnswer, "the proof is from \(view.from) to \(view.to); expected from \(from) to \(to)")
        }
        return view.proof
    }

    /// Opens a checkpoint with the charter's log key and holds it against the newest known one, which it replaces if
    /// it is larger and begins with that.
    ///
    /// - Throws: ``TransportError`` `checkpoint-wrong`, or `fork`, which both notes are kept for.
    func adopt(_ note: [UInt8]) async throws -> VerifiedHead {
        let presented = RememberedCheckpoint(head: try open(note), note: note)
        let head = presented.head
        while true {
            let known = try await loadRemembered()
            if let known {
                guard head != known.head else { return VerifiedHead(head: head, note: note, isLagging: false) }
                try await expectConsistent(presented, with: known)
                // While the proof was fetched another call may have remembered a newer checkpoint.
                guard known == remembered else { continue }
                guard head.size > known.head.size else { return VerifiedHead(head: head, note: note, isLagging: true) }
            }
            remembered = presented
            // Another program of this desk may have kept one meanwhile: both are held against each other then.
            guard let other = try await memory?.store(presented, replacing: known) else {
                return VerifiedHead(head: head, note: note, isLagging: false)
            }
            if remembered == presented { remembered = other }
        }
    }

    /// The head in a note under the log's signature.
    private func open(_ note: [UInt8]) throws(TransportError) -> LogHead {
        let checkpoint: Checkpoint
        do {
            checkpoint = try Checkpoint.open(try SignedNote(parsing: note), log: logKey).checkpoint
        } catch {
            throw TransportError(.checkpointWrong, "the relay's checkpoint: \(error.sentence)")
        }
        guard checkpoint.size > 0 else {
            throw TransportError(
                .checkpointWrong, "the relay's checkpoint is of an empty log; it has a charter at least")
        }
        return LogHead(size: checkpoint.size, root: checkpoint.root)
    }

    private func expectConsistent(_ presented: RememberedCheckpoint, with known: RememberedCheckpoint) async throws {
        let (small, large) =
            presented.head.size < known.head.size ? (presented.head, known.head) : (known.head, presented.head)
        var proof: ConsistencyProof?
        if small.size < large.size {
            do {
                proof = try await consistency(from: small.size, to: large.size)
            } catch let error as TransportError
                where small == presented.head
                && (error.problem?.status).map({ $0 < 500 && $0 != 401 && $0 != 429 }) ?? false
            {
                throw TransportError(
                    .checkpointWrong,
                    "the relay shows a log of \(small.size) entries, knows nothing of the \(large.size) that were there"
                )
            }
        }
        do {
            let hashes = proof ?? ConsistencyProof(hashes: [])
            try hashes.verify(from: small.size, oldRoot: small.root, to: large.size, newRoot: large.root)
        } catch {
            let fork = ForkEvidence(remembered: known, presented: presented, failedProof: proof)
            try await memory?.keep(fork)
            throw TransportError(
                fork: fork,
                "the relay's checkpoint of size \(presented.head.size) contradicts the one of size "
                    + "\(known.head.size) that was seen before")
        }
    }

    /// An entry, once its inclusion is verified.
    nonisolated func verified(_ proven: ProvenEntry, in head: VerifiedHead) throws(TransportError) -> VerifiedEntry {
        do {
            return VerifiedEntry(entry: try proven.verified(in: head.head), proven: proven)
        } catch {
            throw TransportError(.proofWrong, "entry \(proven.index) of the relay's answer: \(error)")
        }
    }

    /// Reads an answer's form.
    nonisolated func answer<T>(
        _ name: String, _ read: () throws(FormError) -> T
    ) throws(TransportError) -> T {
        do { return try read() } catch {
            throw TransportError(.malformedAnswer, "\(name): expected \(error.expected) in \(error.field)")
        }
    }
}
