import Ledger
import Statements
import Testing
import Wire

@Suite("The view of verdicts")
struct VerdictsViewTests {
    static func signed(_ auditor: String, size: TreeSize = 7) async throws -> SignedVerdict {
        let verdict = Verdict(
            charter: CharterID(Hash.sha256([1])), auditor: try #require(DelegateID(auditor)), rulesVersion: 1,
            head: LogHead(size: size, root: Hash.sha256([2])), at: Timestamp(milliseconds: 3), finding: nil,
            scopes: [])
        return try await SignedVerdict.sign(verdict) { _ in [UInt8](repeating: 4, count: 64) }
    }

    @Test("verdicts are read back as they were written, none too")
    func roundTrip() async throws {
        let two = [try await Self.signed("north/lead"), try await Self.signed("south/lead")]
        for verdicts in [two, []] {
            let view = VerdictsView(checkpoint: ViewTests.note, verdicts: verdicts)
            #expect(try VerdictsView(parsing: view.encoded()) == view)
        }
    }

    @Test("two of one delegate, or two out of order, are refused")
    func order() async throws {
        let (north, south) = (try await Self.signed("north/lead"), try await Self.signed("south/lead"))
        for verdicts in [[south, north], [north, north], [north, try await Self.signed("north/lead", size: 8)]] {
            let bytes = try VerdictsView(checkpoint: ViewTests.note, verdicts: verdicts).encoded()
            #expect(throws: FormError.self) { try VerdictsView(parsing: bytes) }
        }
    }

    @Test("bytes that are no verdict are refused")
    func other() async throws {
        let one = try await Self.signed("north/lead")
        let bytes = try VerdictsView(checkpoint: ViewTests.note, verdicts: [one]).encoded()
        for (old, new) in [(#""verdicts":["M"#, #""verdicts":["N"#), (#""verdicts":["#, #""verdicts":[7,"#)] {
            let changed = try ViewTests.replaced(bytes, old, new)
            #expect(throws: FormError.self) { try VerdictsView(parsing: changed) }
        }
    }
}
