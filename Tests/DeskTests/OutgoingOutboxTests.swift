import Archive
import Envelope
import Glibc
import Keyring
import Rules
import Sealing
import Statements
import TestKit
import Testing
import Transport

@testable import Desk

@Suite("the outbox loses nothing and sends nothing twice")
struct OutgoingOutboxTests {
    @Test("what was sent is archived, accepted, and gone from the outbox")
    func plain() async throws {
        try await OutgoingScene.run { scene in
            try await scene.with(FixtureWorld.envoy) { desk in
                let sent = try await desk.send(OutgoingScene.letter())
                #expect(sent.isAccepted && sent.keysAge == nil)
                #expect(desk.outboxCount == 0)
                let archived = try #require(try await desk.archive().load(sent.message))
                #expect(archived.direction == .sent && archived.text == Array("cedar and cypress".utf8))
                #expect(try await scene.submissions(of: desk.party) == [sent.message])
            }
        }
    }

    @Test("without the relay a message is sealed to the kept keys, kept, and handed over later")
    func away() async throws {
        try await OutgoingScene.run { scene in
            try await scene.with(FixtureWorld.envoy) { try await $0.refreshKeptKeys() }
            scene.link.lower()
            try await scene.with(FixtureWorld.envoy) { desk in
                let sent = try await desk.send(OutgoingScene.letter())
                #expect(sent.isKept && sent.keysAge != nil)
                let item = try #require(try await desk.outboxItems().first)
                #expect(item.message == sent.message && !item.isHandedOver && item.reason?.isFinal == false)
                #expect(item.attempts == 1 && item.lastAttempt != nil)
                #expect(try await desk.archive().summary(sent.message) != nil)
                #expect(try await desk.flushOutbox().allSatisfy { $0.reason?.code == "relay-unavailable" })
                #expect(try await desk.outboxItems().map(\.attempts) == [2])
                #expect(try await desk.unsentMessages() == [sent.message: .waiting])
                #expect(try await Self.archived(desk) == [0, 0, 0])
                scene.link.raise()
                let flushed = try await desk.flushOutbox()
                #expect(flushed.map(\.isAccepted) == [true], "\(flushed)")
                #expect(try await desk.unsentMessages().isEmpty)
                #expect(try await Self.archived(desk) == [1, 0, 0])
                #expect(try await desk.flushOutbox().isEmpty)
                #expect(try await scene.submissions(of: desk.party) == [sent.message])
            }
        }
    }

    @Test("without the relay and without kept keys nothing is pretended")
    func noKeys() async throws {
        try await OutgoingScene.run { scene in
            scene.link.lower()
            try await scene.with(FixtureWorld.envoy) { desk in
                let error = await #expect(throws: DeskError.self) { _ = try await desk.send(OutgoingScene.letter()) }
                #expect(error?.code == "relay-unavailable" && error?.kind == .unavailable)
                #expect(desk.outboxCount == 0)
            }
        }
    }

    @Test("the link cut after any number of bytes: the message is in the log once, and the outbox empty")
    func cuts() async throws {
        try await OutgoingScene.run { scene in
            try await scene.with(FixtureWorld.envoy) { try await $0.refreshKeptKeys() }
            let seed = UInt64.random(in: 0 ... .max)
            var random = LogNumbers(seed: seed)
            var sent: [MessageID] = []
            for _ in 0..<25 {
                // One letter takes about 22,000 bytes both ways, the keys before it included.
                let bytes = Int(random.next() % 40_000)
                scene.link.change { $0.cuts = [bytes] }
                try await scene.with(FixtureWorld.envoy) { desk in
                    do {
                        sent.append(try await desk.send(OutgoingScene.letter()).message)
                    } catch let error as TransportError where error.code == .relayUnavailable {
                        // Cut while it asked for keys, with nothing said yet.
                        #expect(desk.outboxCount == 0)
                    }
                }
                scene.link.change { $0.cuts = [] }
                try await scene.with(FixtureWorld.envoy) { desk in
                    let flushed = try await desk.flushOutbox()
                    #expect(flushed.allSatisfy { $0.isAccepted }, "seed \(seed), cut at \(bytes)")
                    #expect(desk.outboxCount == 0, "seed \(seed), cut at \(bytes)")
                }
            }
            let logged = try await scene.submissions(of: FixtureWorld.envoy.party)
            #expect(Set(logged) == Set(sent) && logged.count == sent.count, "seed \(seed)")
        }
    }

