import Audit
import Envelope
import Foundation
import Ledger
import Rules
import Statements
import Store
import StoreSQLite
import TestKit
import Testing

/// What released versions wrote, `Tests/Fixtures/VERSION`, opened by this one.
@Suite("What earlier versions wrote")
struct UpgradeFixtureTests {
    static let versions = ["0.1", "0.1-desk"]

    struct Messages: Decodable {
        let read: String
        let large: String
        let refused: String
    }

    /// A fixture, its relay's folder copied so that it may be upgraded in place.
    struct Fixture {
        let folder: String
        let bench: Bench
        let charter: TrustedCharter
        let messages: Messages

        init(_ version: String, from here: String = #filePath) throws {
            let tests = URL(fileURLWithPath: here).deletingLastPathComponent().deletingLastPathComponent()
            folder = tests.appendingPathComponent("Fixtures/\(version)").path
            bench = try Bench()
            try FileManager.default.copyItem(atPath: folder + "/relay", toPath: bench.path + "/relay")
            charter = try TrustedCharter(Self.file(folder + "/charter.signed"))
            messages = try JSONDecoder().decode(Messages.self, from: Data(Self.file(folder + "/messages.json")))
        }

        static func file(_ path: String) throws -> [UInt8] { try [UInt8](Data(contentsOf: URL(fileURLWithPath: path))) }

        func open() throws -> SQLiteStore { try SQLiteStore.open(directory: bench.path + "/relay") }

        func message(_ text: String) throws -> MessageID { try #require(MessageID(text)) }

        /// The newest checkpoint of the mirror, its signature verified by the charter's key.
        func checkpoint() throws -> Checkpoint {
            let note = try SignedNote(parsing: Self.file(folder + "/mirror/checkpoint"))
            return try Checkpoint.open(note, log: charter.logKey).checkpoint
        }

        func audit(_ mirror: String) async throws -> AuditReport {
            try await Verification(folder: MirrorFolder(path: mirror), charter: charter, workers: 2).run()
        }
    }

    @Test("its mirror passes the audit", arguments: versions)
    func mirror(version: String) async throws {
        let fixture = try Fixture(version)
        let report = try await fixture.audit(fixture.folder + "/mirror")
        #expect(report.isGood, "\(report.findings)")
        #expect(report.remarks.isEmpty)
        #expect(try report.replayed == fixture.checkpoint().size.rawValue)
        #expect(report.statements.contains { $0.kind == .submission && $0.count == 4 })
    }

    @Test("its verifier key is the charter's", arguments: versions)
    func verifierKey(version: String) throws {
        let fixture = try Fixture(version)
        let text = String(decoding: try Fixture.file(fixture.folder + "/verifier-key"), as: UTF8.self)
        #expect(try VerifierKey(text: String(text.dropLast())) == fixture.charter.logKey)
    }

    @Test("its relay's folder opens with the log that the mirror has", arguments: versions)
    func load(version: String) async throws {
        let fixture = try Fixture(version)
        let checkpoint = try fixture.checkpoint()
        let kept = try Fixture.file(fixture.folder + "/mirror/checkpoint")
        // Twice: once as it was, once as this version left it.
        for _ in 0..<2 {
            let store = try fixture.open()
            let loaded = try #require(try await store.load())
            #expect(loaded.head.size == checkpoint.size)
            #expect(loaded.head.root == checkpoint.root)
            #expect(loaded.checkpoint == kept)
            #expect(loaded.standing.charter.charter == fixture.charter.charter)
            try await store.close()
        }
    }

    @Test("its entries and tiles, as the relay would serve them, pass the audit", arguments: versions)
    func replay(version: String) async throws {
        let fixture = try Fixture(version)
        let store = try fixture.open()
        let loaded = try #require(try await store.load())
        let served = fixture.bench.mirror("served")
        try LogForge.write(loaded.checkpoint, to: served + "/checkpoint")
        for tile in TileID.tiles(for: loaded.head.size) {
            let bytes = try #require(try await store.tile(level: tile.level, index: tile.index))
            try LogForge.write(Array(bytes.prefix(tile.byteCount)), to: "\(served)/\(tile.path)")
            guard tile.level == 0 else { continue }
            let bundle = try #require(EntryBundleID(index: tile.index, size: loaded.head.size))
            let first = bundle.firstEntry.rawValue
            let entries = try await store.entries(first..<first + UInt64(bundle.width))
            try LogForge.write(EntryBundle.encode(entries), to: "\(served)/\(bundle.path)")
        }
        try await store.close()
        let report = try await fixture.audit(served)
        #expect(report.isGood, "\(report.findings)")
        #expect(report.replayed == loaded.head.size.rawValue)
    }

    @Test("its messages, envelopes, inboxes and ticks are found", arguments: versions)
    func views(version: String) async throws {
        let fixture = try Fixture(version)
        let store = try fixture.open()
        let hezbollah = FixtureWorld.hezbollah.party
        let read = try await store.chain(fixture.message(fixture.messages.read))
        let acts = try read.map { try Entry(der: $0.bytes, limit: Bounds.entry).signed?.statement.act.kind }
        #expect(acts == [.submission, .conveyance, .receipt, .receipt])
        #expect(try await store.chain(fixture.message(fixture.messages.refused)).count == 2)
        let arrivals = try await store.inbox(hezbollah, after: ArrivalNumber(0), limit: 100)
        let arrived = try [fixture.messages.read, fixture.messages.large].map { try fixture.message($0) }
        #expect(arrivals.map(\.message) == arrived)
        #expect(try await store.publications(hezbollah, at: Timestamp(milliseconds: 0)).isEmpty == false)
        for message in [fixture.messages.read, fixture.messages.large, fixture.messages.refused] {
            try await envelope(of: fixture.message(message), in: store)
        }
        let size = try #require(try await store.envelopeSize(fixture.message(fixture.messages.large)))
        #expect(size > UInt64(EnvelopeBytes.inlineLimit), "it is a file of its own")
        try await store.close()
    }

    /// The stored envelope is whole, and its submission is the one that was logged.
    private func envelope(of message: MessageID, in store: SQLiteStore) async throws {
        let size = try #require(try await store.envelopeSize(message))
        var bytes: [UInt8] = []
        while UInt64(bytes.count) < size {
            let start = UInt64(bytes.count)
            bytes += try await store.envelope(message, start..<min(size, start + 1 << 20))
        }
        let entry = try Entry(der: try #require(try await store.chain(message).first).bytes, limit: Bounds.entry)
        let signed = try #require(entry.signed)
        #expect(try EnvelopeFormat.check(bytes).signed == signed)
    }
}
