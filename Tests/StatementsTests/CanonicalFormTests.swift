import Ledger
import Statements
import Testing

@Suite("Canonical form")
struct CanonicalFormTests {
    static let values: [KnownValue] = (try? KnownValues.all()) ?? []

    /// One way in which BER says the same as DER, or in which a value is no longer of its type.
    struct Deviation: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let write: @Sendable (DERTree) -> [UInt8]?
        init(_ name: String, _ write: @escaping @Sendable (DERTree) -> [UInt8]?) {
            testDescription = name
            self.write = write
        }
    }

    static let deviations = [
        Deviation("a length with a byte too many") { DERTree.encode([$0.head], $0.body, spare: 1) },
        Deviation("an indefinite length") { $0.isConstructed ? [$0.head, 0x80] + $0.body + [0, 0] : nil },
        Deviation("a tag in the long form") { DERTree.encode([$0.head | 0x1f, $0.head & 0x1f], $0.body) },
        Deviation("the other of primitive and constructed") { DERTree.encode([$0.head ^ 0x20], $0.body) },
        Deviation("a tag of another class") { DERTree.encode([$0.head ^ 0x40], $0.body) },
        Deviation("an integer with a leading zero") {
            [0x02, 0x0a].contains($0.head) ? DERTree.encode([$0.head], [0] + $0.content) : nil
        },
        Deviation("an integer of no bytes") { [0x02, 0x0a].contains($0.head) ? [$0.head, 0] : nil },
        Deviation("a negative integer") { [0x02, 0x0a].contains($0.head) ? [$0.head, 1, 0xff] : nil },
        Deviation("TRUE that is not FF") { $0.head == 0x01 && $0.content == [0xff] ? [1, 1, 1] : nil },
        Deviation("a value too many in a sequence") {
            $0.isConstructed ? DERTree.encode([$0.head], $0.body + [5, 0]) : nil
        },
        Deviation("text that is no UTF-8") {
            $0.head == 0x0c ? DERTree.encode([$0.head], [0xff] + $0.content.dropFirst()) : nil
        },
    ]

    @Test("every known value decodes and encodes to the same bytes", arguments: values)
    func roundTrip(value: KnownValue) throws {
        #expect(try Recoder.recode(value) == value.der)
        #expect(DERTree(value.der).bytes == value.der)
    }

    @Test("no value may follow", arguments: values)
    func trailing(value: KnownValue) {
        #expect(throws: FormError.self) { try Recoder.recodeStrictly(value, value.der + [0]) }
        #expect(throws: FormError.self) { try Recoder.recodeStrictly(value, value.der + value.der) }
    }

    @Test("cut short at any byte, a value is refused", arguments: values)
    func truncated(value: KnownValue) {
        // Long fillers are cut at every 7th byte: what is cut is then the same octet string.
        for length in stride(from: 0, to: value.der.count, by: value.der.count > 1500 ? 7 : 1) {
            #expect(throws: FormError.self, "\(length) bytes") {
                try Recoder.recodeStrictly(value, Array(value.der.prefix(length)))
            }
        }
    }

    @Test("at every place of every known value, what is not canonical is refused", arguments: deviations)
    func deviates(deviation: Deviation) {
        var tried = 0
        for value in Self.values {
            let tree = DERTree(value.der)
            for place in 0..<tree.count {
                guard let changed = tree.bytes(at: place, deviation.write) else { continue }
                tried += 1
                #expect(throws: FormError.self, "\(value.testDescription), place \(place)") {
                    try Recoder.recodeStrictly(value, changed)
                }
            }
        }
        #expect(tried > 10, "only \(tried) places")
    }

    @Test("integers under a context tag are minimal too")
    func contextIntegers() throws {
        let unreadable = try #require(Self.values.first { $0.name == "receipt-unreadable" && $0.type == "Statement" })
        try Self.expectRefused(unreadable, at: { $0.head == 0x82 }, with: [0x82, 2, 0, 4])
        try Self.expectRefused(unreadable, at: { $0.head == 0x82 }, with: [0x82, 1, 6])
        let later = try #require(Self.values.first { $0.name == "later" })
        try Self.expectRefused(later, at: { $0.head == 0x80 }, with: [0x80, 2, 0, 1])
        let retrieved = try #require(Self.values.first { $0.name == "receipt-retrieved" && $0.type == "Statement" })
        try Self.expectRefused(retrieved, at: { $0.head == 0x80 }, with: [0x80, 1, 0])
        try Self.expectRefused(retrieved, at: { $0.head == 0x80 }, with: [0x83, 0])
    }

    @Test("an act, a change, a body or a value that is not listed is refused")
    func unlisted() throws {
        let conveyance = try #require(Self.values.first { $0.name == "conveyance" && $0.type == "Statement" })
        let tree = DERTree(conveyance.der)
        let act = try #require(tree.children.last)
        for tag in 10...30 as ClosedRange<UInt8> {
            let other = DERTree(
                tree.head, children: tree.children.dropLast() + [DERTree(0xa0 | tag, children: act.children)])
            #expect(throws: FormError.self) { try Recoder.recodeStrictly(conveyance, other.bytes) }
        }
        let change = try #require(Self.values.first { $0.type == "Change" && $0.name == "stop" })
        for tag in 17...30 as ClosedRange<UInt8> {
            let other = DERTree(0xa0 | tag, children: DERTree(change.der).children)
            #expect(throws: FormError.self) { try Recoder.recodeStrictly(change, other.bytes) }
        }
        let refusal = try #require(Self.values.first { $0.name == "refusal" && $0.type == "Statement" })
        try Self.expectRefused(refusal, at: { $0.head == 0x0a }, with: [0x0a, 1, 6])
        let entry = try #require(Self.values.first { $0.name == "statement" && $0.type == "Entry" })
        let inner = try #require(DERTree(entry.der).children.last)
        try Self.expectRefused(entry, at: { $0.head == 0xa2 }, with: DERTree(0xa3, children: inner.children).bytes)
    }

    @Test("names that are no slugs are refused", arguments: ["", "-a", "a-", "a--b", "A", "a_b", "é"])
    func slugs(text: String) throws {
        let leg = try #require(Self.values.first { $0.type == "Leg" })
        try Self.expectRefused(leg, at: { $0.head == 0x16 }, with: DERTree.encode([0x16], Array(text.utf8)))
        #expect(Slug(text) == nil)
    }

    /// Replaces the last value that matches.
    private static func expectRefused(
        _ value: KnownValue, at matches: (DERTree) -> Bool, with replacement: [UInt8],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let tree = DERTree(value.der)
        let places = (0..<tree.count).filter { tree.bytes(at: $0) { matches($0) ? [] : nil } != nil }
        let place = try #require(places.last, sourceLocation: sourceLocation)
        let changed = try #require(tree.bytes(at: place) { _ in replacement }, sourceLocation: sourceLocation)
        #expect(throws: FormError.self, sourceLocation: sourceLocation) {
            try Recoder.recodeStrictly(value, changed)
        }
    }
}
