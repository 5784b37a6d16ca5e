import Audit
import Foundation
import Glibc
import Ledger
import Statements
import Store
@testable import StoreSQLite
import TestKit
import Testing

@Suite("A backup is whole at one size, and is restored only if all of it is right")
struct BackupTests {
    private static let time = Timestamp(milliseconds: 1_800_000_000_000)

    private static func back(_ copy: RealCopy, _ name: String = "backup", base: String? = nil) throws -> BackupManifest
    {
        try StoreBackup(
            of: copy.path, to: "\(copy.beside)/\(name)", base: base.map { "\(copy.beside)/\($0)" }, at: time
        ).make()
    }

    private static func restore(_ copy: RealCopy, _ name: String = "backup", to: String = "restored") throws
        -> (manifest: BackupManifest, report: StoreCheckReport)
    {
        mkdir("\(copy.beside)/\(to)", 0o700)
        return try StoreRestore(from: "\(copy.beside)/\(name)", to: "\(copy.beside)/\(to)").run()
    }

    private static func names(_ copy: RealCopy, _ path: String) -> [String] {
        SQLitePlace.names("\(copy.beside)/\(path)")
    }

    @Test("what is restored is the store that was backed up, and opens")
    func wholeWay() async throws {
        let copy = try await RealStore.shared.value.copy()
        let manifest = try Self.back(copy)
        #expect(Self.names(copy, "") == ["backup", "data"])
        #expect(Self.names(copy, "backup") == ["envelopes", "log.sqlite", "manifest"])
        #expect(manifest.files.count == 1 + copy.envelopes.count)
        #expect(SQLitePlace.mode("\(copy.beside)/backup") == 0o700)
        #expect(SQLitePlace.mode("\(copy.beside)/backup/log.sqlite") == 0o600)
        let restored = try Self.restore(copy)
        #expect(restored.manifest == manifest && restored.report.isGood)
        #expect(restored.manifest.head == (try copy.check().head))
        let store = try SQLiteStore.open(directory: "\(copy.beside)/restored")
        #expect(try await store.load()?.head == manifest.head)
        try await store.close()
    }

    @Test("copies that are taken while messages come are each whole, and at a size that was signed")
    func whileCommitting() async throws {
        let site = try RelaySite()
        let folder = site.folder.path
        try await RelayInABox.run(site) { box in
            let sender = Task {
                var heads: Set<LogHead> = []
                while !Task.isCancelled { heads.insert(try await box.accept(box.envelope()).head) }
                return heads
            }
            var taken: [LogHead] = []
            for number in 0..<4 {
                // It has grown since the copy before.
                while box.head == taken.last { await Task.yield() }
                let base = number == 0 ? nil : "\(folder)/backup\(number - 1)"
                taken.append(
                    try StoreBackup(of: "\(folder)/data", to: "\(folder)/backup\(number)", base: base, at: Self.time)
                        .make().head)
            }
            sender.cancel()
            let heads = try await sender.value
            for (number, head) in taken.enumerated() {
                mkdir("\(folder)/restored\(number)", 0o700)
                let back = StoreRestore(from: "\(folder)/backup\(number)", to: "\(folder)/restored\(number)")
                #expect(try back.run().report.head == head)
                #expect(number == 0 || heads.contains(head) || head == taken[number - 1], "copy \(number)")
            }
            #expect(Set(taken).count > 1, "nothing was committed meanwhile")
            #expect(try await box.audit().report.isGood)
        }
    }

    @Test("envelope files that the base has are shared with it, and damaged ones are copied anew")
    func incremental() async throws {
        let copy = try await RealStore.shared.value.copy()
        let first = try Self.back(copy, "one")
        let name = try #require(copy.envelopes.first)
        #expect(try Self.back(copy, "two", base: "one").files == first.files)
        let inode = { (backup: String) in
            try FileManager.default.attributesOfItem(atPath: "\(copy.beside)/\(backup)/envelopes/\(name)")[
                .systemFileNumber] as? Int
        }
        #expect(try inode("one") == inode("two"))
        try SQLitePlace.put([0, 1, 2, 3], at: "\(copy.beside)/one/envelopes/\(name)", offset: 500)
        #expect(try Self.back(copy, "three", base: "one").files == first.files)
        #expect(try inode("one") != inode("three"))
        #expect(try Self.restore(copy, "three").report.isGood)
    }

