import Foundation
import GRDB
import Glibc
import Ledger
import Statements
import Store
@testable import StoreSQLite
import TestKit

/// The data directory of a real relay that real clients have used, stopped; copies of it may be damaged.
struct RealStore: Sendable {
    private let site: RelaySite
    /// The one that was signed last.
    let head: LogHead
    var path: String { site.folder.path + "/data" }
    var world: FixtureWorld { site.world }

    /// One for all tests: they damage copies.
    static let shared = Task { try await RealStore() }
    /// Another, under a charter that names a retention: two contents are erased, others are settled or wait.
    static let erasing = Task {
        var limits = Limits.standard
        limits.confirmGrace = .hours(1)
        limits.retention = Self.retention
        return try await RealStore(limits) { try await Self.erase($0) }
    }
    private static let retention = TimeSpan.hours(3)

    /// Messages in every state: opened, conveyed, refused and waiting; one in a file of its own; ticks, and notices.
    private init(
        _ limits: Limits = .standard, _ begin: @Sendable (RelayInABox) async throws -> Void = { _ in }
    ) async throws {
        let site = try RelaySite(limits: limits)
        self.site = site
        head = try await RelayInABox.run(site, .init { $0.runsActs = false }) { box in
            try await begin(box)
            try await Self.talk(box)
            return box.head
        }
    }

    /// One content in the database and one in a file, opened, kept for as long as the charter wants, and erased.
    private static func erase(_ box: RelayInABox) async throws {
        for text in [Array("Gone".utf8), FixtureWorld.bytes("an annex that is gone", 200_000)] {
            let letter = try box.envelope(text, legs: [RelayInABox.toSpeaker])
            try await box.accept(letter)
            for outcome in [ReceiptOutcome.retrieved, .opened] {
                try await box.tell(letter.message, by: FixtureWorld.speaker) { .receipt($0, outcome) }
            }
        }
        box.clock.pass(retention)
        await box.round()
    }

    private static func talk(_ box: RelayInABox) async throws {
        let opened = try box.envelope()
        try await box.accept(opened)
        try await box.tell(opened.message, by: FixtureWorld.speaker) { .conveyance($0) }
        try await box.tell(opened.message, by: FixtureWorld.hezbollah) { .receipt($0, .retrieved) }
        try await box.tell(opened.message, by: FixtureWorld.hezbollah) { .receipt($0, .opened) }
        let refused = try box.envelope(Array("No".utf8))
        try await box.accept(refused)
        try await box.tell(refused.message, by: FixtureWorld.speaker) { .refusal($0, .policy) }
        let large = try box.envelope(FixtureWorld.bytes("annex", 200_000))
        try await box.accept(large)
        try await box.tell(large.message, by: FixtureWorld.speaker) { .conveyance($0) }
        try await box.accept(box.envelope(expiresIn: .hours(1)))
        await box.round()
        box.clock.pass(.hours(2))
        await box.round()
        try await box.accept(box.envelope(from: FixtureWorld.hezbollah, legs: [RelayInABox.toSpeaker]))
    }

    /// A copy of its own, gone with the object.
    func copy() throws -> RealCopy { try RealCopy(of: path) }
}

/// A copy of a data directory, which a test may damage.
final class RealCopy: Sendable {
    private let folder: TemporaryFolder
    var path: String { folder.path + "/data" }
    /// Room for backups and the like.
    var beside: String { folder.path }

    init(of path: String) throws {
        folder = try TemporaryFolder("valise-check")
        try FileManager.default.copyItem(atPath: path, toPath: folder.path + "/data")
    }

    var database: String { path + "/log.sqlite" }
    var envelopes: [String] { folder.names(in: "data/envelopes") }

    func change(_ sql: String) throws {
        let queue = try DatabaseQueue(path: database)
        try queue.writeWithoutTransaction { try $0.execute(sql: sql) }
        try queue.close()
    }

    func check() throws -> StoreCheckReport { try StoreCheck(directory: path).run() }

    /// What stands in one table, each row as a text.
    func rows(_ table: String) throws -> [String] {
        let queue = try DatabaseQueue(path: database)
        defer { try? queue.close() }
        return try queue.read { try Row.fetchAll($0, sql: "SELECT * FROM \(table)").map { "\($0)" } }
    }

    /// Changes the schema behind SQLite's back, so that the index of keys takes no row, or every one.
    static func index(takes all: Bool) -> String {
        let sql = "CREATE INDEX keys_by_party ON keys (party, keep_until)" + (all ? "" : " WHERE 0")
        return """
            PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = '\(sql)' WHERE name = 'keys_by_party';
            PRAGMA writable_schema = RESET;
            """
    }

    /// Turns bits of a byte of a file over.
    func flip(_ file: String, at offset: Int, _ mask: UInt8) throws {
        let name = "\(path)/\(file)"
        let bytes = try SQLiteTests.contents(name)
        try SQLitePlace.put([bytes[offset] ^ mask], at: name, offset: offset)
    }

    func size(_ file: String) -> Int { SQLitePlace.size("\(path)/\(file)") }
}
