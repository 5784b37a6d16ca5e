import Glibc
import Ledger
import Sealing
import Statements
import TestKit
import Testing

@testable import Desk

@Suite("Saving attachments")
struct PartSavingTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func manifest(_ names: [String]) throws -> Manifest {
        let fields: [Field] = try names.map {
            .attachment(try PartInfo(name: $0, mediaType: "application/octet-stream", size: 3, digest: .zero))
        }
        let context = SealContext(
            charter: CharterID(.zero), originator: FixtureWorld.envoy.party,
            nonce: try #require(Nonce([UInt8](repeating: 1, count: 32))))
        let secret = try #require(ManifestSecret([UInt8](repeating: 2, count: 32)))
        return try Manifest(context: context, fields: fields, secret: secret)
    }

    /// Everything before the last step.
    private func taken(
        _ names: [String], overwrite: Bool = false, isNameless: Bool = true
    ) throws -> PartSaving {
        let saving = PartSaving(folder: folder.path, overwrite: overwrite, isNameless: isNameless)
        try saving.begin(manifest(names))
        for number in names.indices { try saving.take(PartNumber(number), [UInt8(number), 8, 9]) }
        return saving
    }

    private func read(_ name: String) throws -> [UInt8] { try DeskFile.read("\(folder.path)/\(name)", limit: 9) }

    @Test("nothing has a name before everything is verified, and nothing is left of what never is")
    func nothingBefore() throws {
        do {
            let saving = try taken(["a", "b"])
            withExtendedLifetime(saving) { #expect(folder.names(in: "").isEmpty) }
        }
        #expect(folder.names(in: "").isEmpty)
        do {
            let saving = try taken(["a", "b"], isNameless: false)
            #expect(folder.names(in: "").count == 2)
            saving.discard()
            #expect(folder.names(in: "").isEmpty)
        }
    }

    @Test("names that are taken are numbered, twins too, and no file is replaced")
    func numbered() throws {
        for (round, isNameless) in [true, false].enumerated() {
            let saved = try taken(["annex.pdf", "annex.pdf", ".bashrc"], isNameless: isNameless).finish().attachments
            let first =
                round == 0
                ? ["annex.pdf", "annex (2).pdf", "bashrc"] : ["annex (3).pdf", "annex (4).pdf", "bashrc (2)"]
            #expect(saved.map(\.path) == first.map { "\(folder.path)/\($0)" })
            for (number, name) in first.enumerated() { #expect(try read(name) == [UInt8(number), 8, 9]) }
        }
        #expect(folder.names(in: "").count == 6)
    }

    @Test("with --overwrite the file of that name is replaced, but no twin, and no hidden name stays")
    func overwritten() throws {
        for isNameless in [true, false] {
            try DeskFile.write("\(folder.path)/annex.pdf", [7])
            _ = try taken(["annex.pdf", "annex.pdf"], overwrite: true, isNameless: isNameless).finish()
            #expect(try read("annex.pdf") == [0, 8, 9] && read("annex (2).pdf") == [1, 8, 9])
            #expect(folder.names(in: "") == ["annex (2).pdf", "annex.pdf"])
            for name in folder.names(in: "") { try DeskFile.remove("\(folder.path)/\(name)") }
        }
    }

    @Test("what is saved is this user's alone")
    func mode() throws {
        _ = try taken(["a"]).finish()
        var facts = stat()
        #expect(lstat("\(folder.path)/a", &facts) == 0 && facts.st_mode & 0o7777 == 0o600)
    }
}
