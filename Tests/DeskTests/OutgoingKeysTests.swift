import Archive
import Ledger
import Rules
import Sealing
import Statements
import TestKit
import Testing
import Transport

@testable import Desk

@Suite("sealing keys for a desk without a network")
struct OutgoingKeysTests {
    @Test("exported keys let another desk of the party seal without the relay; the letter can be submitted elsewhere")
    func exchange() async throws {
        try await OutgoingScene.run { scene in
            let path = "\(scene.box.site.folder.path)/letter.valise"
            let file = try await scene.with(FixtureWorld.envoy) { try await $0.exportKeys().file }
            scene.link.lower()
            let sealed = try await scene.with(FixtureWorld.deputy) { desk in
                let error = await #expect(throws: DeskError.self) {
                    _ = try await desk.seal(OutgoingScene.letter(), to: path)
                }
                #expect(error?.code == "keys-not-kept")
                let found = try await desk.importKeys(file)
                #expect(found.parties.map(\.party).contains(FixtureWorld.speaker.party))
                return try await desk.seal(Self.direct, to: path)
            }
            scene.link.raise()
            try await scene.with(FixtureWorld.envoy) { desk in
                for _ in 0..<2 {
                    guard case .accepted(let accepted) = try await desk.submitFile(path) else {
                        Issue.record("an envelope is accepted")
                        return
                    }
                    #expect(MessageID(accepted.signed.id) == sealed.message)
                    #expect(accepted.signed.statement.signers == [FixtureWorld.deputy.name])
                }
            }
        }
    }

    /// To a party that the envoy reaches directly.
    private static var direct: Outgoing {
        var letter = OutgoingScene.letter()
        letter.legs = [Leg(intermediaries: [], recipient: FixtureWorld.speaker.party)]
        return letter
    }

    @Test("keys of another party's asking, cut or changed keys, are not taken in")
    func wrongKeys() async throws {
        try await OutgoingScene.run { scene in
            let file = try await scene.with(FixtureWorld.envoy) { try await $0.exportKeys().file }
            try await scene.with(FixtureWorld.speaker) { desk in
                let error = await #expect(throws: DeskError.self) { _ = try await desk.importKeys(file) }
                #expect(error?.code == "keys-file-wrong" && error?.kind == .verification)
            }
            try await scene.with(FixtureWorld.deputy) { desk in
                for place in stride(from: 0, to: file.count, by: max(1, file.count / 60)) {
                    var changed = file
                    changed[place] ^= 1
                    await #expect(throws: (any Error).self, "byte \(place)") { _ = try await desk.importKeys(changed) }
                }
                let kept = try await KeysKept(desk).load()
                #expect(kept == nil)
            }
        }
    }

    @Test("a file is never overwritten unless that is asked for")
    func noOverwriting() async throws {
        try await OutgoingScene.run { scene in
            let path = "\(scene.box.site.folder.path)/taken.valise"
            try DeskFile.write(path, [1, 2, 3])
            try await scene.with(FixtureWorld.envoy) { desk in
                try await desk.refreshKeptKeys()
                let error = await #expect(throws: DeskError.self) { _ = try await desk.seal(Self.direct, to: path) }
                #expect(error?.code == "file-exists")
                #expect(try DeskFile.read(path, limit: 10) == [1, 2, 3])
                _ = try await desk.seal(Self.direct, to: path, overwrite: true)
                #expect(try DeskFile.read(path, limit: 1 << 20).count > 1_000)
            }
        }
    }
}

@Suite("answering and passing on")
struct OutgoingConversationTests {
    @Test("a reply goes the same way back, and a subject says Re: once")
    func reply() async throws {
        try await OutgoingScene.run { scene in
            let sent = try await scene.with(FixtureWorld.envoy) { desk in
                try await desk.send(OutgoingScene.letter(subject: "Terms"))
            }
            try await Self.carry(sent.message, scene)
            try await scene.with(FixtureWorld.hezbollah) { desk in
                _ = try await desk.read(sent.message)
                let basis = try await desk.replyBasis(sent.message)
                #expect(
                    basis.legs == [
                        Leg(intermediaries: [FixtureWorld.speaker.party], recipient: FixtureWorld.envoy.party)
                    ])
                #expect(basis.subject == "Re: Terms")
            }
            try await scene.with(FixtureWorld.envoy) { desk in
                let again = try await desk.replyBasis(sent.message)
                #expect(again.legs == OutgoingScene.letter().legs)
                let unknown = MessageID(Hash.sha256([1]))
                let error = await #expect(throws: DeskError.self) { _ = try await desk.replyBasis(unknown) }
                #expect(error?.code == "not-in-archive")
            }
        }
    }

    private static func carry(_ message: MessageID, _ scene: OutgoingScene) async throws {
        try await scene.with(FixtureWorld.speaker) { desk in
            let leg = try #require(try await desk.message(message).leg(of: desk.party))
            _ = try await desk.say(.conveyance(LegReference(message: message, leg: leg)))
        }
    }

    @Test("a withheld source is revealed by its opening and the log's proof; a named one has nothing to reveal")
    func reveal() async throws {
        try await OutgoingScene.run { scene in
            let source = try await scene.with(FixtureWorld.envoy) { desk in
                var letter = OutgoingScene.letter()
                letter.legs = [Leg(intermediaries: [], recipient: FixtureWorld.speaker.party)]
                return try await desk.send(letter).message
            }
            try await scene.with(FixtureWorld.speaker) { desk in
                let unread = await #expect(throws: DeskError.self) { _ = try await desk.restatable(source) }
                #expect(unread?.code == "not-in-archive")
                _ = try await desk.read(source)
                _ = try await desk.restatable(source)
                var words = OutgoingScene.letter("in my own words")
                words.legs = [Leg(intermediaries: [], recipient: FixtureWorld.hezbollah.party)]
                words.source = .withheld(source)
                words.manner = .summarised
                let restated = try await desk.send(words).message
                let (legs, part) = try await desk.reveal(restated)
                #expect(legs == words.legs && part.mediaType == Reveal.mediaType)
                let found = try Reveal(der: part.bytes, limit: ContentBounds.reveal)
                #expect(found.opening.source == source && found.restatement == restated)
                words.source = .named(source)
                let named = try await desk.send(words).message
                let error = await #expect(throws: DeskError.self) { _ = try await desk.reveal(named) }
                #expect(error?.code == "nothing-withheld")
            }
        }
    }
}
