import Ledger
import Rules
package import Statements
package import Store

/// Making a log, and opening one that was made.
package enum Founding {
    /// Makes the charter log entry 0 of an empty store.
    /// - Throws: ``RelayError`` when the charter is not fit or the keys are not the charter's; ``StoreError``.
    package static func found(
        _ charter: SignedCharter, in store: any Store, signers: RelaySigners, clock: RelayClock
    ) async throws {
        if let finding = CharterCheck.findings(charter).first {
            throw RelayError(
                finding.code, "The charter cannot be used: \(finding.message).",
                hint: "valise charter verify shows everything that is wrong with it")
        }
        try check(signers, against: charter.charter)
        guard try await store.load() == nil else {
            throw RelayError(
                "log-exists", "This data directory has a log already.",
                hint: "start it with valise-relay serve, or choose another --data directory")
        }
        let time = clock.now
        var salts = Salts()
        let entry = Entry(
            acceptedAt: time, salt: salts.next(), constitution: Revision(0), roster: Revision(0), previous: nil,
            body: .charter(charter))
        let bytes = try entry.derBytes()
        guard bytes.count <= Bounds.entry else {
            throw RelayError(
                "charter-too-large", "The charter with its signatures is over \(Bounds.entry) bytes.",
                hint: "use fewer parties, delegates or channels")
        }
        var builder = TileBuilder()
        builder.append(Merkle.leafHash(bytes))
        let head = LogHead(size: builder.size, root: builder.root)
        let note = try Checkpoint(origin: signers.log.key.name, size: head.size, root: head.root)
            .signed(by: signers.log).bytes
        try await store.commit(
            CommitBatch(
                base: TreeSize(rawValue: 0),
                entries: [NewEntry(entry: entry, bytes: bytes, changes: nil, envelope: nil)], tiles: builder.drain(),
                head: head, checkpoint: note))
    }

    /// Opens a log for serving: its checkpoint must carry the log key's signature, and its tiles must give its root.
    package static func open(_ store: any Store, signers: RelaySigners) async throws -> PublishedLog {
        guard let loaded = try await store.load() else {
            throw RelayError(
                "no-log", "This data directory has no log.",
                hint: "valise-relay init --charter charter.signed --data DIR makes one")
        }
        try check(signers, against: loaded.standing.charter.charter)
        let opened = try? Checkpoint.open(SignedNote(parsing: loaded.checkpoint), log: signers.log.key)
        guard let checkpoint = opened?.checkpoint, checkpoint.size == loaded.head.size,
            checkpoint.root == loaded.head.root
        else {
            throw RelayError(
                "checkpoint-damaged", "The stored checkpoint is not one this relay signed.",
                hint: "restore the data directory from a backup; nothing was changed")
        }
        var tiles: [TileID: [UInt8]] = [:]
        for id in TileID.partialTiles(for: loaded.head.size) {
            tiles[id] = try await store.tile(level: id.level, index: id.index)
        }
        let builder = try TileBuilder(size: loaded.head.size) { id in
            guard let bytes = tiles[id] else { throw StoreError(.damaged, "tile \(id.path) is missing") }
            return bytes
        }
        guard builder.root == loaded.head.root else {
            throw RelayError(
                "tiles-damaged", "The stored tiles do not give the root that the checkpoint signs.",
                hint: "restore the data directory from a backup; nothing was signed over it")
        }
        return PublishedLog(
            PublishedLog.Snapshot(
                head: loaded.head, checkpoint: loaded.checkpoint, builder: builder, standing: loaded.standing))
    }

    private static func check(_ signers: RelaySigners, against charter: Charter) throws {
        guard signers.log.key.publicKey == charter.relay.logKey,
            signers.log.key.name.bytes == Array(charter.relay.origin.utf8)
        else {
            throw RelayError(
                "wrong-log-key", "The log key is not the one that the charter names.",
                hint: "point --keys at the folder whose public keys stand in the charter")
        }
        let probe = Label.card.message(Array("act key probe".utf8))
        let isCharters = (try? signers.act(probe)).map {
            PinnedEd25519.verify(signature: $0, message: probe, key: charter.relay.actKey)
        }
        guard isCharters == true else {
            throw RelayError(
                "wrong-act-key", "The act key is not the one that the charter names.",
                hint: "point --keys at the folder whose public keys stand in the charter")
        }
    }
}
