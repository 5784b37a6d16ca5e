import Ledger
import Statements
import TestKit
import Testing

@Suite("The fast reader of entries accepts what the strict one accepts, and nothing else")
struct EntryScanTests {
    private static let log = Result { try BusyLog(seed: 9, count: 700, pause: .seconds(20)) }

    @Test("every entry of a log of all kinds but the charter")
    func honest() throws {
        let log = try Self.log.get()
        var kinds: Set<Act.Kind> = []
        for bytes in log.entries.dropFirst() {
            let strict = try Entry(der: bytes, limit: Bounds.entry)
            #expect(Entry(scanning: bytes[...]) == strict)
            let signed = try #require(strict.signed)
            kinds.insert(signed.statement.act.kind)
            let found = try #require(EntrySignatures(scanning: bytes[...]))
            #expect(Array(found.statement) == signed.statementBytes)
            #expect(found.signers == signed.statement.signers.map { signed.statement.delegate($0) })
            #expect(found.signatures.map { Array($0) } == signed.signatures)
        }
        #expect(kinds.isSuperset(of: [.submission, .conveyance, .receipt, .refusal, .recall, .keyPublication, .tick]))
        #expect(Entry(scanning: log.entries[0][...]) == nil)
    }

    /// What the fast reader accepts is canonical, and means the same to the strict one. What the strict one accepts of
    /// these kinds, the fast one does too.
    private func compare(_ bytes: [UInt8]) -> (isGood: Bool, isAccepted: Bool) {
        let fast = Entry(scanning: bytes[...])
        let strict = try? Entry(der: bytes, limit: Bounds.entry)
        guard fast == strict else { return (false, fast != nil) }
        guard let fast else { return (true, false) }
        guard let signed = fast.signed, (try? fast.derBytes()) == bytes,
            (try? signed.statement.derBytes()) == signed.statementBytes,
            let found = EntrySignatures(scanning: bytes[...]), found.signers.count == signed.signatures.count
        else { return (false, true) }
        return (found.signatures.map { Array($0) } == signed.signatures, true)
    }

    @Test("every single bit of one entry of each kind")
    func everyBit() throws {
        let log = try Self.log.get()
        var done: Set<Act.Kind> = []
        for bytes in log.entries.dropFirst() {
            let kind = try #require(try Entry(der: bytes, limit: Bounds.entry).signed).statement.act.kind
            guard done.insert(kind).inserted else { continue }
            var accepted = 0
            var wrong: [Int] = []
            // A sealing key is a thousand bytes that mean nothing.
            for bit in 0..<bytes.count * 8 where kind != .keyPublication || bit % 8 == bit / 8 % 8 {
                var changed = bytes
                changed[bit / 8] ^= 1 << UInt8(bit % 8)
                let (isGood, isAccepted) = compare(changed)
                if !isGood { wrong.append(bit) }
                if isAccepted { accepted += 1 }
            }
            #expect(wrong.isEmpty, "\(kind)")
            #expect(accepted > 100 && accepted < bytes.count * 8 - 100, "\(kind): \(accepted)")
        }
        #expect(done.count >= 7)
    }

    @Test("bytes that were put in, taken out and exchanged", arguments: [UInt64.random(in: 1...999_999)])
    func drawn(seed: UInt64) throws {
        let log = try Self.log.get()
        var random = LogNumbers(seed: seed)
        var accepted = 0
        var wrong: [[UInt8]] = []
        for _ in 0..<10_000 {
            var bytes = log.entries[Int.random(in: 1..<log.entries.count, using: &random)]
            for _ in 0...Int.random(in: 0...2, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch random.next() % 4 {
                case 0: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: place)
                case 1 where bytes.count > 1: bytes.remove(at: place)
                case 2: bytes.swapAt(place, Int.random(in: 0..<bytes.count, using: &random))
                default: bytes[place] = UInt8(truncatingIfNeeded: random.next())
                }
            }
            let (isGood, isAccepted) = compare(bytes)
            if !isGood { wrong.append(bytes) }
            if isAccepted { accepted += 1 }
        }
        #expect(wrong.isEmpty, "seed \(seed)")
        #expect(accepted > 250, "seed \(seed)")
    }

    @Test("numbers and lengths in a second spelling", arguments: [UInt64.random(in: 1...999_999)])
    func spellings(seed: UInt64) throws {
        let log = try Self.log.get()
        var random = LogNumbers(seed: seed)
        for _ in 0..<300 {
            let bytes = log.entries[Int.random(in: 1..<log.entries.count, using: &random)]
            var tree = try DERValue(bytes)
            tree.respell(&random)
            let respelled = tree.bytes
            #expect(respelled != bytes)
            #expect(Entry(scanning: respelled[...]) == nil, "seed \(seed)")
            #expect(throws: (any Error).self) { try Entry(der: respelled, limit: Bounds.entry) }
        }
    }
}

/// A DER value as a tree, to be written in another way.
private struct DERValue {
    private let tag: UInt8
    private var content: [UInt8]
    private var children: [DERValue] = []
    private var extraLength = 0

    init(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        self = try #require(Self.next(&rest))
        try #require(rest.isEmpty)
    }

    private init(tag: UInt8, content: [UInt8]) {
        self.tag = tag
        self.content = content
        guard tag & 0x20 != 0 else { return }
        var rest = content[...]
        while let child = Self.next(&rest) { children.append(child) }
    }

    private static func next(_ rest: inout ArraySlice<UInt8>) -> DERValue? {
        guard let tag = rest.popFirst(), let first = rest.popFirst() else { return nil }
        var length = Int(first)
        if first >= 0x80 {
            length = 0
            for _ in 0..<first - 0x80 { length = length << 8 | Int(rest.popFirst() ?? 0) }
        }
        defer { rest = rest.dropFirst(length) }
        return DERValue(tag: tag, content: Array(rest.prefix(length)))
    }

    /// One number or one length somewhere in the tree gets a leading zero.
    mutating func respell(_ random: inout LogNumbers) {
        if !children.isEmpty, random.happens(80) {
            children[Int(random.next() % UInt64(children.count))].respell(&random)
        } else if tag == 0x02, random.happens(50) {
            content.insert(0, at: 0)
        } else {
            extraLength = 1
        }
    }

    var bytes: [UInt8] {
        let inner = children.isEmpty ? content : children.flatMap(\.bytes)
        var digits = withUnsafeBytes(of: UInt32(inner.count).bigEndian) { Array($0.drop { $0 == 0 }) }
        if inner.count < 0x80, extraLength == 0 { return [tag, UInt8(inner.count)] + inner }
        if inner.count < 0x80 { digits = [UInt8(inner.count)] } else if extraLength > 0 { digits.insert(0, at: 0) }
        return [tag, 0x80 | UInt8(digits.count)] + digits + inner
    }
}
