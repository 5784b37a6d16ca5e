import Foundation
import Ledger
import Testing

@Suite("A published tree")
struct PublishedTreeTests {
    /// Where to write the tree for a foreign reader; a folder that is removed again otherwise.
    private static let chosen = ProcessInfo.processInfo.environment["VALISE_PUBLISHED_TREE"]

    @Test("files in the published layout lead from the entries to the signed root", arguments: [1, 256, 1000, 70_000])
    func publishes(size: Int) throws {
        let folder = (Self.chosen ?? NSTemporaryDirectory() + "valise-tree-\(UUID().uuidString)") + "/\(size)"
        defer { if Self.chosen == nil { try? FileManager.default.removeItem(atPath: folder) } }
        let signer = try SignedNoteTests.signer("log.example/published", .ed25519)
        try write(size: size, signer: signer, to: folder)

        let key = try VerifierKey(text: String(decoding: read(folder + "/key"), as: UTF8.self))
        let note = try SignedNote(parsing: read(folder + "/checkpoint"))
        let checkpoint = try Checkpoint.open(note, log: key).checkpoint
        #expect(checkpoint.size == TreeSize(UInt64(size)))
        let reader = TileReader(size: checkpoint.size) { try read(folder + "/" + $0.path) }
        #expect(try Merkle.root(size: checkpoint.size, from: reader) == checkpoint.root)
        var range = CompactRange()
        for tile in TileID.tiles(for: checkpoint.size) {
            guard let bundle = EntryBundleID(tile: tile) else { continue }
            for entry in try EntryBundle.slices(of: read(folder + "/" + bundle.path), count: bundle.width) {
                range.append(Merkle.leafHash(entry))
            }
        }
        #expect(range.root == checkpoint.root)
    }

    private func write(size: Int, signer: NoteSigner, to folder: String) throws {
        var builder = TileBuilder()
        for index in 0..<size { builder.append(Merkle.leafHash(NaiveTree.entry(index))) }
        for tile in builder.drain() {
            try save(tile.bytes, folder + "/" + tile.id.path)
            guard let bundle = EntryBundleID(tile: tile.id) else { continue }
            let first = Int(bundle.firstEntry.rawValue)
            let entries = (first..<(first + bundle.width)).map { NaiveTree.entry($0) }
            try save(EntryBundle.encode(entries), folder + "/" + bundle.path)
        }
        let checkpoint = try Checkpoint(origin: signer.key.name, size: builder.size, root: builder.root)
        try save(checkpoint.signed(by: signer).bytes, folder + "/checkpoint")
        try save(Array(signer.key.text.utf8), folder + "/key")
    }

    private func save(_ bytes: [UInt8], _ path: String) throws {
        let file = URL(fileURLWithPath: path)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: file)
    }

    private func read(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    }
}
