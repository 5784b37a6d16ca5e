@testable import Archive
import Foundation
import Glibc
import Keyring
import Ledger
import Sealing
import Statements
import Testing

@Suite("the formats of the archive")
struct FormatTests {
    @Test("a summary comes back as it was, and no cut, padded or bent one is taken for another", arguments: 0..<20)
    func summary(number: Int) throws {
        var random = SeededNumbers(UInt64(number))
        func some(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
        let one = try message(
            number, subject: some(0...1) == 0 ? nil : String(repeating: "ß", count: some(0...499)),
            text: some(0...1) == 0 ? nil : "x", direction: number % 2 == 0 ? .sent : .received,
            via: Array(["a", "b", "c"].prefix(some(0...3))), signers: Array(["x", "y"].prefix(some(1...2))),
            caption: some(0...1) == 0 ? nil : "c",
            references: (0..<some(0...5)).map { MessageID(Hash.sha256([UInt8($0)])) },
            source: [nil, .own, .named(MessageID(.zero)), .withheld(.zero)][number % 4], attachments: ["a.pdf"],
            opening: some(0...1) == 0 ? nil : [1])
        let (record, bytes) = try RecordFormat.encode(one)
        let decoded = try bytes.withUnsafeBytes { try SummaryFormat.decode($0) }
        #expect(SummaryFormat.encode(decoded) == bytes)
        #expect(decoded.id == one.id && decoded.direction == one.direction && decoded.at == one.at)
        for length in 0..<bytes.count { #expect(refused(Array(bytes[..<length]))) }
        #expect(refused(bytes + [0]))
        let again = try record.withUnsafeBytes { try RecordFormat.decode($0) }
        #expect(try RecordFormat.encode(again).record == record)
        for length in stride(from: 0, to: record.count, by: 7) {
            #expect((try? Array(record[..<length]).withUnsafeBytes { try RecordFormat.decode($0) }) == nil)
        }
    }

    private func refused(_ bytes: [UInt8]) -> Bool {
        (try? bytes.withUnsafeBytes { try SummaryFormat.decode($0) }) == nil
    }

    @Test("a record whose summary says something else than its statement is refused")
    func disagreement() throws {
        var record = try RecordFormat.encode(try message(1)).record
        // The precedence in the summary: after length, identifier, direction and time.
        record[4 + 32 + 1 + 8] ^= 1
        #expect((try? record.withUnsafeBytes { try RecordFormat.decode($0) }) == nil)
    }

    @Test("counts that the bytes cannot hold allocate nothing")
    func counts() {
        let words: [UInt8] = [255, 255, 255, 255, 0, 0]
        #expect((try? words.withUnsafeBytes { try WordsFormat.ranges($0) }) == nil)
        var block = BinaryWriter()
        for _ in 0..<2 {
            block.u32(1)
            block.u64(30)
        }
        block.u16(0)
        block.u32(.max)
        #expect((try? block.bytes.withUnsafeBytes { try IndexBlock($0) }) == nil)
    }

    @Test("nothing secret shows in text")
    func redaction() throws {
        let bench = try ArchiveBench()
        let archive = try bench.open()
        let one = try message(1, subject: "Secret", text: "Hidden")
        try archive.add(one)
        let summary = try #require(try archive.summary(one.id))
        let hit = try #require(try archive.search("hidden", limit: 1).first)
        for value in [one, summary, hit] as [Any] {
            var dumped = ""
            dump(value, to: &dumped)
            #expect(!"\(value)\(String(reflecting: value))\(dumped)".contains("Secret"))
            #expect(!"\(value)\(dumped)".contains("Hidden"))
        }
    }
}

@Suite("sealed files")
struct SealedFileTests {
    let bench: ArchiveBench

    init() throws { bench = try ArchiveBench() }

    @Test("what was written is read again, and an older one is replaced")
    func roundTrip() throws {
        let path = "\(bench.folder)/draft"
        #expect(try SealedFile.read(path, key: bench.key, purpose: "draft", limit: 10) == nil)
        for bytes in [Array("a draft".utf8), [], Array("later".utf8)] {
            try SealedFile.write(bytes, to: path, key: bench.key, purpose: "draft")
            #expect(try SealedFile.read(path, key: bench.key, purpose: "draft", limit: 10) == bytes)
            let raw = try Data(contentsOf: URL(fileURLWithPath: path))
            #expect(bytes.isEmpty || raw.range(of: Data(bytes)) == nil)
        }
        var facts = stat()
        #expect(lstat(path, &facts) == 0 && facts.st_mode & 0o7777 == 0o600)
    }

    @Test("another key, another purpose, any other byte, a cut or a file over the limit is refused")
    func refused() throws {
        let path = "\(bench.folder)/draft"
        try SealedFile.write([1, 2, 3], to: path, key: bench.key, purpose: "draft")
        func read(_ key: ArchiveKey, _ purpose: String, _ limit: Int) -> ArchiveError.Code? {
            code { _ = try SealedFile.read(path, key: key, purpose: purpose, limit: limit) }
        }
        #expect(read(try ArchiveKey.generate(), "draft", 9) == .damaged)
        #expect(read(bench.key, "outbox", 9) == .damaged)
        #expect(read(bench.key, "draft", 2) == .damaged)
        #expect(read(bench.key, "draft", 3) == nil)
        let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        for offset in whole.indices {
            var bent = whole
            bent[offset] ^= 2
            try Data(bent).write(to: URL(fileURLWithPath: path))
            let isVersion = (20...21).contains(offset)
            #expect(read(bench.key, "draft", 9) == (isVersion ? .newerVersion : .damaged), "byte \(offset)")
            try Data(whole[..<offset]).write(to: URL(fileURLWithPath: path))
            #expect(read(bench.key, "draft", 9) == .damaged, "cut at \(offset)")
        }
    }
}
