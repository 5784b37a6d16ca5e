import Archive
import Foundation
import Keyring
import Ledger
import Rules
import Sealing
import Statements
import TestKit
import Testing
import Transport

@testable import Desk

/// Letters with attachments from the envoy to the speaker, whose desks stand beside a relay.
struct KeptPayloadScene {
    let bench: DeskBench
    let annex = FixtureWorld.bytes("an annex", 200_000)

    var saved: String { "\(bench.folder.path)/saved" }
    var options: ReadOptions { ReadOptions(folder: saved) }

    func letter(attachments: Int = 1) throws -> Outgoing {
        var letter = Outgoing(
            legs: [RelayInABox.toSpeaker], subject: "Annexed", precedence: .routine, lifetime: .hours(48),
            text: Array("See the annex.".utf8), attachments: [], openToIntermediaries: false)
        for number in 0..<attachments {
            let path = "\(bench.folder.path)/annex-\(number).bin"
            try DeskFile.write(path, annex)
            letter.attachments.append(AttachedFile(path: path))
        }
        return letter
    }

    func send(_ letter: Outgoing? = nil) async throws -> MessageID {
        let sent = try await bench.desk(FixtureWorld.envoy).send(letter ?? self.letter())
        try #require(sent.isAccepted)
        return sent.message
    }

    /// What is in the folder that attachments are saved into, by name.
    func files() -> [String] { bench.folder.names(in: "saved") }

    func bytes(_ name: String) throws -> [UInt8] { try DeskFile.read("\(saved)/\(name)", limit: 1 << 20) }

    /// Names below a folder of a desk's home.
    static func names(_ desk: Desk, _ folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "\(desk.home.path)/\(folder)")) ?? []).sorted()
    }

    static func contains(_ bytes: [UInt8], _ word: String) -> Bool {
        Data(bytes).range(of: Data(word.utf8)) != nil
    }
}

@Suite("A message with attachments keeps its sealed payload")
struct KeptPayloadTests {
    @Test("what was read is saved again without relay and sealing keys, verified, and no name of the header is kept")
    func received() async throws {
        try await DeskBench.run { bench in
            let scene = KeptPayloadScene(bench: bench)
            let desk = try bench.desk(FixtureWorld.speaker)
            let id = try await RelayInABox.run(bench.site) { _ in
                let id = try await scene.send()
                let read = try await desk.read(id)
                #expect(read.place == .relay && read.isPayloadKept && read.attachments.map(\.path) == [nil])
                return id
            }
            #expect(KeptPayloadScene.names(desk, "downloads").isEmpty)
            let path = try await desk.archive().payloads.path(of: id)
            let kept = try DeskFile.read(path, limit: 1 << 20)
            #expect(kept.prefix(64).allSatisfy { $0 == 0 })
            for word in ["valise", "us-envoy", "lebanon-speaker"] {
                #expect(!KeptPayloadScene.contains(kept, word), "\(word)")
            }
            for name in try desk.home.sealingKeyNames() {
                try DeskFile.remove("\(desk.home.keysFolder)/sealing-\(name).pem")
            }
            let again = try bench.desk(FixtureWorld.speaker)
            let read = try await again.read(id, scene.options)
            guard case .archive(.received, _) = read.place else {
                Issue.record("it came from \(read.place)")
                return
            }
            #expect(read.tracked == nil && read.text == Array("See the annex.".utf8) && read.isPayloadKept)
            #expect(scene.files() == ["annex-0.bin"])
            #expect(try scene.bytes("annex-0.bin") == scene.annex)
            #expect(try DeskFile.read(path, limit: 1 << 20) == kept)
        }
    }

    @Test("what was sent is kept too, under no name of its own in the outbox or the state folder")
    func sent() async throws {
        try await DeskBench.run { bench in
            let scene = KeptPayloadScene(bench: bench)
            let desk = try bench.desk(FixtureWorld.envoy)
            let id = try await RelayInABox.run(bench.site) { _ in try await scene.send(scene.letter(attachments: 2)) }
            #expect(KeptPayloadScene.names(desk, "outbox").filter { $0 != "withdrawn.lock" }.isEmpty)
            #expect(KeptPayloadScene.names(desk, "state").filter { $0.hasPrefix("spool-") }.isEmpty)
            let read = try await desk.read(id, scene.options)
            guard case .archive(.sent, _) = read.place else {
                Issue.record("it came from \(read.place)")
                return
            }
            #expect(scene.files() == ["annex-0.bin", "annex-1.bin"])
            #expect(try scene.bytes("annex-1.bin") == scene.annex)
            #expect(try await desk.archiveReport().kept.items.map(\.summary.id) == [id])
        }
    }

