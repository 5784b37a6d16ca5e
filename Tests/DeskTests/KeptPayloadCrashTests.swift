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

/// What a crash between two steps leaves is put there by hand; the next run makes it good.
@Suite("A crash while a payload is kept")
struct KeptPayloadCrashTests {
    @Test("after the record, before the payload: the complete download is taken by the next read, without the relay")
    func download() async throws {
        try await DeskBench.run { bench in
            let scene = KeptPayloadScene(bench: bench)
            let desk = try bench.desk(FixtureWorld.speaker)
            let id = try await RelayInABox.run(bench.site) { _ in
                let id = try await scene.send()
                let tracked = try await desk.message(id)
                let own = try Set(desk.ownKeys(among: tracked.state.submission.sealedTo))
                try await desk.retrieve(tracked, leg: desk.readingLeg(of: tracked), canOpen: true)
                let (opened, file) = try await desk.fetchAndOpen(tracked, own: own, ReadOptions())
                try await desk.archive().add(
                    ArchivedMessage(
                        direction: .received, submission: tracked.signed, at: desk.now(), fields: opened.fields,
                        text: opened.text, sourceOpening: nil, contentKey: opened.contentKey))
                _ = file
                return id
            }
            #expect(KeptPayloadScene.names(desk, "downloads") == ["\(id.short).part", "\(id.short).part.lock"])
            let read = try await desk.read(id, scene.options)
            #expect(read.place != .relay && read.isPayloadKept)
            #expect(try scene.bytes("annex-0.bin") == scene.annex)
            #expect(KeptPayloadScene.names(desk, "downloads").isEmpty)
        }
    }

    @Test("after the header was blanked, before the payload had its name: it is fetched again and kept")
    func blanked() async throws {
        try await DeskBench.atRelay { bench, _ in
            let scene = KeptPayloadScene(bench: bench)
            let desk = try bench.desk(FixtureWorld.speaker)
            let id = try await scene.send()
            _ = try await desk.read(id)
            let payload = try await desk.archive().payloads.path(of: id)
            try FileManager.default.moveItem(
                atPath: payload, toPath: PartialDownload.path(of: id, home: desk.home))
            #expect(try await !desk.read(id).isPayloadKept)
            #expect(KeptPayloadScene.names(desk, "downloads").isEmpty, "what cannot be taken up is not left")
            let read = try await desk.read(id, scene.options)
            #expect(read.place == .relay && read.isPayloadKept)
            #expect(try scene.bytes("annex-0.bin") == scene.annex)
            try DeskFile.write("\(PartialDownload.path(of: id, home: desk.home)).lock", [])
            #expect(try await desk.read(id).isPayloadKept)
            #expect(KeptPayloadScene.names(desk, "downloads").isEmpty, "nor is a lock without its file")
        }
    }

    @Test("a record of version 0.1 has no key: its attachments come from the relay, and are not kept")
    func earlierRecord() async throws {
        try await DeskBench.atRelay { bench, _ in
            let scene = KeptPayloadScene(bench: bench)
            let desk = try bench.desk(FixtureWorld.speaker)
            let id = try await scene.send()
            let tracked = try await desk.message(id)
            try await desk.retrieve(tracked, leg: desk.readingLeg(of: tracked), canOpen: true)
            let kept = try #require(try await bench.desk(FixtureWorld.envoy).archive().load(id))
            try await desk.archive().add(
                ArchivedMessage(
                    direction: .received, submission: kept.submission, at: kept.at, fields: kept.fields,
                    text: kept.text, sourceOpening: nil))
            let read = try await desk.read(id, scene.options)
            #expect(read.place == .relay && !read.isPayloadKept && scene.files() == ["annex-0.bin"])
            #expect(KeptPayloadScene.names(desk, "downloads").isEmpty)
        }
    }

