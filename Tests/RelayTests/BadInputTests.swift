import Audit
import Ledger
import Statements
import TestKit
import Testing
import Wire

@Suite("Bad input", .timeLimit(.minutes(2)))
struct BadInputTests {
    @Test(
        "is refused with its code, a sentence and a next step, and the relay serves others and loses nothing",
        arguments: BadInput.forms + BadInput.signatures + BadInput.rules + BadInput.routes)
    func refused(_ row: BadInput) async throws {
        var limits = Limits.standard
        limits.unsettledMessages = UInt64(BadInput.quota)
        try await RelayInABox.run(RelaySite(limits: limits)) { box in
            let request = try await row.request(box)
            let before = Set(try await box.audit().entries.compactMap { $0.signed?.id })
            let answer = try await box.exchange(request)
            let problem = try Problem(parsing: answer.body)
            #expect(answer.status == row.status)
            #expect(answer.field("Content-Type") == "application/problem+json")
            #expect(problem.status == row.status)
            #expect(problem.code == row.code)
            #expect(BadInput.matches(problem.detail, row.detail), "\(problem.detail)")
            #expect(problem.hint == row.hint)
            #expect(!problem.title.isEmpty)
            try expectSigned(problem, row, box)

            let other = try await box.accept(
                box.envelope(from: FixtureWorld.hezbollah, legs: [RelayInABox.toSpeaker]))
            let after = try await box.audit()
            #expect(after.report.isGood, "\(after.report.findings)")
            let own = after.entries.compactMap(\.signed).filter { $0.statement.party != .relay }.map(\.id)
            #expect(Set(own).subtracting(before) == [other.statement])
        }
    }

    private func expectSigned(_ problem: Problem, _ row: BadInput, _ box: RelayInABox) throws {
        guard row.isRejection else { return #expect(problem.rejection == nil) }
        let signed = try SignedRejection(der: #require(problem.rejection), limit: ByteLimit.rejection)
        #expect(signed.isValid(key: box.world.charter.charter.relay.actKey))
        #expect(signed.rejection.code == row.code)
        #expect(signed.rejection.charter == box.world.charter.id)
        #expect(signed.rejection.treeSize <= box.head.size)
        #expect(signed.rejection.decidedAt == box.clock.now)
    }

    @Test("a barred party is shown the permitted routes")
    func barredRoutes() async throws {
        try await RelayInABox.run { box in
            let direct = Leg(intermediaries: [], recipient: FixtureWorld.hezbollah.party)
            let envelope = try box.envelope(legs: [direct])
            let problem = try Problem(parsing: try await box.post(.submitEnvelope, envelope.bytes).body)
            #expect(problem.routes == [[FixtureWorld.speaker.party, FixtureWorld.hezbollah.party]])
            let rejection = try SignedRejection(der: #require(problem.rejection), limit: ByteLimit.rejection)
            #expect(rejection.rejection.statement == envelope.signed.id)
        }
    }

    @Test("an unknown party, an unknown delegate and a bad signature get the same answer, byte for byte")
    func strangers() async throws {
        try await RelayInABox.run { box in
            var answers: Set<String> = []
            for row in BadInput.signatures where row.code == "not-authenticated" {
                answers.insert(try Self.unnamed(try await box.exchange(row.request(box))))
            }
            #expect(answers.count == 1)
        }
    }

    /// An answer with zeros for the number that the relay drew for it, and without the time of day.
    private static func unnamed(_ answer: LoadConnection.Answer) throws -> String {
        let id = try #require(answer.field("X-Request-ID"))
        #expect(id.count == 16 && id.allSatisfy(\.isHexDigit))
        #expect(try Problem(parsing: answer.body).request == id)
        let head = answer.head.split(separator: "\r\n").filter { !$0.lowercased().hasPrefix("date:") }
        let lines = head + [Substring(String(decoding: answer.body, as: UTF8.self))]
        let zeros = String(repeating: "0", count: id.count)
        return lines.map { $0.split(separator: id, omittingEmptySubsequences: false).joined(separator: zeros) }
            .joined(separator: "\r\n")
    }

    @Test("an unknown method names the one that is allowed")
    func allowed() async throws {
        try await RelayInABox.run { box in
            let answer = try await box.exchange(box.request("DELETE", "/v1/envelopes"))
            #expect(answer.field("Allow") == "POST")
        }
    }

    @Test("two signers in their order are accepted")
    func bothSigners() async throws {
        try await RelayInABox.run { box in
            let (letter, signed) = try box.twice()
            let entry = try await box.accept(RealEnvelope(letter, signed: signed))
            #expect(entry.statement == signed.id)
        }
    }
}