    @Test("a backup with a changed bit is refused, and leaves nothing behind")
    func damaged() async throws {
        let copy = try await RealStore.shared.value.copy()
        _ = try Self.back(copy)
        let name = try #require(copy.envelopes.first)
        for file in ["log.sqlite", "envelopes/\(name)", "manifest"] {
            let path = "\(copy.beside)/backup/\(file)"
            let whole = try SQLiteTests.contents(path)
            for place in [30, whole.count / 2, whole.count - 3] {
                try SQLitePlace.put([whole[place] ^ 1], at: path, offset: place)
                let error = #expect(throws: StoreError.self) { try Self.restore(copy) }
                #expect(error?.code == .damaged || error?.code == .notFound, "\(file) at \(place)")
                #expect(Self.names(copy, "restored").isEmpty, "\(file) at \(place)")
                try SQLitePlace.put(whole, at: path)
                mkdir("\(copy.beside)/restored", 0o700)
            }
        }
        #expect(try Self.restore(copy).report.isGood)
    }

    @Test("damage of the store is found when its backup is restored, although the digests agree")
    func damagedSource() async throws {
        let copy = try await RealStore.shared.value.copy()
        try copy.change("UPDATE entries SET bytes = zeroblob(length(bytes)) WHERE idx = 7")
        _ = try Self.back(copy)
        #expect(throws: StoreError.self) { try Self.restore(copy) }
    }

    @Test("nothing is overwritten: neither a backup, nor a folder with anything in it but a lock")
    func overwriting() async throws {
        let copy = try await RealStore.shared.value.copy()
        _ = try Self.back(copy)
        #expect((#expect(throws: StoreError.self) { try Self.back(copy) })?.code == .conflict)
        mkdir("\(copy.beside)/restored", 0o700)
        try SQLitePlace.put([1], at: "\(copy.beside)/restored/lock")
        #expect(try Self.restore(copy).report.isGood)
        #expect((#expect(throws: StoreError.self) { try Self.restore(copy) })?.code == .conflict)
        #expect(Self.names(copy, "restored") == ["envelopes", "lock", "log.sqlite"])
    }

    @Test("what a backup that was stopped has left is cleared away by the next one; other things are not")
    func leftOver() async throws {
        let copy = try await RealStore.shared.value.copy()
        mkdir("\(copy.beside)/backup.part", 0o700)
        try SQLitePlace.put([1], at: "\(copy.beside)/backup.part/log.sqlite")
        _ = try Self.back(copy)
        #expect(Self.names(copy, "") == ["backup", "data"])
        mkdir("\(copy.beside)/other.part", 0o700)
        try SQLitePlace.put([1], at: "\(copy.beside)/other.part/mine")
        #expect(throws: StoreError.self) { try Self.back(copy, "other") }
        #expect(Self.names(copy, "other.part") == ["mine"])
    }

    @Test("a manifest that is longer than its files account for is refused; one of very many files is not too long")
    func longManifest() async throws {
        let copy = try await RealStore.shared.value.copy()
        let manifest = try Self.back(copy)
        let path = "\(copy.beside)/backup/\(BackupManifest.name)"
        let filler = String(repeating: "# padding padding\n", count: 10_000)
        try SQLitePlace.put(Array(manifest.text.replacing("# size", with: filler + "# size").utf8), at: path)
        let error = #expect(throws: StoreError.self) { try Self.restore(copy) }
        #expect(error?.code == .damaged && error?.message.contains("longer than its files") == true, "\(error as Any)")
        #expect(Self.names(copy, "restored").isEmpty)
        unlink(path)
        try SQLitePlace.put(Array(manifest.text.utf8), at: path)
        #expect(try Self.restore(copy).report.isGood)

        let count = 200_000
        let envelopes = (0..<count).map { number in
            let name = String(repeating: "f", count: 26) + String(100_000 + number, radix: 10)
            return BackupManifest.File(path: "envelopes/\(name)", digest: manifest.files[0].digest)
        }
        let many = BackupManifest(
            head: manifest.head, charter: manifest.charter, schema: manifest.schema, madeAt: manifest.madeAt,
            files: manifest.files.filter { !$0.path.hasPrefix("envelopes/") } + envelopes)
        #expect(many.text.utf8.count <= BackupManifest.longest(of: count))
    }

    @Test("a manifest that is cut, doubled or names other places is refused")
    func manifests() async throws {
        let copy = try await RealStore.shared.value.copy()
        let manifest = try Self.back(copy)
        #expect(try BackupManifest(parsing: manifest.text) == manifest)
        let text = manifest.text
        let digest = String(repeating: "0", count: 64)
        for other in [
            "", "# end\n", String(text.dropLast(6)), text.replacing("v1", with: "v2"), text + "# end\n",
            text.replacing("# size", with: "# sizes"),
            text.replacing("# end", with: "\(digest)  ../log.sqlite\n# end"),
            text.replacing("# end", with: "\(digest)  envelopes/../../a\n# end"),
            text.replacing("# end", with: "\(digest)  /etc/passwd\n# end"),
            text.replacing("# end", with: "00  log.sqlite\n# end"),
        ] {
            #expect(throws: StoreError.self, "\(other.suffix(100))") { try BackupManifest(parsing: other) }
        }
    }
}
