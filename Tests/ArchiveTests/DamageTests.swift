@testable import Archive
import Glibc
import Keyring
import Testing

@Suite("torn and damaged archives")
struct DamageTests {
    let bench: ArchiveBench

    init() throws { bench = try ArchiveBench() }

    @Test("a tail that is torn anywhere is cut off, what was confirmed stays, and adding goes on")
    func tornTail() throws {
        let archive = try bench.open()
        try archive.add(try message(1))
        try archive.add(try message(2))
        let two = try bench.bytes(ArchiveBench.segment)
        try archive.add(try message(3))
        let three = try bench.bytes(ArchiveBench.segment)
        let cuts = Set(two.count...two.count + 40).union(stride(from: two.count, to: three.count, by: 97))
        for cut in cuts.union([three.count - 1]).sorted() {
            try bench.put(ArchiveBench.segment, Array(three[..<cut]))
            let again = try bench.open()
            #expect(try again.summaries().map(\.id) == [message(1).id, message(2).id], "cut at \(cut)")
            #expect(try again.damage().isEmpty)
            #expect(try bench.bytes(ArchiveBench.segment) == two)
            try again.add(try message(4))
            #expect(try bench.open().load(try message(4).id)?.text == message(4).text)
            #expect(try bench.open().check().isEmpty)
        }
    }

    @Test("a tail of zeros, as some file systems leave it, is cut off")
    func zeros() throws {
        try bench.open().add(try message(1))
        let one = try bench.bytes(ArchiveBench.segment)
        try bench.put(ArchiveBench.segment, one + [UInt8](repeating: 0, count: 5_000))
        #expect(try bench.open().summaries().count == 1)
        #expect(try bench.bytes(ArchiveBench.segment) == one)
    }

    @Test("a segment whose making was interrupted is begun again", arguments: [0, 1, 17, 22, 29])
    func tornHeader(cut: Int) throws {
        try bench.open().add(try message(1))
        let whole = try bench.bytes(ArchiveBench.segment)
        try bench.put(ArchiveBench.segment, Array(whole[..<cut]))
        try bench.open().add(try message(1))
        #expect(try bench.open().load(try message(1).id)?.text == message(1).text)
        #expect(try bench.open().check().isEmpty)
    }

    @Test("any flipped byte of a record costs that record alone, and is named", arguments: [false, true])
    func flipped(indexed: Bool) throws {
        let archive = try bench.open()
        try archive.add(try message(1))
        let start = try bench.bytes(ArchiveBench.segment).count
        try archive.add(try message(2, text: "Lost."))
        let end = try bench.bytes(ArchiveBench.segment).count
        for number in 3..<(indexed ? 140 : 5) { try archive.add(try message(number)) }
        let all = try archive.summaries().map(\.id)
        let whole = try bench.bytes(ArchiveBench.segment)
        let index = try bench.bytes("index")
        for offset in [start, start + 3, start + 5, start + 8, start + 15, start + 16, start + 40, end - 1] {
            try bench.put(ArchiveBench.segment, whole)
            try bench.put("index", index)
            try bench.flip(ArchiveBench.segment, at: offset)
            let again = try bench.open()
            let damage = ArchiveDamage(segment: 1, offset: UInt64(start), length: UInt64(end - start))
            #expect(try again.check() == [damage], "byte \(offset)")
            let lost = try message(2).id
            if indexed {
                #expect(try again.summaries().map(\.id) == all)
                // The index still knows where a seal is whose header is bent.
                let isSealHurt = offset >= start + 16
                #expect(code { _ = try again.load(lost) } == (isSealHurt ? .damaged : nil))
                #expect(try again.search("lost", limit: 5).map(\.summary.id) == [lost])
            } else {
                #expect(try again.damage() == [damage])
                #expect(try again.summaries().map(\.id) == all.filter { $0 != lost })
            }
            #expect(try again.load(try message(3).id)?.text == message(3).text)
            try again.add(try message(900))
            #expect(try bench.open().load(try message(900).id) != nil)
            #expect(try bench.open().check() == [damage])
        }
    }