    @Test("a message kept for longer than its statement may be submitted is signed anew, and not sealed again")
    func tooLate() async throws {
        try await OutgoingScene.run { scene in
            try await scene.with(FixtureWorld.envoy) { desk in
                try await desk.refreshKeptKeys()
                scene.link.lower()
                let sent = try await desk.send(OutgoingScene.letter())
                let before = try #require(try await desk.outboxItems().first)
                scene.clock.pass(.hours(25))
                await scene.box.round()
                scene.link.raise()
                let flushed = try await desk.flushOutbox()
                #expect(flushed.map(\.isAccepted) == [true])
                let message = try #require(flushed.first?.message)
                #expect(message != sent.message)
                let tracked = try await desk.message(message)
                #expect(tracked.state.submission.nonce == before.submission.nonce)
                #expect(tracked.state.submission.payloadDigest == before.submission.payloadDigest)
                #expect(try await Set(desk.unsentMessages().keys) == [sent.message])
                #expect(try await desk.archive().summary(message) != nil)
            }
        }
    }

    @Test("a message written under an older revision is signed anew")
    func staleCharter() async throws {
        try await OutgoingScene.run { scene in
            try await scene.with(FixtureWorld.envoy) { desk in
                let item = try await Self.crafted(desk, revision: Revision(7))
                #expect(try await desk.flushOutbox().map(\.isAccepted) == [true])
                #expect(try await Set(desk.unsentMessages().keys) == [item.message])
            }
        }
    }

    @Test("a message that was accepted unheard under an earlier signature is found, whichever the outbox holds")
    func unheard() async throws {
        try await OutgoingScene.run { scene in
            try await scene.with(FixtureWorld.envoy) { desk in
                let item = try await Self.crafted(desk, revision: Revision(0))
                try await OutgoingRepairTests.submit(item, desk)
                // The same again under a newer signature, as a flush would have left it.
                scene.clock.pass(.minutes(1))
                var newer = item
                let statement = try await desk.statement(
                    .submission(item.submission), signers: [desk.id.name], window: nil)
                try newer.replace(header: await desk.header(statement, sealedKeys: item.sealedKeys))
                try await Outbox(desk).write(newer)
                try await desk.keep(newer)
                #expect(newer.message != item.message)
                let flushed = try await desk.flushOutbox()
                #expect(flushed.map(\.isAccepted) == [true] && flushed.map(\.message) == [item.message])
                #expect(try await Set(desk.unsentMessages().keys) == [newer.message])
                #expect(try await scene.submissions(of: desk.party) == [item.message])
            }
        }
    }

    @Test("a message past its expiry that the relay never had is not handed over")
    func expired() async throws {
        try await OutgoingScene.run { scene in
            try await scene.with(FixtureWorld.envoy) { desk in
                try await desk.refreshKeptKeys()
                scene.link.lower()
                _ = try await desk.send(OutgoingScene.letter())
                scene.clock.pass(.hours(49))
                scene.link.raise()
                #expect(try await desk.flushOutbox().map { $0.reason?.code } == ["expired"])
                #expect(try await scene.submissions(of: desk.party).isEmpty)
            }
        }
    }

