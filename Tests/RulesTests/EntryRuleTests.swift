import Rules
import Statements
import Testing

@Suite("The size of entries")
struct EntryRuleTests {
    @Test("what the rules accept is over-limit where its entry has a byte too many, and a byte less is not")
    func bound() throws {
        let world = try World.withKeys()
        let examined = try world.made("us-envoy", .keyPublication(world.publication("us-envoy/next")))
        guard case .accepted(let changes) = world.decide(examined) else { throw World.Unexpected("it is accepted") }
        // No statement that can be read is as large; signatures of any length make it so.
        func signed(_ count: Int) throws -> SignedStatement {
            try SignedStatement(
                statementBytes: examined.signed.statementBytes, signatures: [[UInt8](repeating: 1, count: count)])
        }
        func entry(_ signed: SignedStatement) throws -> [UInt8] {
            try changes.entry(of: signed, salt: Array(1...16)).derBytes()
        }
        let room = 50_000 + Bounds.entry - (try entry(signed(50_000)).count)
        let (most, more) = (try signed(room), try signed(room + 1))
        #expect(try entry(most).count == Bounds.entry)
        #expect(Decider.objection(toEntryOf: try entry(most).count) == nil)
        #expect(try Decider.objection(toEntryOf: most, changes) == nil)
        let objection = try #require(try Decider.objection(toEntryOf: more, changes))
        #expect(objection.code == .overLimit)
        #expect(objection.detail == "the entry would have 65536 bytes; it may have 65535")
        #expect(Decider.objection(toEntryOf: try entry(more).count) == objection)
    }
}