    @Test("a damaged, torn, foreign or missing index is made again from the segments")
    func index() throws {
        let archive = try bench.open()
        for number in 0..<290 { try archive.add(try message(number, text: "Number \(number).")) }
        let all = try archive.summaries()
        let index = try bench.bytes("index")
        var states: [[UInt8]] = [[], Array("something else".utf8), Array(index.dropLast(1)), Array(index.prefix(20))]
        for offset in stride(from: 0, to: index.count, by: 1 + index.count / 23) {
            var flipped = index
            flipped[offset] ^= 0x80
            states.append(flipped)
        }
        for state in states {
            try bench.put("index", state)
            let again = try bench.open()
            #expect(try again.summaries() == all)
            #expect(try again.search("number 117.", limit: 9).map(\.summary.id) == [message(117).id])
            #expect(try again.damage().isEmpty)
        }
        unlink(bench.path("index"))
        #expect(try archive.summaries() == all)
        #expect(try archive.search("number 288", limit: 9).count == 1)
    }

    @Test("damage that was met while the index was made is remembered by it")
    func rememberedDamage() throws {
        let archive = try bench.open()
        try archive.add(try message(1))
        let start = try bench.bytes(ArchiveBench.segment).count
        for number in 2..<4 { try archive.add(try message(number)) }
        try bench.flip(ArchiveBench.segment, at: start + 20)
        let again = try bench.open()
        for number in 4..<140 { try again.add(try message(number)) }
        #expect(try bench.open().damage().map(\.offset) == [UInt64(start)])
        #expect(try bench.open().summaries().count == 138)
    }

    @Test("a damaged beginning of a segment is named, and its records stay readable")
    func header() throws {
        let archive = try bench.open()
        for number in 0..<3 { try archive.add(try message(number)) }
        try bench.flip(ArchiveBench.segment, at: 20)
        let again = try bench.open()
        #expect(try again.summaries().count == 3)
        #expect(try again.check().map(\.offset) == [0])
        #expect(try again.damage().map(\.offset) == [0])
    }

    @Test("a segment that is shorter than the index knows, or gone, is named, and new ones are begun")
    func lostSegment() throws {
        let archive = try bench.open()
        for number in 0..<130 { try archive.add(try message(number)) }
        let whole = try bench.bytes(ArchiveBench.segment)
        try bench.put(ArchiveBench.segment, Array(whole.prefix(whole.count / 2)))
        var again = try bench.open()
        #expect(try again.summaries().count == 128)
        #expect(try again.damage().count == 1)
        #expect(try again.load(try message(1).id) != nil)
        #expect(code { _ = try again.load(try message(127).id) } == .damaged)
        try again.add(try message(500))
        unlink(bench.path(ArchiveBench.segment))
        again = try bench.open()
        #expect(try again.summaries().count == 129)
        #expect(try again.damage() == [ArchiveDamage(segment: 1, offset: 0, length: 0)])
        #expect(try again.load(try message(500).id) != nil)
        #expect(code { _ = try again.load(try message(1).id) } == .damaged)
    }

    @Test("records cannot change places, nor be repeated")
    func swapped() throws {
        let archive = try bench.open()
        var ends: [Int] = []
        for number in 0..<3 {
            try archive.add(try message(number))
            ends.append(try bench.bytes(ArchiveBench.segment).count)
        }
        let whole = try bench.bytes(ArchiveBench.segment)
        let first = Array(whole[ends[0]..<ends[1]])
        let second = Array(whole[ends[1]..<ends[2]])
        let before = Array(whole[..<ends[0]])
        try bench.put(ArchiveBench.segment, before + second + first)
        #expect(try bench.open().summaries().map(\.id) == [message(0).id])
        // Seals alone, under the headers that belong to the places.
        var mixed = Array(whole[..<ends[0]])
        for part in [first[..<16], second[16...], second[..<16], first[16...]] { mixed += part }
        try bench.put(ArchiveBench.segment, mixed)
        #expect(try bench.open().summaries().map(\.id) == [message(0).id])
        try bench.put(ArchiveBench.segment, whole + first)
        #expect(try bench.open().summaries().count == 3)
    }
}