    @Test("a \"no\" of the rules is thrown, and the message is not kept")
    func refused() async throws {
        try await OutgoingScene.run { scene in
            try await scene.with(FixtureWorld.envoy) { desk in
                var barred = OutgoingScene.letter()
                barred.legs = [Leg(intermediaries: [], recipient: FixtureWorld.hezbollah.party)]
                let error = await #expect(throws: TransportError.self) { _ = try await desk.send(barred) }
                #expect(error?.reportedCode == "barred")
                #expect(desk.outboxCount == 0)
                let archived = try await desk.archive().summaries().map(\.id)
                let refused = try #require(archived.first)
                #expect(try await desk.unsentMessages() == [refused: .refused(code: "barred")] && archived.count == 1)
                #expect(UnsentMessage.refused(code: "barred").words == "refused: barred")
                #expect(try await Self.archived(desk) == [0, 0, 1])
                // Cancelled is another thing, and neither hides the other.
                let other = try await Self.crafted(desk, revision: Revision(0))
                _ = try await desk.cancelOutboxItem(other.message)
                #expect(
                    try await desk.unsentMessages() == [
                        refused: .refused(code: "barred"), other.message: .withdrawn,
                    ])
            }
        }
    }

    @Test("what was refused for good in the outbox stays so when it is taken out")
    func refusedInOutbox() async throws {
        try await OutgoingScene.run { scene in
            try await scene.with(FixtureWorld.envoy) { desk in
                var item = try await Self.crafted(desk, revision: Revision(0))
                item.reason = OutboxReason(code: "no-channel", message: "There is none.", isFinal: true)
                try await Outbox(desk).write(item)
                #expect(try await desk.unsentMessages() == [item.message: .refused(code: "no-channel")])
                _ = try await desk.cancelOutboxItem(item.message)
                #expect(desk.outboxCount == 0)
                #expect(try await desk.unsentMessages() == [item.message: .refused(code: "no-channel")])
                try await Outbox(desk).reinstate(item.message)
                #expect(try await desk.unsentMessages().isEmpty)
            }
        }
    }

    /// Sent, received and unsent, as the status counts them.
    private static func archived(_ desk: Desk) async throws -> [Int] {
        let archived = try await desk.status().archived
        return [archived.sent, archived.received, archived.unsent]
    }

    /// An item as a crash before any hand-over leaves it.
    static func crafted(_ desk: Desk, revision: Revision) async throws -> OutboxItem {
        let letter = OutgoingScene.letter()
        let expiry = desk.now() + letter.lifetime
        let keys = try await RecipientKeys.find(
            for: letter.readers(own: desk.party), until: expiry, from: .relay, desk: desk)
        let composed = try desk.compose(letter, keys: keys, expiry: expiry, progress: .none)
        let under = desk.charter.inForce.revisions(originator: desk.party, legs: letter.legs)
        let submission = composed.wrapped.submission(
            writtenUnder: WrittenUnder(constitution: revision, rosters: under.rosters), precedence: .routine,
            expiry: expiry)
        let statement = try await desk.statement(.submission(submission), signers: [desk.id.name], window: nil)
        let item = try OutboxItem(
            header: await desk.header(statement, sealedKeys: composed.wrapped.sealedKeys), fields: composed.fields,
            text: composed.text, opening: nil, made: desk.now())
        try await Outbox(desk).add(item, payload: composed.payload)
        return item
    }
}

