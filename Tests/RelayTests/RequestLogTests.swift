import Daemon
import Foundation
import Logging
import Relay
import Statements
import Store
import TestKit
import Testing
import Wire

@Suite("The log of requests", .timeLimit(.minutes(1)))
struct RequestLogTests {
    private static let subject = "A subject that nobody in between may read"

    /// Runs real traffic of every kind against a relay that logs at a level.
    private func traffic(
        _ level: Logger.Level, _ body: (RelayInABox, MessageID) async throws -> Void = { _, _ in }
    ) async throws -> (log: LogCapture, message: MessageID) {
        let log = try LogCapture(level)
        var options = RelayInABox.Options()
        options.logger = log.logger
        let message = try await RelayInABox.run(nil, options) { box in
            await box.round()
            let envelope = try box.envelope(Array(Self.subject.utf8), legs: [RelayInABox.toSpeaker])
            try await box.accept(envelope)
            try await box.tell(envelope.message, by: FixtureWorld.speaker) { .receipt($0, .retrieved) }
            _ = try await box.get(.envelope(envelope.message), as: FixtureWorld.speaker)
            _ = try await box.get(.message(envelope.message), as: FixtureWorld.hezbollah)
            _ = try await box.get(.keys(FixtureWorld.speaker.party), as: FixtureWorld.envoy)
            let barred = Leg(intermediaries: [], recipient: FixtureWorld.hezbollah.party)
            _ = try await box.post(.submitEnvelope, box.envelope(legs: [barred]).bytes)
            box.store.then([.notPersisted])
            _ = try await box.post(.submitEnvelope, box.envelope().bytes)
            try await body(box, envelope.message)
            return envelope.message
        }
        return (log, message)
    }

    private static let parties = FixtureWorld.delegates.map(\.party.description)

    @Test("at info and above there is no name of a party and no message, and no line for each request")
    func info() async throws {
        let (log, message) = try await traffic(.info)
        #expect(!log.text.isEmpty, "the failed commit was not told")
        for word in Self.parties + [message.description, message.short, Self.subject, "/v1/", "Signature"] {
            #expect(!log.text.contains(word), "\(word) in \(log.text)")
        }
    }

    @Test("at debug each request has a line with route, status and who asked, and no message")
    func debug() async throws {
        let (log, message) = try await traffic(.debug)
        let lines = try log.lines().filter { $0["message"] as? String == "request" }
            .compactMap { $0["metadata"] as? [String: String] }
        #expect(lines.contains { $0["route"] == "GET /v1/messages/{id}/envelope" && $0["party"] == "lebanon-speaker" })
        #expect(lines.contains { $0["code"] == "barred" && $0["status"] == "403" })
        for word in [message.description, message.short, Self.subject] {
            #expect(!log.text.contains(word), "\(word) in \(log.text)")
        }
    }

    @Test("at trace the line names the message too, and never what is secret or sealed")
    func trace() async throws {
        let (log, message) = try await traffic(.trace)
        let lines = try log.lines().compactMap { $0["metadata"] as? [String: String] }
        #expect(lines.contains { $0["subject"] == message.description })
        for word in [Self.subject, "signature=", "Signature-Input", "sig1="] {
            #expect(!log.text.contains(word), "\(word)")
        }
    }

    @Test("a request is one identifier in its answer, its problem and its lines, and no client chooses it")
    func identifiers() async throws {
        let answers = Answers()
        let (log, _) = try await traffic(.debug) { box, _ in
            let own = "X-Request-ID: 00000000deadbeef\r\n"
            for _ in 0..<2 {
                answers.list.append(
                    try await box.exchange(box.request("GET", "/v1/nothing", fields: own)))
            }
        }
        let found = answers.list.compactMap { $0.field("X-Request-ID") }
        #expect(Set(found).count == 2 && found.allSatisfy { $0.wholeMatch(of: /[0-9a-f]{16}/) != nil })
        #expect(!found.contains("00000000deadbeef"))
        for (answer, id) in zip(answers.list, found) {
            #expect(try Problem(parsing: answer.body).request == id)
            let lines = try log.lines().filter { ($0["metadata"] as? [String: String])?["request"] == id }
            #expect(lines.count == 1)
        }
    }

    @Test("what a stranger sends is never a line of its own")
    func injection() async throws {
        let answers = Answers()
        let (log, _) = try await traffic(.trace) { box, _ in
            for target in ["/v1/messages/%0a%7b%22level%22:%22error%22%7d", "/\"}{\"", "/\u{1B}[2J"] {
                answers.list.append(
                    try await box.exchange(box.request("GET", target, fields: "User-Agent: x\"}\\n{\"\r\n")))
            }
        }
        #expect(answers.list.count == 3 && answers.list.allSatisfy { $0.status / 100 == 4 })
        let lines = try log.lines()
        // The last of them does not get past the parser.
        #expect(lines.count { ($0["metadata"] as? [String: String])?["route"] == "none" } == 2)
        for line in lines {
            #expect(line["level"] as? String != nil && line["time"] as? String != nil)
        }
        for word in ["\u{1B}", "2J", "%22level%22", "\\\"}{"] { #expect(!log.text.contains(word), "\(word)") }
    }

    @Test("damage that names a message is told by its code at info, and in full at debug", arguments: [true, false])
    func damage(_ isQuiet: Bool) async throws {
        let log = try LogCapture(isQuiet ? .info : .debug)
        var options = RelayInABox.Options()
        options.logger = log.logger
        try await RelayInABox.run(nil, options) { box in
            box.store.then([.refuse(StoreError(.damaged, "the chain of message kq4d7m2x does not hold together"))])
            let answer = try await box.post(.submitEnvelope, box.envelope().bytes)
            #expect(answer.status == 503)
        }
        #expect(log.text.contains("store-damaged"))
        #expect(log.text.contains("kq4d7m2x") != isQuiet)
    }

    /// Filled and read by one task.
    private final class Answers {
        var list: [LoadConnection.Answer] = []
    }
}
