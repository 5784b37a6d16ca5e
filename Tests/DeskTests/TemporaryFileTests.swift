import Foundation
import Glibc
import TestKit
import Testing

@testable import Desk

/// Both ways of making such a file: without a name, and with a hidden one as on file systems that know no other.
@Suite("Files that get their names when they are whole")
struct TemporaryFileTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func make(_ text: String, isNameless: Bool) throws -> TemporaryFile {
        let file = try #require(TemporaryFile.make(in: folder.path, isNameless: isNameless))
        #expect(write(file.descriptor, text, text.utf8.count) == text.utf8.count)
        return file
    }

    private func text(_ name: String) throws -> String { try DeskFile.readText("\(folder.path)/\(name)", limit: 99) }

    @Test("until then nothing shows, and nothing is left of one that gets none")
    func unnamed() throws {
        for isNameless in [true, false] {
            do {
                let file = try make("lost", isNameless: isNameless)
                withExtendedLifetime(file) { #expect(folder.names(in: "").count == (isNameless ? 0 : 1)) }
            }
            #expect(folder.names(in: "").isEmpty)
        }
    }

    @Test("a name that something has is refused, or taken over in one step, and no other name is left")
    func names() throws {
        for isNameless in [true, false] {
            try DeskFile.write("\(folder.path)/annex", Array("old".utf8))
            let file = try make("new", isNameless: isNameless)
            #expect(!file.link(to: "\(folder.path)/annex") && errno == EEXIST)
            #expect(try text("annex") == "old")
            #expect(file.link(to: "\(folder.path)/other"))
            let second = try make("second", isNameless: isNameless)
            #expect(second.replace("\(folder.path)/annex"))
            #expect(try text("annex") == "second" && text("other") == "new")
            let third = try make("third", isNameless: isNameless)
            #expect(third.replace("\(folder.path)/fresh"))
            #expect(folder.names(in: "") == ["annex", "fresh", "other"])
            for name in folder.names(in: "") { try DeskFile.remove("\(folder.path)/\(name)") }
        }
    }

    @Test("a folder is not taken over, and the hidden name goes")
    func folders() throws {
        try FileManager.default.createDirectory(atPath: "\(folder.path)/annex", withIntermediateDirectories: false)
        for isNameless in [true, false] {
            do {
                let file = try make("new", isNameless: isNameless)
                #expect(!file.replace("\(folder.path)/annex"))
            }
            #expect(folder.names(in: "") == ["annex"])
        }
    }

    @Test(
        "what an earlier run left is swept: this user's private file of that name, which nobody has written to for long"
    )
    func sweeping() throws {
        let swept = ".valise-part-aB3xyZ"
        let left = [
            ".valise-part-fresh1", ".valise-part-open12", ".valise-part-seven77", ".valise-part-five5",
            ".valise-part-a-b-c_", "valise-part-aB3xyZ", ".other-aB3xyZ",
        ]
        for name in left + [swept] {
            try DeskFile.write("\(folder.path)/\(name)", [1])
            #expect(chmod("\(folder.path)/\(name)", name.hasSuffix("open12") ? 0o644 : 0o600) == 0)
            if name.hasSuffix("fresh1") { continue }
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -3_600)], ofItemAtPath: "\(folder.path)/\(name)")
        }
        #expect(symlink("/nowhere", "\(folder.path)/.valise-part-linked") == 0)
        LeftBehind.sweep(folder.path, prefix: TemporaryFile.hidden)
        #expect(folder.names(in: "") == (left + [".valise-part-linked"]).sorted())
    }
}

@Suite("Sealed payloads before they are kept")
struct SpoolFileTests {
    let folder: TemporaryFolder
    let home: DeskHome

    init() throws {
        folder = try TemporaryFolder()
        home = DeskHome(path: folder.path)
    }

    @Test("a spool has no name in the state folder, reads what was written, and can be kept once it is whole")
    func life() throws {
        for isNameless in [true, false] {
            let spool = try SpoolFile.make(in: home, isNameless: isNameless)
            try spool.write([4, 5, 6], at: 3)
            try spool.write([1, 2, 3], at: 0)
            #expect(try spool.read(1, 9) == [2, 3, 4, 5, 6])
            #expect(folder.names(in: "state").count == (isNameless ? 0 : 1))
            #expect(spool.lock() && spool.isNew)
            try DeskFile.write("\(home.outboxFolder)/a.payload", [9])
            try spool.keep(as: "\(home.outboxFolder)/a.payload")
            #expect(folder.names(in: "state").isEmpty)
            let kept = try SpoolFile.open("\(home.outboxFolder)/a.payload")
            #expect(try kept.read(0, 9) == [1, 2, 3, 4, 5, 6])
            #expect(!kept.lock(), "it is the same file")
            spool.remove()
            #expect(folder.names(in: "outbox") == ["a.payload"])
        }
    }

    @Test("the archive gets a spool with zeros in the place of its header")
    func blanked() throws {
        let spool = try SpoolFile.make(in: home)
        try spool.append([1, 2, 3, 4, 5])
        #expect(spool.keep(as: "\(home.archiveFolder)/p", without: 2))
        #expect(try DeskFile.read("\(home.archiveFolder)/p", limit: 9) == [0, 0, 3, 4, 5])
        #expect(try !SpoolFile.open("\(home.archiveFolder)/p").keep(as: "\(home.archiveFolder)/q", without: 1))
        #expect(folder.names(in: "archive") == ["p"])
    }

    @Test("spools that earlier versions left in the state folder are swept, and nothing else there")
    func sweeping() throws {
        try home.prepare()
        for name in ["spool-Ab12Cd", "spool-longer77", "pin", "checkpoint"] {
            let path = "\(home.stateFolder)/\(name)"
            try DeskFile.write(path, [1])
            #expect(chmod(path, 0o600) == 0)
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -3_600)], ofItemAtPath: path)
        }
        _ = try SpoolFile.make(in: home)
        #expect(folder.names(in: "state") == ["checkpoint", "pin", "spool-longer77"])
    }

    @Test("a file elsewhere is there whole or not at all, and is replaced only if that was said")
    func elsewhere() throws {
        struct Stop: Error {}
        let path = "\(folder.path)/out.valise"
        #expect(throws: Stop.self) {
            try SpoolFile.write(to: path, overwrite: false, mode: 0o644) { file in
                try file.append([1])
                throw Stop()
            }
        }
        #expect(!DeskFile.exists(path))
        try SpoolFile.write(to: path, overwrite: false, mode: 0o644) { try $0.append([1]) }
        let error = #expect(throws: DeskError.self) {
            try SpoolFile.write(to: path, overwrite: false, mode: 0o644) { try $0.append([2]) }
        }
        #expect(error?.code == "file-exists")
        #expect(try DeskFile.read(path, limit: 9) == [1])
        try SpoolFile.write(to: path, overwrite: true, mode: 0o600) { try $0.append([3]) }
        #expect(try DeskFile.read(path, limit: 9) == [3])
        var facts = stat()
        #expect(lstat(path, &facts) == 0 && facts.st_mode & 0o7777 == 0o600)
        #expect(folder.names(in: "").filter { $0.hasPrefix(".valise-part-") }.isEmpty)
    }
}
