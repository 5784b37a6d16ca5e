import Ledger
import Rules
import Statements
import Testing

@Suite("Rejections")
struct RejectionTests {
    static let rows: [Row] = (try? Rows.all()) ?? []

    @Test("a statement that breaks one rule gets its code", arguments: rows)
    func refused(row: Row) {
        #expect(row.refused.verdict == row.code.rawValue)
    }

    @Test("its neighbour that keeps the rule is accepted", arguments: rows)
    func accepted(row: Row) {
        #expect(row.accepted.verdict == "accepted")
    }

    @Test("every code has a row")
    func complete() throws {
        #expect(Set(try Rows.all().map(\.code)) == Set(RejectionCode.allCases))
        #expect(Self.rows.count == Set(Self.rows.map(\.testDescription)).count)
    }

    @Test("a barred or missing way is answered with the ways that are permitted")
    func routesNamed() throws {
        let world = try World.withKeys()
        let direct = Leg(intermediaries: [], recipient: "hezbollah")
        let statement = try world.made(
            "us-envoy", .submission(world.submission(legs: [direct], to: ["hezbollah/lead"], .immediate)))
        guard case .rejected(let objection) = world.decide(statement) else {
            Issue.record("the direct way was not rejected")
            return
        }
        let longer = Leg(intermediaries: ["egypt-mediator", "lebanon-speaker"], recipient: "hezbollah")
        #expect(objection.routes == [World.viaSpeaker, longer])
        #expect(objection.detail == "us-envoy and hezbollah are barred from direct contact")
    }
}
