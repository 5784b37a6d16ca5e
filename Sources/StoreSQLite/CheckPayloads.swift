import Envelope
import GRDB
import Ledger
import Rules
import Statements
import Store

/// Reads every stored envelope to its end: it must be the file of its submission, with the payload that was signed.
struct CheckPayloads {
    let database: Database
    let folder: StoreFolder
    /// Whether a table refers to a file now, whatever the snapshot says.
    let isStill: (_ table: String, _ file: String) throws -> Bool
    let progress: (_ done: UInt64) -> Void

    private static let step: UInt64 = 1 << 20

    func run(_ report: inout StoreCheckReport) throws {
        let kept =
            try database.tableExists("erasures") ? "WHERE first_idx NOT IN (SELECT message FROM erasures)" : ""
        let messages = try Command(database, "SELECT first_idx, id FROM messages \(kept) ORDER BY first_idx")
        while let row = try messages.next() {
            let index = try row.index(0)
            let id = MessageID(try row.hash(1))
            if let difference = try check(index, id, &report) { report.add(difference) }
            report.payloads += 1
            progress(report.payloads)
        }
        try checkStrays(kept, &report)
        if !kept.isEmpty { try checkKeys(&report) }
    }

    private func checkStrays(_ kept: String, _ report: inout StoreCheckReport) throws {
        let strays = try Command(
            database,
            """
            SELECT message FROM envelopes WHERE message NOT IN (SELECT first_idx FROM messages \(kept))
                AND message NOT IN (SELECT idx FROM temp.unsound) ORDER BY message
            """)
        while let row = try strays.next() {
            report.add(
                StoreDifference(
                    .rowUnexpected, "envelopes", row: "message \(row.integer(0))", expected: "no such row",
                    found: "an envelope of no submission, or of one that is erased"))
        }
        let unjudged = try Command(
            database, "SELECT count(*) FROM envelopes WHERE message IN (SELECT idx FROM temp.unsound)"
        ).first { $0.integer(0) }
        if let unjudged, unjudged > 0 {
            report.leaveOut(
                unjudged == 1
                    ? "a payload: the entry that tells of it is not there as it was signed"
                    : "\(unjudged) payloads: the entries that tell of them are not there as they were signed")
        }
    }

    private func checkKeys(_ report: inout StoreCheckReport) throws {
        let living = try Command(
            database,
            """
            SELECT message FROM message_keys
            WHERE key <> \(KeyQuery.destroyed) AND message IN (SELECT message FROM erasures)
            ORDER BY message
            """)
        while let row = try living.next() {
            report.add(
                StoreDifference(
                    .rowDifferent, "message_keys", row: "message \(row.integer(0))",
                    expected: "zeros, as the message is erased",
                    found: "a key"))
        }
    }

    private struct Damage: Error {
        let kind: StoreDifference.Kind
        let found: String
    }

    private func check(
        _ index: LogIndex, _ id: MessageID, _ report: inout StoreCheckReport
    ) throws -> StoreDifference? {
        do {
            let header = try read(id, &report)
            guard let bytes = try LogQuery(database: database).entry(index),
                let signed = try LogQuery.decode(StoredEntry(index: index, bytes: bytes)).signed,
                header.signed == signed
            else { throw Damage(kind: .payloadDamaged, found: "the envelope of another statement") }
            return nil
        } catch let damage as Damage {
            let found = try readable { try EnvelopeQuery(database: database).find(id) } ?? nil
            if let file = found?.file, try !isStill("envelopes", file) { return nil }
            return StoreDifference(
                damage.kind, "envelopes", row: "message \(index), \(id)",
                expected: "the envelope whose payload digest entry \(index) has", found: damage.found,
                ask: try readable { try holders(id) } ?? originator(index))
        }
    }

    /// Nil where rows are damaged: one that is must not keep the others from being looked at.
    private func readable<Value>(_ body: () throws -> Value) throws -> Value? {
        do { return try body() } catch {
            guard StoreError(error).code == .damaged else { throw error }
            return nil
        }
    }

    /// Reads the file in pieces and gives its header, once its payload was found to be the signed one.
    private func read(_ id: MessageID, _ report: inout StoreCheckReport) throws -> EnvelopeHeader {
        let query = EnvelopeQuery(database: database)
        var reader = EnvelopeReader()
        do {
            guard let size = try query.find(id)?.size else { throw Damage(kind: .payloadMissing, found: "no row") }
            var offset: UInt64 = 0
            while offset < size {
                let end = min(size, offset &+ Self.step)
                let bytes = try query.bytes(id, offset..<end, folder: folder)
                guard !bytes.isEmpty else { throw StoreError.damaged("the envelope ends early") }
                _ = try reader.take(bytes[...])
                offset += UInt64(bytes.count)
            }
            let header = try reader.finish()
            report.payloadBytes += size
            return header
        } catch let error as EnvelopeError {
            throw Damage(kind: .payloadDamaged, found: "\(error)")
        } catch {
            let failure = StoreError(error)
            guard failure.code == .damaged || failure.code == .notFound else { throw error }
            throw Damage(kind: .payloadMissing, found: failure.message)
        }
    }

    /// Who has the payload: the originator keeps what it sends, and whoever has retrieved it may have kept it.
    private func holders(_ id: MessageID) throws -> [String] {
        let stored = try FactsQuery(database: database, isHeld: false).chain(id)
        let chain = try stored.map { (index: $0.index, entry: try LogQuery.decode($0)) }
        // A chain that does not hold together begins with its submission all the same.
        guard let state = MessageState(chain: chain) else {
            return [chain.first?.entry.signed?.statement.party].compactMap { $0?.description }
        }
        let readers = state.legs.filter { leg in
            switch leg.stage {
            case .retrieved, .opened, .unconfirmed: true
            default: false
            }
        }
        return ([state.originator] + readers.map(\.route.recipient)).map(\.description)
    }
    private func originator(_ index: LogIndex) throws -> [String] {
        try Command(database, "SELECT originator FROM messages WHERE first_idx = ?").rows(.index(index)) {
            try $0.text(0)
        }
    }
}