    @Test("without attachments nothing is kept, at either end")
    func without() async throws {
        try await DeskBench.atRelay { bench, _ in
            let scene = KeptPayloadScene(bench: bench)
            let id = try await scene.send(scene.letter(attachments: 0))
            let desk = try bench.desk(FixtureWorld.speaker)
            #expect(try await !desk.read(id).isPayloadKept)
            #expect(KeptPayloadScene.names(desk, "downloads").isEmpty)
            for end in [desk, try bench.desk(FixtureWorld.envoy)] {
                #expect(try await end.archiveReport().kept.items.isEmpty)
                #expect(try await end.archive().load(id)?.contentKey == nil)
                #expect(!DeskFile.exists("\(end.home.archiveFolder)/payloads"))
            }
        }
    }

    @Test("a kept payload that was changed anywhere saves nothing and says so")
    func damaged() async throws {
        try await DeskBench.run { bench in
            let scene = KeptPayloadScene(bench: bench)
            let id = try await RelayInABox.run(bench.site) { _ in try await scene.send() }
            let desk = try bench.desk(FixtureWorld.envoy)
            let path = try await desk.archive().payloads.path(of: id)
            let whole = try DeskFile.read(path, limit: 1 << 20)
            var cases = [0, 15, whole.count / 2, whole.count - 1].map { offset in
                var bent = whole
                bent[offset] ^= 1
                return bent
            }
            cases += [Array(whole.dropLast()), Array(whole.dropFirst()), whole + [0], []]
            for (number, bytes) in cases.enumerated() {
                try Durable.write(path: path, bytes: bytes, mode: 0o600, exclusive: false)
                let error = await #expect(throws: DeskError.self, "case \(number)") {
                    _ = try await desk.read(id, scene.options)
                }
                #expect(error?.code == "payload-damaged" && error?.kind == .verification, "case \(number)")
                #expect(scene.files().isEmpty, "case \(number)")
            }
            try Durable.write(path: path, bytes: [1, 2, 3] + whole, mode: 0o600, exclusive: false)
            _ = try await desk.read(id, scene.options)
            #expect(try scene.bytes("annex-0.bin") == scene.annex)
        }
    }

    @Test("what was let go of is fetched once more and kept again; what was sent is gone, and says so")
    func dropped() async throws {
        try await DeskBench.atRelay { bench, _ in
            let scene = KeptPayloadScene(bench: bench)
            let id = try await scene.send()
            let (envoy, speaker) = (try bench.desk(FixtureWorld.envoy), try bench.desk(FixtureWorld.speaker))
            _ = try await speaker.read(id)
            for desk in [envoy, speaker] {
                let size = try await desk.keptPayloadSize(of: id)
                #expect(size > 200_000)
                #expect(try await desk.dropPayload(of: id) == size)
                let error = await #expect(throws: DeskError.self) { _ = try await desk.keptPayloadSize(of: id) }
                #expect(error?.code == "nothing-kept")
                #expect(try await !desk.read(id).isPayloadKept)
            }
            // The record still has the content key: the sealing keys may be gone.
            for name in try speaker.home.sealingKeyNames() {
                try DeskFile.remove("\(speaker.home.keysFolder)/sealing-\(name).pem")
            }
            let read = try await bench.desk(FixtureWorld.speaker).read(id, scene.options)
            #expect(read.place == .relay && read.isPayloadKept && scene.files() == ["annex-0.bin"])
            let error = await #expect(throws: DeskError.self) { _ = try await envoy.read(id, scene.options) }
            #expect(error?.code == "attachments-not-kept" && error?.kind == .notFound)
            let unknown = await #expect(throws: DeskError.self) {
                _ = try await envoy.keptPayloadSize(of: MessageID(.zero))
            }
            #expect(unknown?.code == "not-archived")
        }
    }

    @Test("a message that is sealed into a file keeps its payload; one that is opened from a file keeps none")
    func airGap() async throws {
        try await DeskBench.atRelay { bench, _ in
            let scene = KeptPayloadScene(bench: bench)
            let (envoy, speaker) = (try bench.desk(FixtureWorld.envoy), try bench.desk(FixtureWorld.speaker))
            try await envoy.refreshKeptKeys()
            let file = "\(bench.folder.path)/letter.valise"
            let sealed = try await envoy.seal(scene.letter(), to: file)
            #expect(try await envoy.archiveReport().kept.items.map(\.summary.id) == [sealed.message])
            let before = try DeskFile.read(file, limit: 1 << 20)
            let opened = try await speaker.open(file: file, ReadOptions())
            #expect(opened.read.place == .file && !opened.read.isPayloadKept)
            #expect(try await speaker.archive().load(sealed.message)?.contentKey == nil)
            #expect(try DeskFile.read(file, limit: 1 << 20) == before)
            let path = try await envoy.archive().payloads.path(of: sealed.message)
            #expect(try before.suffix(Int(sealed.payloadSize)) == DeskFile.read(path, limit: 1 << 20)[...])
        }
    }
}
