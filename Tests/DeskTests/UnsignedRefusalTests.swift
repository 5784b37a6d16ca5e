import Envelope
import Ledger
import Rules
import Statements
import TestKit
import Testing
import Transport
import Wire

@testable import Desk

/// A relay may say that it takes a file as it is not, sign nothing, and log the message all the same.
@Suite("A refusal that the relay did not sign is not the last word")
struct UnsignedRefusalTests {
    private static func run(_ body: (RelayInABox, LyingProxy, Desk) async throws -> Void) async throws {
        let site = try RelaySite(isBehindProxy: true)
        let clock = site.clock
        let desks = try FixtureDesks(site) { clock.now }
        try await RelayInABox.run(site) { box in
            try await LyingProxy.run(site) { proxy in
                let result: Result<Void, any Error>
                do { result = .success(try await body(box, proxy, desks.desk(FixtureWorld.envoy))) } catch {
                    result = .failure(error)
                }
                await desks.close()
                try result.get()
            }
        }
    }

    /// - Parameter isLogged: whether the relay gets it all the same.
    private static func refuse(_ code: ServiceCode, _ proxy: LyingProxy, isLogged: Bool) {
        proxy.tell { request, relay in
            guard request.route == .submitEnvelope else { return try await relay(request) }
            if isLogged { _ = try await relay(request) }
            return LyingProxy.Answer(Problem(code, "No."))
        }
    }

    private static let codes: [ServiceCode] = [
        .malformed, .oversized, .unknownVersion, .digestMismatch, .blockMismatch,
    ]

    @Test("a message that was handed over whole stays in the outbox, and is found in the log", arguments: codes)
    private func logged(_ code: ServiceCode) async throws {
        try await Self.run { box, proxy, desk in
            Self.refuse(code, proxy, isLogged: true)
            let sent = try await desk.send(OutgoingScene.letter())
            #expect(sent.isKept && desk.outboxCount == 1)
            #expect(try await desk.outboxItems().map { $0.reason?.isFinal } == [false])
            #expect(try await desk.unsentMessages() == [sent.message: .waiting])
            proxy.stop()
            let flushed = try await desk.flushOutbox()
            #expect(flushed.map(\.isAccepted) == [true] && flushed.map(\.message) == [sent.message])
            #expect(desk.outboxCount == 0)
            let entries = try await box.audit().entries
            #expect(entries.count { $0.signed?.id.hash == sent.message.hash } == 1)
        }
    }

    @Test("it is found in the log past its submitBy too, and not signed anew")
    func late() async throws {
        try await Self.run { box, proxy, desk in
            Self.refuse(.malformed, proxy, isLogged: true)
            let sent = try await desk.send(OutgoingScene.letter())
            box.clock.pass(.hours(25))
            await box.round()
            proxy.stop()
            let flushed = try await desk.flushOutbox()
            #expect(flushed.map(\.isAccepted) == [true] && flushed.map(\.message) == [sent.message])
        }
    }

    @Test("past its submitBy what is not in the log is refused for good, and not handed over again")
    func settled() async throws {
        try await Self.run { box, proxy, desk in
            Self.refuse(.malformed, proxy, isLogged: false)
            let sent = try await desk.send(OutgoingScene.letter())
            box.clock.pass(.hours(23))
            #expect(try await desk.flushOutbox().map { $0.reason?.isFinal } == [false])
            box.clock.pass(.hours(2))
            await box.round()
            proxy.tell { request, relay in
                #expect(request.route != .submitEnvelope)
                return try await relay(request)
            }
            let flushed = try await desk.flushOutbox()
            #expect(flushed.map { $0.reason?.isFinal } == [true] && flushed.map(\.message) == [sent.message])
            #expect(flushed.map { $0.reason?.code } == ["malformed"])
            guard case .gone(sent.message) = try await desk.cancelOutboxItem(sent.message) else {
                Issue.record("the relay cannot accept it any more")
                return
            }
        }
    }

    @Test("what was refused before it was handed over whole is refused for good")
    func partial() async throws {
        try await Self.run { _, proxy, desk in
            proxy.tell { request, relay in
                guard request.route == .beginUpload else { return try await relay(request) }
                return LyingProxy.Answer(Problem(.malformed, "No."))
            }
            let letter = OutgoingScene.letter(String(repeating: "cedar ", count: 300_000))
            let error = await #expect(throws: TransportError.self) { _ = try await desk.send(letter) }
            #expect(error?.reportedCode == "malformed" && desk.outboxCount == 0)
        }
    }

    @Test("a message that was given up and is shown in the log counts as sent again")
    func reinstated() async throws {
        try await Self.run { _, proxy, desk in
            Self.refuse(.malformed, proxy, isLogged: true)
            let sent = try await desk.send(OutgoingScene.letter())
            try await Outbox(desk).withdraw(sent.message)
            _ = try await Outbox(desk).remove(#require(desk.outboxItems().first))
            #expect(try await desk.unsentMessages() == [sent.message: .withdrawn])
            _ = try await desk.message(sent.message)
            #expect(try await desk.unsentMessages().isEmpty)
        }
    }

    /// A rejection that the act key signs, whatever it says, of an envelope's submission.
    private static func reject(
        _ code: RejectionCode, _ proxy: LyingProxy, _ box: RelayInABox
    ) {
        let (world, size, now) = (box.world, box.head.size, box.clock.now)
        proxy.tell { request, relay in
            guard request.route == .submitEnvelope else { return try await relay(request) }
            var reader = EnvelopeReader()
            _ = try reader.take(request.body[...])
            let rejection = Rejection(
                charter: world.charter.id, statement: try reader.finish().signed.id, code: code.rawValue,
                treeSize: size, decidedAt: now)
            let act = DelegateID(party: .relay, name: .act)
            let signed = try SignedRejection(rejection) { try world.sign($0, by: act) }
            return LyingProxy.Answer(Problem(.rejected(code), detail: "No.", rejection: try signed.derBytes()))
        }
    }

    @Test("a rejection that cannot be true is kept as such, whatever the relay answers the next time")
    func untrue() async throws {
        try await Self.run { box, proxy, desk in
            Self.reject(.tooLate, proxy, box)
            let sent = try await desk.send(OutgoingScene.letter())
            #expect(sent.isKept && desk.outboxCount == 1)
            #expect(try await desk.rejections().map(\.isUntrue) == [true])
            box.clock.pass(.seconds(1))
            Self.reject(.barred, proxy, box)
            #expect(try await desk.flushOutbox().map { $0.reason?.isFinal } == [true])
            let kept = try await desk.rejections()
            #expect(kept.map(\.rejection.code) == ["barred", "too-late"])
            #expect(kept.map(\.isUntrue) == [false, true] && kept.map(\.isHandedInAgain) == [false, true])
        }
    }

    @Test("what is known of messages that are not sent has a bound, at which the oldest go")
    func bounded() async throws {
        try await Self.run { _, _, desk in
            let messages = (0..<5).map { MessageID(Hash.sha256([UInt8($0)])) }
            let line = "\(messages[0])\n".utf8.count
            let outbox = try await Outbox(desk, unsentLimit: 3 * line)
            for message in messages { try outbox.withdraw(message) }
            #expect(try Set(outbox.unsent().keys) == Set(messages[2...]))
            try outbox.withdraw(messages[2], refusal: .barred)
            #expect(try outbox.unsent() == [messages[2]: .refused(code: "barred"), messages[4]: .withdrawn])
            try outbox.reinstate(messages[4])
            #expect(try outbox.unsent() == [messages[2]: .refused(code: "barred")])
        }
    }
}