    /// A letter that the relay has accepted and whose item is in the outbox still.
    private func unsettled(_ scene: OutgoingScene, _ desk: Desk) async throws -> (OutboxItem, Outbox) {
        scene.link.lower()
        var letter = OutgoingScene.letter()
        letter.inMemory = [AttachedBytes(name: "a.bin", mediaType: "application/x", bytes: [1, 2, 3])]
        _ = try await desk.send(letter)
        scene.link.raise()
        return (try #require(try await desk.outboxItems().first), try await Outbox(desk))
    }

    @Test(
        "before the payload has its second name, with both, and without an item: the next flush ends it",
        arguments: 0..<3)
    func outbox(step: Int) async throws {
        try await OutgoingScene.run { scene in
            try await scene.with(FixtureWorld.envoy) { desk in
                try await desk.refreshKeptKeys()
                let (item, _) = try await unsettled(scene, desk)
                #expect(item.contentKey != nil)
                let archive = try await desk.archive()
                let payload = "\(desk.home.outboxFolder)/\(item.name).payload"
                try archive.payloads.keep(item.message) { step == 0 || link(payload, $0) }
                if step == 2 {
                    try DeskFile.remove("\(desk.home.outboxFolder)/\(item.name).item")
                    try FileManager.default.setAttributes(
                        [.modificationDate: Date(timeIntervalSinceNow: -3_600)], ofItemAtPath: payload)
                }
                let flushed = try await desk.flushOutbox()
                #expect(flushed.map(\.isAccepted) == (step == 2 ? [] : [true]), "step \(step)")
                let left = KeptPayloadScene.names(desk, "outbox").filter { !$0.hasPrefix("withdrawn") }
                #expect(left.isEmpty, "step \(step)")
                #expect(archive.payloads.has(item.message), "step \(step)")
            }
        }
    }

    private func link(_ from: String, _ to: String) -> Bool {
        (try? FileManager.default.linkItem(atPath: from, toPath: to)) != nil
    }

    @Test("the archive has the payload before anything goes from the outbox")
    func order() async throws {
        try await OutgoingScene.run { scene in
            try await scene.with(FixtureWorld.envoy) { desk in
                try await desk.refreshKeptKeys()
                let (item, outbox) = try await unsettled(scene, desk)
                let archive = try await desk.archive()
                // What cannot be removed stops it there, as a crash would.
                let file = "\(desk.home.outboxFolder)/\(item.name).item"
                try FileManager.default.removeItem(atPath: file)
                try FileManager.default.createDirectory(atPath: file, withIntermediateDirectories: false)
                #expect(throws: DeskError.self) { try outbox.settle(item, to: archive.payloads) }
                #expect(archive.payloads.has(item.message))
                #expect(DeskFile.exists("\(desk.home.outboxFolder)/\(item.name).payload"))
            }
        }
    }

    @Test("where a file has one name only, the payload is moved")
    func withoutLinks() async throws {
        try await OutgoingScene.run { scene in
            try await scene.with(FixtureWorld.envoy) { desk in
                try await desk.refreshKeptKeys()
                let (item, outbox) = try await unsettled(scene, desk)
                let archive = try await desk.archive()
                try outbox.settle(item, to: archive.payloads, hasSecondNames: false)
                #expect(archive.payloads.has(item.message))
                #expect(KeptPayloadScene.names(desk, "outbox").isEmpty)
            }
        }
    }

    @Test("cancelling lets go of a payload that nobody can have, and keeps one that the relay may still accept")
    func cancelled() async throws {
        try await OutgoingScene.run { scene in
            try await scene.with(FixtureWorld.envoy) { desk in
                try await desk.refreshKeptKeys()
                let (gone, outbox) = try await unsettled(scene, desk)
                guard case .gone = try await desk.cancelOutboxItem(gone.message) else {
                    Issue.record("it was never handed over")
                    return
                }
                let archive = try await desk.archive()
                #expect(!archive.payloads.has(gone.message))
                var (item, _) = try await unsettled(scene, desk)
                item.begin(at: desk.now())
                try outbox.write(item)
                guard case .mayBeAccepted = try await desk.cancelOutboxItem(item.message) else {
                    Issue.record("it was handed over")
                    return
                }
                #expect(archive.payloads.has(item.message))
                #expect(KeptPayloadScene.names(desk, "outbox").filter { !$0.hasPrefix("withdrawn") }.isEmpty)
            }
        }
    }

    @Test("an item has its content key on the disk; one of version 0.1 has none, and is read")
    func items() async throws {
        try await OutgoingScene.run { scene in
            try await scene.with(FixtureWorld.envoy) { desk in
                try await desk.refreshKeptKeys()
                let (item, _) = try await unsettled(scene, desk)
                let bytes = try item.encoded()
                #expect(try OutboxItem(decoding: bytes).contentKey?.bytes == item.contentKey?.bytes)
                let earlier = Array(bytes.dropLast(4 + ContentKey.byteCount))
                let read = try OutboxItem(decoding: earlier)
                #expect(read.contentKey == nil && read.fields == item.fields && read.archived()?.contentKey == nil)
                #expect(throws: DeskError.self) { _ = try OutboxItem(decoding: Array(bytes.dropLast())) }
                #expect(throws: DeskError.self) { _ = try OutboxItem(decoding: earlier + [0, 0, 0, 1, 7]) }
            }
        }
    }

    @Test("a payload that a run holds is no orphan, however old it is, and neither is that of a draft")
    func orphans() async throws {
        let folder = try TemporaryFolder()
        let home = DeskHome(path: folder.path)
        try home.prepare()
        for name in ["held.payload", "orphan.payload", "draft.payload", "draft.draft", "item.payload", "item.item"] {
            let path = "\(home.outboxFolder)/\(name)"
            try DeskFile.write(path, [1])
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -3_600)], ofItemAtPath: path)
        }
        try DeskFile.write("\(home.outboxFolder)/fresh.payload", [1])
        let held = try SpoolFile.open("\(home.outboxFolder)/held.payload")
        #expect(held.lock())
        Outbox.removeOrphans(in: home)
        #expect(
            folder.names(in: "outbox") == [
                "draft.draft", "draft.payload", "fresh.payload", "held.payload", "item.item", "item.payload",
            ])
        held.unlock()
        Outbox.removeOrphans(in: home)
        #expect(!folder.names(in: "outbox").contains("held.payload"))
    }
}