@Suite("cancelling, and what a crash leaves")
struct OutgoingRepairTests {
    @Test("cancelling says whether the relay may still accept it")
    func cancel() async throws {
        try await OutgoingScene.run { scene in
            try await scene.with(FixtureWorld.envoy) { desk in
                try await desk.refreshKeptKeys()
                scene.link.lower()
                let first = try await desk.send(OutgoingScene.letter())
                guard case .gone(first.message) = try await desk.cancelOutboxItem(first.message) else {
                    Issue.record("it was never handed over")
                    return
                }
                let second = try await desk.send(OutgoingScene.letter())
                var item = try #require(try await desk.outboxItems().first)
                item.begin(at: desk.now())
                try await Outbox(desk).write(item)
                guard case .mayBeAccepted(second.message, let until) = try await desk.cancelOutboxItem(second.message)
                else {
                    Issue.record("it was handed over")
                    return
                }
                #expect(until == item.submitBy && desk.outboxCount == 0)
                #expect(try await Set(desk.unsentMessages().keys) == [first.message, second.message])
                let error = await #expect(throws: DeskError.self) {
                    _ = try await desk.cancelOutboxItem(second.message)
                }
                #expect(error?.code == "not-in-outbox")
            }
        }
    }

    @Test("cancelling what was accepted unheard says so")
    func cancelAccepted() async throws {
        try await OutgoingScene.run { scene in
            try await scene.with(FixtureWorld.envoy) { desk in
                var item = try await OutgoingOutboxTests.crafted(desk, revision: Revision(0))
                try await Self.submit(item, desk)
                item.begin(at: desk.now())
                try await Outbox(desk).write(item)
                guard case .wasAccepted(item.message) = try await desk.cancelOutboxItem(item.message) else {
                    Issue.record("it is in the log")
                    return
                }
                #expect(try await desk.unsentMessages().isEmpty)
            }
        }
    }

    static func submit(_ item: OutboxItem, _ desk: Desk) async throws {
        let path = "\(desk.home.outboxFolder)/\(item.name).payload"
        let bytes = item.header + (try DeskFile.read(path, limit: 1 << 20))
        _ = try await desk.relay.submit(envelope: bytes, submission: try #require(item.signed))
    }

    @Test("an item that a crash kept from the archive is archived by the next flush")
    func archives() async throws {
        try await OutgoingScene.run { scene in
            try await scene.with(FixtureWorld.envoy) { desk in
                let item = try await OutgoingOutboxTests.crafted(desk, revision: Revision(0))
                #expect(try await desk.archive().summary(item.message) == nil)
                #expect(try await desk.flushOutbox().map(\.isAccepted) == [true])
                #expect(try await desk.archive().load(item.message)?.text == item.text)
            }
        }
    }

    @Test("nothing that is written, nor whom it is for, can be read from the files")
    func sealed() async throws {
        try await OutgoingScene.run { scene in
            try await scene.with(FixtureWorld.envoy) { desk in
                try await desk.refreshKeptKeys()
                scene.link.lower()
                let sent = try await desk.send(OutgoingScene.letter())
                let item = try #require(try await desk.outboxItems().first)
                #expect(item.message == sent.message)
                let file = try DeskFile.read("\(desk.home.outboxFolder)/\(item.name).item", limit: 1 << 20)
                for word in ["cedar and cypress", "Cedar", "hezbollah", sent.message.short] {
                    #expect(!Self.contains(file, Array(word.utf8)), "\(word)")
                }
            }
        }
    }

    private static func contains(_ bytes: [UInt8], _ word: [UInt8]) -> Bool {
        guard bytes.count >= word.count else { return false }
        return (0...bytes.count - word.count).contains { bytes[$0..<$0 + word.count].elementsEqual(word) }
    }

    @Test("an item is the same after its way through the disk's form, and a damaged one is named")
    func coding() async throws {
        try await OutgoingScene.run { scene in
            try await scene.with(FixtureWorld.envoy) { desk in
                var item = try await OutgoingOutboxTests.crafted(desk, revision: Revision(0))
                item.begin(at: desk.now())
                item.reason = OutboxReason(code: "busy", message: "later", isFinal: false)
                let bytes = try item.encoded()
                let again = try OutboxItem(decoding: bytes)
                #expect(try again.encoded() == bytes)
                #expect(again.reason == item.reason && again.isHandedOver && again.message == item.message)
                for count in 0..<bytes.count where count % 97 == 0 || count < 64 {
                    #expect(throws: DeskError.self) { _ = try OutboxItem(decoding: Array(bytes.prefix(count))) }
                }
                #expect(throws: DeskError.self) { _ = try OutboxItem(decoding: bytes + [0]) }
                let path = "\(desk.home.outboxFolder)/\(item.name).item"
                var file = try DeskFile.read(path, limit: 1 << 20)
                file[file.count / 2] ^= 1
                try Durable.write(path: path, bytes: file, mode: 0o600, exclusive: false)
                #expect(try await desk.outboxItems().isEmpty)
                #expect(try await desk.damagedOutboxFiles() == [item.name])
                try await desk.removeDamagedOutboxFile(item.name)
                #expect(desk.outboxCount == 0)
            }
        }
    }
}
