import Audit
import Ledger
import Relay
import Statements
import TestKit
import Testing
import Wire

@Suite("A relay that drains", .timeLimit(.minutes(1)))
struct DrainTests {
    @Test("what would change something is told to come again; what was accepted is there, and can be read")
    func refusesWhatIsNew() async throws {
        try await RelayInABox.run { box in
            let before = try box.envelope()
            let accepted = try await box.accept(before)
            box.server.log.drain()
            let letter = try box.envelope()
            let recall = try box.sign(
                .recall(before.message, legs: [try #require(LegNumber(0))]), by: FixtureWorld.envoy)
            for (route, body) in [
                (Route.submitEnvelope, letter.bytes), (.submitStatement, try recall.derBytes()),
                (.beginUpload, letter.header),
            ] {
                let answer = try await box.post(route, body)
                #expect(answer.status == 503)
                #expect(try Problem(parsing: answer.body).code == "draining")
                #expect(answer.field("retry-after") == "5")
            }
            #expect(box.head == accepted.head)
            #expect(try await box.get(.message(before.message), as: FixtureWorld.envoy).status == 200)
            #expect(try await box.audit().report.isGood)
        }
    }
}
