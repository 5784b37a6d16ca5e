import Statements
import TestKit
import Testing
import Wire

@Suite("The duty of release", .timeLimit(.minutes(1)))
struct ContentDutyTests {
    private static func code(
        _ box: RelayInABox, _ message: MessageID, _ delegate: DelegateID
    ) async throws -> String {
        let answer = try await box.get(.envelope(message), as: delegate)
        return answer.status == 200 ? "released" : try Problem(parsing: answer.body).code
    }

    @Test("content goes to its recipient after the receipt is in the log, and not before")
    func afterReceipt() async throws {
        try await RelayInABox.run { box in
            let envelope = try box.envelope()
            let message = envelope.message
            try await box.accept(envelope)
            // Not there yet: the recipient sees the message, not its content.
            #expect(try await Self.code(box, message, FixtureWorld.hezbollah) == "not-released")
            try await box.tell(message, by: FixtureWorld.speaker) { .conveyance($0) }
            #expect(try await Self.code(box, message, FixtureWorld.hezbollah) == "not-released")
            try await box.tell(message, by: FixtureWorld.hezbollah) { .receipt($0, .retrieved) }
            let answer = try await box.get(.envelope(message), as: FixtureWorld.hezbollah)
            #expect(answer.status == 200)
            #expect(answer.body == envelope.bytes)
            try await box.tell(message, by: FixtureWorld.hezbollah) { .receipt($0, .opened) }
            #expect(try await Self.code(box, message, FixtureWorld.hezbollah) == "released")
        }
    }

    @Test("a receipt whose commit failed releases nothing")
    func unloggedReceipt() async throws {
        try await RelayInABox.run { box in
            let envelope = try box.envelope(legs: [RelayInABox.toSpeaker])
            try await box.accept(envelope)
            let leg = LegReference(message: envelope.message, leg: try #require(LegNumber(0)))
            let receipt = try box.sign(.receipt(leg, .retrieved), by: FixtureWorld.speaker)
            box.store.then([.notPersisted])
            #expect(try await box.post(.submitStatement, receipt.derBytes()).status == 503)
            #expect(try await Self.code(box, envelope.message, FixtureWorld.speaker) == "not-released")
            try await box.accept(receipt)
            #expect(try await Self.code(box, envelope.message, FixtureWorld.speaker) == "released")
        }
    }

    @Test("a blind hop never gets content, nor can it log a receipt")
    func blindHop() async throws {
        try await RelayInABox.run { box in
            let envelope = try box.envelope()
            try await box.accept(envelope)
            #expect(try await Self.code(box, envelope.message, FixtureWorld.speaker) == "not-released")
            let leg = LegReference(message: envelope.message, leg: try #require(LegNumber(0)))
            let receipt = try box.sign(.receipt(leg, .retrieved), by: FixtureWorld.speaker)
            let problem = try Problem(parsing: try await box.post(.submitStatement, receipt.derBytes()).body)
            #expect(problem.code == "not-holder")
            try await box.tell(envelope.message, by: FixtureWorld.speaker) { .conveyance($0) }
            try await box.tell(envelope.message, by: FixtureWorld.hezbollah) { .receipt($0, .retrieved) }
            #expect(try await Self.code(box, envelope.message, FixtureWorld.speaker) == "not-released")
        }
    }

    @Test("a hop to which the content is sealed gets it after its own receipt")
    func openHop() async throws {
        try await RelayInABox.run { box in
            let letter = try box.letter(to: [FixtureWorld.speaker, FixtureWorld.hezbollah])
            let envelope = try RealEnvelope(
                letter, signed: box.sign(box.submission(letter), by: FixtureWorld.envoy))
            try await box.accept(envelope)
            #expect(try await Self.code(box, envelope.message, FixtureWorld.speaker) == "not-released")
            try await box.tell(envelope.message, by: FixtureWorld.speaker) { .receipt($0, .retrieved) }
            #expect(try await Self.code(box, envelope.message, FixtureWorld.speaker) == "released")
            #expect(try await Self.code(box, envelope.message, FixtureWorld.hezbollah) == "not-released")
        }
    }

    @Test("for a bystander there is no message; an auditor sees its chain and not its content")
    func bystander() async throws {
        try await RelayInABox.run { box in
            // Hezbollah to the speaker: the envoy's office is the auditor, and on no leg.
            let audited = try box.envelope(from: FixtureWorld.hezbollah, legs: [RelayInABox.toSpeaker])
            try await box.accept(audited)
            try await box.tell(audited.message, by: FixtureWorld.speaker) { .receipt($0, .retrieved) }
            #expect(try await box.get(.message(audited.message), as: FixtureWorld.envoy).status == 200)
            #expect(try await Self.code(box, audited.message, FixtureWorld.envoy) == "not-released")
            // The envoy to the speaker: Hezbollah is neither.
            let hidden = try box.envelope(legs: [RelayInABox.toSpeaker])
            try await box.accept(hidden)
            #expect(try await Self.code(box, hidden.message, FixtureWorld.hezbollah) == "not-found")
            let chain = try await box.get(.message(hidden.message), as: FixtureWorld.hezbollah)
            #expect(try Problem(parsing: chain.body).code == "not-found")
        }
    }

    @Test("the originator gets no content back")
    func originator() async throws {
        try await RelayInABox.run { box in
            let envelope = try box.envelope()
            try await box.accept(envelope)
            #expect(try await Self.code(box, envelope.message, FixtureWorld.envoy) == "not-released")
        }
    }

    @Test("a range gives the rest of the envelope")
    func range() async throws {
        try await RelayInABox.run { box in
            let envelope = try box.envelope([UInt8](repeating: 9, count: 300_000), legs: [RelayInABox.toSpeaker])
            let bytes = envelope.bytes
            try await box.accept(envelope)
            try await box.tell(envelope.message, by: FixtureWorld.speaker) { .receipt($0, .retrieved) }
            for offset in [0, 1, 70_000, bytes.count - 1] {
                let answer = try await box.get(
                    .envelope(envelope.message), as: FixtureWorld.speaker, fields: "Range: bytes=\(offset)-\r\n")
                #expect(answer.status == 206)
                #expect(answer.field("Content-Range") == "bytes \(offset)-\(bytes.count - 1)/\(bytes.count)")
                #expect(answer.body == Array(bytes[offset...]))
            }
        }
    }

    @Test(
        "a range that is no range is refused",
        arguments: ["bytes=99999999-", "bytes=-5", "bytes=0-4", "lines=1-", "bytes=x-", "bytes=+1-", "bytes=01-"])
    func badRange(_ range: String) async throws {
        try await RelayInABox.run { box in
            let envelope = try box.envelope(legs: [RelayInABox.toSpeaker])
            try await box.accept(envelope)
            try await box.tell(envelope.message, by: FixtureWorld.speaker) { .receipt($0, .retrieved) }
            let answer = try await box.get(
                .envelope(envelope.message), as: FixtureWorld.speaker, fields: "Range: \(range)\r\n")
            #expect(answer.status == 416)
            #expect(try Problem(parsing: answer.body).code == "range-invalid")
        }
    }
}
