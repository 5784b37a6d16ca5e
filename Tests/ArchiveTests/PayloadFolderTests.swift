@testable import Archive
import Foundation
import Glibc
import Keyring
import Ledger
import Sealing
import Statements
import Testing

@Suite("payloads kept beside the records")
struct PayloadFolderTests {
    let bench: ArchiveBench

    init() throws { bench = try ArchiveBench() }

    private func one(_ number: Int, attachments: [String] = ["map.pdf"]) throws -> ArchivedMessage {
        try message(
            number, direction: .received, attachments: attachments,
            contentKey: ContentKey([UInt8](repeating: UInt8(number), count: 32)))
    }

    /// Puts a file with these bytes in the place of a message's payload.
    @discardableResult
    private func keep(_ archive: Archive, _ id: MessageID, _ bytes: [UInt8]) throws -> Bool {
        try archive.payloads.keep(id) { (try? Data(bytes).write(to: URL(fileURLWithPath: $0))) != nil }
    }

    @Test("a content key is kept in the record and comes back; without one nothing changes in it")
    func records() throws {
        let archive = try bench.open()
        let (with, without) = (try one(1), try message(2))
        for each in [with, without] { try archive.add(each) }
        for found in [archive, try bench.open()] {
            #expect(try found.load(with.id)?.contentKey?.bytes == [UInt8](repeating: 1, count: 32))
            #expect(try found.load(without.id)?.contentKey == nil)
        }
        let (plain, keyed) = (
            try RecordFormat.encode(try message(1)),
            try RecordFormat.encode(
                try message(1, contentKey: ContentKey([UInt8](repeating: 1, count: 32))))
        )
        #expect(keyed.record.count == plain.record.count + 32 && keyed.summary == plain.summary)
        var eight = plain.record
        // The flags stand before the text and its length.
        let flags = eight.count - (try #require(try message(1).text)).count - 5
        #expect(eight[flags] == 1)
        eight[flags] = 9
        #expect(ArchiveFormats.record(eight) == nil)
        #expect(ArchiveFormats.record(Array(keyed.record.dropLast())) == nil)
    }

    @Test("a payload is kept, listed by its message, read at any place, and let go of")
    func life() throws {
        let archive = try bench.open()
        let (large, small) = (try one(1), try one(2))
        for each in [large, small] { try archive.add(each) }
        #expect(try archive.payloads.payload(large.id) == nil && !archive.payloads.has(large.id))
        #expect(try keep(archive, small.id, [7]))
        #expect(try keep(archive, large.id, [1, 2, 3, 4, 5]))
        let kept = try bench.open().keptPayloads()
        #expect(kept.items.map(\.summary.id) == [large.id, small.id] && kept.items.map(\.size) == [5, 1])
        #expect(kept.unclaimed.isEmpty)
        let payload = try #require(try archive.payloads.payload(large.id))
        #expect(try payload.size == 5 && payload.read(1, 3) == [2, 3, 4] && payload.read(4, 9) == [5])
        #expect(try archive.payloads.drop(large.id) == 5)
        #expect(try archive.payloads.drop(large.id) == nil && archive.payloads.payload(large.id) == nil)
        #expect(try archive.load(large.id) != nil)
        #expect(try keep(archive, large.id, [9, 9]))
        #expect(try archive.payloads.payload(large.id)?.size == 2)
    }

    @Test("what cannot be placed is not kept, and is no error")
    func unplaceable() throws {
        let archive = try bench.open()
        try archive.add(try one(1))
        #expect(try !archive.payloads.keep(try one(1).id) { _ in false })
        #expect(try archive.keptPayloads().items.isEmpty)
    }

    @Test("a payload whose record is not here is unclaimed, and let go of only when that is asked for")
    func unclaimed() throws {
        let archive = try bench.open()
        try archive.add(try one(1))
        for number in 1...3 { try keep(archive, try one(number).id, [UInt8](repeating: 0, count: number)) }
        let kept = try bench.open().keptPayloads()
        #expect(kept.items.count == 1 && kept.unclaimed.values.sorted() == [2, 3])
        #expect(try archive.dropUnclaimed() == 5)
        #expect(try archive.keptPayloads().unclaimed.isEmpty && archive.payloads.has(try one(1).id))
    }

    @Test("no name tells whose it is: names are others under another key, and the folder is for its owner alone")
    func secrecy() throws {
        let archive = try bench.open()
        let id = try one(1).id
        try archive.add(try one(1))
        try keep(archive, id, [1])
        let names = try FileManager.default.contentsOfDirectory(atPath: archive.payloads.path)
        #expect(names.count == 1 && names[0].count == 16)
        let other = try Archive.open(folder: "\(bench.folder)/other", key: try ArchiveKey.generate())
        #expect(other.payloads.name(id) != names[0])
        for part in [id.description, id.short, String(id.description.suffix(16))] {
            #expect(!names[0].hasPrefix(part.prefix(6)))
        }
        var facts = stat()
        #expect(lstat(archive.payloads.path, &facts) == 0 && facts.st_mode & 0o7777 == 0o700)
    }
}
