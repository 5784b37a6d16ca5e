import Ledger
import Statements
import Testing

@Suite("Sorted lists and signers")
struct SortedListTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// Encodes a list of items in the order given; items 0, 1 are in order.
        let bytes: @Sendable ([Int]) throws -> [UInt8]
        let type: String
        init(_ name: String, _ type: String, _ bytes: @escaping @Sendable ([Int]) throws -> [UInt8]) {
            testDescription = name
            self.type = type
            self.bytes = bytes
        }
    }

    static let rows = [
        Row("the keys of a submission", "Submission") { order in
            let keys = [Acts.keyID("hezbollah/lead"), Acts.keyID("us-envoy/lead")].sorted()
            return try Acts.submission(sealedTo: order.map { keys[$0] }).derBytes()
        },
        Row("the legs of a recall", "Statement") { order in
            let legs: [LegNumber] = [0, 1]
            return try Acts.statement("us-envoy", ["lead"], .recall(Acts.message, legs: order.map { legs[$0] }))
                .derBytes()
        },
        Row("the signatures of a charter", "SignedCharter") { order in
            let value = try Scene.signed(CharterDraft().charter)
            return try inOrder(order, of: value.derBytes()) { $0.children[1] }
        },
        Row("the open signatures of an amendment", "SignedStatement") { order in
            try inOrder(order, of: KnownValues.openlySigned().derBytes()) { $0.children[2] }
        },
        Row("a list of sealing keys", "KeyList") { order in
            let owners: [DelegateID] = ["hezbollah/lead", "us-envoy/lead"]
            let list = KeyList(owners.map(Acts.record), at: Scene.start)
            let items = DERTree(try list.derBytes()).children
            return DERTree(0x30, children: order.map { items[$0] }).bytes
        },
        Row("the two parties of a bar", "PartyPair") { order in
            let items = DERTree(try Bar("hezbollah", "us-envoy").derBytes()).children
            return DERTree(0x30, children: order.map { items[$0] }).bytes
        },
    ]

    /// Takes items 0 and 1 of a list inside a value in another order.
    static func inOrder(_ order: [Int], of bytes: [UInt8], _ list: (DERTree) -> DERTree) throws -> [UInt8] {
        let tree = DERTree(bytes)
        let items = list(tree)
        let place = (0..<tree.count).first { tree.bytes(at: $0) { $0.bytes == items.bytes ? [] : nil } != nil }
        let changed = DERTree(items.head, children: order.map { items.children[$0] })
        let placed = try #require(place)
        return try #require(tree.bytes(at: placed) { _ in changed.bytes })
    }

    @Test("in order it is read, out of order or with an item twice it is refused", arguments: rows)
    func sorted(row: Row) throws {
        let recode = try #require(Recoder.all[row.type])
        let good = try row.bytes([0, 1])
        #expect(try recode(good) == good)
        for order in [[1, 0], [0, 0], [1, 1]] {
            let bad = try row.bytes(order)
            #expect(throws: FormError.self, "\(order)") { try recode(bad) }
        }
    }

    @Test("a delegate signs a statement once")
    func signerTwice() throws {
        let twice = try Acts.statement("us-envoy", ["lead", "deputy", "lead"], .conveyance(Acts.leg)).derBytes()
        #expect(throws: FormError.self) { try Statement(der: twice, limit: Bounds.statement) }
        let other = try Acts.statement("us-envoy", ["lead", "deputy"], .conveyance(Acts.leg)).derBytes()
        #expect(throws: Never.self) { try Statement(der: other, limit: Bounds.statement) }
    }

    @Test("an empty list of open signatures is no encoding of none")
    func noOpenSignatures() throws {
        let value = try KnownValues.openlySigned()
        var tree = DERTree(try value.derBytes())
        tree.children[2].children = []
        #expect(throws: FormError.self) { try SignedStatement(der: tree.bytes, limit: Bounds.signedStatement) }
        tree.children.removeLast()
        #expect(throws: Never.self) { try SignedStatement(der: tree.bytes, limit: Bounds.signedStatement) }
    }

    @Test("a list of sealing keys leaves out those past sealUntil, whatever order they come in")
    func keyList() throws {
        let owners: [DelegateID] = ["hezbollah/lead", "lebanon-speaker/lead", "us-envoy/lead"]
        let records = owners.map(Acts.record)
        let end = records[0].sealUntil
        #expect(KeyList(records, at: end).keys.isEmpty)
        #expect(KeyList(records, at: Timestamp(milliseconds: end.milliseconds - 1)).keys.count == 3)
        #expect(try KeyList(records.reversed(), at: Scene.start).hash() == KeyList(records, at: Scene.start).hash())
    }
}
