@testable import Archive
import Foundation
import Keyring
import Sealing
import Statements
import Testing

/// The archive of version 0.1, which kept neither content keys nor payloads: `Tests/Fixtures/0.1-archive`, under a key
/// of nines. It was made once, with that version.
@Suite("an archive of an earlier version")
struct UpgradeTests {
    let bench: ArchiveBench
    static let count = 130

    init() throws {
        bench = try ArchiveBench()
        let fixture = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures/0.1-archive")
        try FileManager.default.copyItem(at: fixture, to: URL(fileURLWithPath: bench.archiveFolder))
    }

    /// What the fixture has in this place.
    private static func kept(_ number: Int) throws -> ArchivedMessage {
        try message(
            number, subject: number % 7 == 0 ? nil : "Subject \(number)",
            text: number % 5 == 0 ? nil : "Text \(number).", direction: number % 2 == 0 ? .sent : .received,
            via: number % 3 == 0 ? ["egypt-mediator"] : [],
            attachments: number % 10 == 0 ? ["map \(number).pdf", "نص.txt"] : [],
            opening: number % 11 == 0 ? [1, 2, 3] : nil)
    }

    @Test("every message is read as it was, and found; none has a content key", arguments: [true, false])
    func reads(withIndex: Bool) throws {
        if !withIndex { try FileManager.default.removeItem(atPath: bench.path("index")) }
        let archive = try bench.open()
        #expect(try archive.check().isEmpty && archive.damage().isEmpty)
        #expect(try archive.summaries().map(\.id) == (0..<Self.count).map { try Self.kept($0).id })
        for number in 0..<Self.count {
            let made = try Self.kept(number)
            let found = try #require(try archive.load(made.id))
            #expect(found.submission == made.submission && found.fields == made.fields && found.text == made.text)
            #expect(found.sourceOpening == made.sourceOpening && found.direction == made.direction)
            #expect(found.contentKey == nil)
        }
        #expect(try archive.search("subject 129", limit: 5).map(\.summary.id) == [Self.kept(129).id])
        #expect(try archive.keptPayloads().items.isEmpty)
    }

    @Test("its segment stays as it is: what is added goes into a new one, which the earlier version refuses")
    func adds() throws {
        let before = try bench.bytes(ArchiveBench.segment)
        let fresh = try message(500, attachments: ["a.pdf"], contentKey: ContentKey([UInt8](repeating: 5, count: 32)))
        try bench.open().add(fresh)
        #expect(try bench.bytes(ArchiveBench.segment) == before)
        #expect(before.starts(with: SegmentFile.earlierMagic))
        #expect(try bench.bytes("segment-000002").starts(with: Array("valise-archive/v2\n".utf8)))
        let again = try bench.open()
        #expect(try again.count() == Self.count + 1 && again.check().isEmpty)
        #expect(try again.load(fresh.id)?.contentKey?.bytes == fresh.contentKey?.bytes)
        try again.add(try message(501))
        #expect(SegmentFile.numbers(in: bench.archiveFolder) == [1, 2])
    }
}
