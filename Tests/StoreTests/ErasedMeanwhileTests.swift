import Dispatch
import GRDB
import Glibc
import Ledger
import Statements
import Store
@testable import StoreSQLite
import Synchronization
import TestKit
import Testing

@Suite("A backup and a check beside a relay that erases")
struct ErasedMeanwhileTests {
    @Test("a content that is erased between the copy of the database and that of its file is in no part of a backup")
    func backup() async throws {
        let place = try SQLitePlace()
        defer { place.remove() }
        let folder = try TemporaryFolder()
        var (scene, store) = try await ErasureScene.begun(in: place)
        var files: [String: MessageID] = [:]
        for number in 0..<4 {
            let bytes = FixtureWorld.bytes("large \(number)", 200_000)
            let staged = try await EnvelopeConformance.stage(bytes, in: store)
            files[staged.name] = try await scene.submit(.staged(staged), bytes.count, to: store)
        }
        try await scene.settle(Array(files.values), in: store)
        scene.log.wait(ErasureScene.retention)
        // One that was copied by then, and one that was not: they come in the order of their names.
        let names = files.keys.sorted()
        let gone = [names[0], names[2]]
        let (copied, erased) = (AsyncStream.makeStream(of: Void.self), DispatchSemaphore(value: 0))
        let making = StoreBackup(of: place.store, to: folder.path + "/backup", at: FixtureWorld.standardStart) {
            done, _ in
            guard done == 2 else { return }
            copied.continuation.finish()
            erased.wait()
            erased.signal()
        }
        let backup = Task.detached { try making.make() }
        for await _ in copied.stream {}
        try await store.commit(scene.erasure(gone.compactMap { files[$0] }))
        #expect(try await store.finishErasures() || SQLitePlace.names(place.store + "/envelopes").count == 2)
        erased.signal()
        let manifest = try await backup.value
        let head = try #require(try await store.load()).head
        let kept = [names[1], names[3]]
        #expect(manifest.head == head)
        #expect(manifest.files.map(\.path) == kept.map { "envelopes/\($0)" } + ["log.sqlite"])
        #expect(folder.names(in: "backup/envelopes") == kept)
        #expect(folder.names(in: "backup") == ["envelopes", "log.sqlite", "manifest"])
        try await store.close()
    }

    @Test("a file that a log refers to and does not have fails a backup at once")
    func missing() async throws {
        let copy = try await RealStore.shared.value.copy()
        unlink("\(copy.path)/envelopes/\(try #require(copy.envelopes.first))")
        let error = #expect(throws: StoreError.self) {
            try StoreBackup(of: copy.path, to: "\(copy.beside)/backup", at: FixtureWorld.standardStart).make()
        }
        #expect(error?.code == .notFound)
        #expect(SQLitePlace.names(copy.beside) == ["data"])
    }

    @Test("what was erased, removed or signed while a check read an older commit is no difference")
    func check() async throws {
        let copy = try await RealStore.shared.value.copy()
        let envelope = try #require(copy.envelopes.first)
        let (draft, upload) = (String(repeating: "a", count: 32), String(repeating: "b", count: 32))
        for file in [draft, upload] { try SQLitePlace.put([1], at: "\(copy.path)/envelopes/\(file)") }
        try copy.change(
            """
            INSERT INTO drafts (id, party, submit_by, statement, size, file)
            VALUES (zeroblob(32), 'us-envoy', 1, x'00', 1, '\(draft)');
            INSERT INTO uploads VALUES ('envelope', zeroblob(32), 'us-envoy', 9, 1, 1, '\(upload)');
            """)
        let began = Began()
        let report = try StoreCheck(directory: copy.path) { step in
            guard case .entries = step, began.first() else { return }
            do {
                try copy.change("DELETE FROM envelopes WHERE file IS NOT NULL; DELETE FROM drafts; DELETE FROM uploads")
            } catch { Issue.record(error) }
            for file in [envelope, draft, upload] { unlink("\(copy.path)/envelopes/\(file)") }
        }.run()
        #expect(!began.first())
        #expect(report.isGood, "\(report.differences.map(\.sentence))")
        // The rows are there again, and the files are not.
        let other = try await RealStore.shared.value.copy()
        for file in other.envelopes { unlink("\(other.path)/envelopes/\(file)") }
        #expect(try other.check().differences.map(\.kind) == [.payloadMissing])
    }

    /// What a relay may have kept in place of an auditor's verdict.
    enum Kept: CaseIterable, Sendable {
        case good, bytes, otherSigner, otherSlot, otherRoot, longerLog, otherCharter, otherSignature
    }

    @Test("a kept verdict is its auditor's, and on this log", arguments: Kept.allCases)
    func verdicts(kept: Kept) async throws {
        let real = try await RealStore.shared.value
        let copy = try real.copy()
        let auditor = FixtureWorld.envoy
        let head = try #require(try copy.check().head)
        let judged =
            switch kept {
            case .otherRoot: LogHead(size: head.size, root: Hash.sha256([1]))
            case .longerLog: LogHead(size: TreeSize(rawValue: head.size.rawValue + 1), root: head.root)
            default: head
            }
        let charter = kept == .otherCharter ? CharterID(Hash.sha256([2])) : real.world.charter.id
        let verdict = Verdict(
            charter: charter, auditor: auditor, rulesVersion: 1, head: judged, at: FixtureWorld.standardStart,
            finding: nil, scopes: [])
        let signer = kept == .otherSigner ? FixtureWorld.speaker : auditor
        var bytes = try await SignedVerdict.sign(verdict) { try real.world.sign($0, by: signer) }.derBytes()
        if kept == .otherSignature { bytes[bytes.count - 1] ^= 1 }
        if kept == .bytes { bytes.removeLast() }
        let slot = NoteSlot.verdict(kept == .otherSlot ? FixtureWorld.deputy : auditor).name
        try copy.change("INSERT INTO notes VALUES ('\(slot)', x'\(Hex.encode(bytes))')")
        let found = try copy.check().differences
        #expect(found.map(\.kind) == (kept == .good ? [] : [.note]), "\(found.map(\.sentence))")
        #expect(found.allSatisfy { $0.sentence.contains(slot) })
    }
}

/// Whether something was asked before.
private final class Began: Sendable {
    private let wasAsked = Mutex(false)

    func first() -> Bool {
        wasAsked.withLock { wasAsked in
            defer { wasAsked = true }
            return !wasAsked
        }
    }
}
