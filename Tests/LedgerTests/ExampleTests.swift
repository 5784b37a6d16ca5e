import Crypto
import Foundation
import Ledger
import Testing

// What stands between `snippet:` and `end` stands in an article of Sources/Ledger/Ledger.docc, word for word.

// snippet: open
/// The checkpoint that a log published, if its key and two of these witnesses have signed it.
func openCheckpoint(_ published: [UInt8], logKey: String, witnessKeys: [String]) throws -> Checkpoint? {
    let policy = try WitnessPolicy(
        logs: [VerifierKey(text: logKey)],
        witnesses: witnessKeys.map { try VerifierKey(text: $0) },
        threshold: 2)
    let (checkpoint, cosignatures) = try policy.open(SignedNote(parsing: published))
    return policy.isSatisfied(by: cosignatures.map(\.key)) ? checkpoint : nil
}
// end

// snippet: prove
/// The place of an entry in a log, if the file proves it under the policy.
func place(of entry: [UInt8], provedBy file: [UInt8], policy: WitnessPolicy) throws -> LogIndex {
    let proof = try TlogProof(parsing: file)
    _ = try proof.verify(leaf: Merkle.leafHash(entry), policy: policy)
    return proof.index
}
// end

// snippet: follow
/// A follower: it has seen every entry, and knows the tree by its right edge alone.
struct Follower {
    let log: VerifierKey
    var tree = CompactRange()

    /// Takes the entries that a newer checkpoint has beyond the tree that was seen last.
    mutating func take(_ published: [UInt8], entries: [[UInt8]]) throws {
        let (newer, _) = try Checkpoint.open(SignedNote(parsing: published), log: log)
        var grown = tree
        for entry in entries { grown.append(Merkle.leafHash(entry)) }
        guard grown.size == newer.size, grown.root == newer.root else {
            throw Differs(seen: tree.size, published: newer)
        }
        tree = grown
    }

    /// The log has taken something back, or these are not its entries.
    struct Differs: Error {
        let seen: TreeSize
        let published: Checkpoint
    }
}
// end

// snippet: compare
/// Whether a newer checkpoint extends an older one, by tiles that nobody has to be trusted for.
func extends(_ newer: Checkpoint, _ older: Checkpoint, fetch: @escaping (TileID) throws -> [UInt8]) throws -> Bool {
    guard older.size > 0 else { return true }
    let tiles = TileReader(size: newer.size, read: fetch)
    let proof = try ConsistencyProof.make(from: older.size, to: newer.size, from: tiles)
    do {
        try proof.verify(from: older.size, oldRoot: older.root, to: newer.size, newRoot: newer.root)
        return true
    } catch { return false }
}
// end

// snippet: append
/// Appends a batch: stores the tiles that changed and the bundles of the entries, and then publishes a checkpoint.
func append(
    _ entries: [[UInt8]], to builder: inout TileBuilder, as log: NoteSigner,
    store: (_ path: String, _ bytes: [UInt8]) throws -> Void
) throws {
    // A copy: if storing fails, the builder is as it was.
    var grown = builder
    for entry in entries { grown.append(Merkle.leafHash(entry)) }
    for tile in grown.drain() { try store(tile.id.path, tile.bytes) }
    let checkpoint = try Checkpoint(origin: log.key.name, size: grown.size, root: grown.root)
    try store("checkpoint", checkpoint.signed(by: log).bytes)
    builder = grown
}
// end

// snippet: cosign
/// Has a checkpoint cosigned: `post` brings a body to the witness and its answer back.
func cosigned(
    _ note: SignedNote, log: VerifierKey, witness: VerifierKey, tiles: TileReader,
    post: ([UInt8]) async throws -> WitnessAnswer?
) async throws -> SignedNote {
    var talk = try WitnessConversation(with: witness, about: note, log: log)
    let size = talk.checkpoint.size
    let outcome = try await talk.run(
        proof: { try ConsistencyProof.make(from: $0, to: size, from: tiles) },
        post: post)
    switch outcome {
    case .cosigned(let lines, _): return try note.adding(lines)
    case .alarm(let alarm): throw alarm
    case .refused, .away: return note
    }
}
// end

@Suite("The examples of the articles")
struct ExampleTests {
    private static let entries = (0..<600).map { NaiveTree.entry($0) }

    /// A log in memory that was built by the example, in three batches.
    private static func log(_ signer: NoteSigner) throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        var builder = TileBuilder()
        for batch in [entries[..<1], entries[1..<255], entries[255...]] {
            try append(Array(batch), to: &builder, as: signer) { files[$0] = $1 }
        }
        return files
    }

    @Test("a log that the example builds has the tree that the definition says")
    func builds() throws {
        let signer = try SignedNoteTests.signer("log.example/a", .ed25519)
        let files = try Self.log(signer)
        let note = try SignedNote(parsing: #require(files["checkpoint"]))
        let checkpoint = try Checkpoint.open(note, log: signer.key).checkpoint
        #expect(checkpoint.size == 600)
        #expect(checkpoint.root == NaiveTree(count: 600).root(600))
        #expect(TileID.tiles(for: 600).allSatisfy { files[$0.path]?.count == $0.byteCount })
    }

    @Test("a batch that cannot be stored leaves the builder as it was")
    func storingFails() throws {
        struct Full: Error {}
        let signer = try SignedNoteTests.signer("log.example/a", .ed25519)
        var builder = TileBuilder()
        #expect(throws: Full.self) { try append([[1]], to: &builder, as: signer) { _, _ in throw Full() } }
        #expect(builder.size == 0)
    }

    @Test("the examples open, follow and compare what was published, and refuse what was changed")
    func reads() throws {
        let scene = try WitnessScene()
        let files = try Self.log(scene.log)
        var note = try SignedNote(parsing: #require(files["checkpoint"]))
        for signer in [scene.witness, scene.second] {
            try note.append(signer.cosign(text: note.text, at: WitnessScene.time(9)))
        }
        let keys = [scene.witness.key.text, scene.second.key.text]
        let opened = try #require(
            try openCheckpoint(note.bytes, logKey: scene.log.key.text, witnessKeys: keys))
        let alone = try #require(files["checkpoint"])
        #expect(try openCheckpoint(alone, logKey: scene.log.key.text, witnessKeys: keys) == nil)

        var follower = Follower(log: scene.log.key)
        try follower.take(scene.note(100).bytes, entries: Array(Self.entries[..<100]))
        try follower.take(alone, entries: Array(Self.entries[100...]))
        #expect(follower.tree.root == opened.root)
        var other = Follower(log: scene.log.key)
        #expect(throws: Follower.Differs.self) { try other.take(alone, entries: Array(Self.entries.dropLast())) }
        #expect(other.tree.size == 0)

        func fetch(_ id: TileID) throws -> [UInt8] { try #require(files[id.path]) }
        #expect(try extends(opened, scene.checkpoint(100), fetch: fetch))
        #expect(try !extends(opened, scene.checkpoint(100, root: .zero), fetch: fetch))
    }

    @Test("the examples prove an entry and have a checkpoint cosigned")
    func proves() async throws {
        let scene = try WitnessScene()
        let files = try Self.log(scene.log)
        let tiles = TileReader(size: 600) { id in try #require(files[id.path]) }
        let note = try SignedNote(parsing: #require(files["checkpoint"]))
        let whole = try await cosigned(note, log: scene.log.key, witness: scene.witness.key, tiles: tiles) { body in
            let decision = WitnessDecision.decide(
                try AddCheckpointRequest(parsing: body), trusted: [scene.log.key],
                record: try scene.record(100, at: 1_000), newest: nil, now: try WitnessScene.time(2_000))
            switch decision {
            case .cosign(let pending):
                return WitnessAnswer(cosignatures: [try pending.cosigned(by: scene.witness).cosignature])
            case .again(let record): return WitnessAnswer(cosignatures: [record.cosignature])
            case .refuse(let refusal): return WitnessGeneration.second.answer(refusal)
            }
        }
        let policy = try WitnessPolicy(logs: [scene.log.key], witnesses: [scene.witness.key], threshold: 1)
        let proof = try TlogProof(
            index: 300, inclusion: InclusionProof.make(index: 300, size: 600, from: tiles), checkpoint: whole)
        #expect(try place(of: Self.entries[300], provedBy: proof.bytes, policy: policy) == 300)
        #expect(throws: TlogProofError.self) { try place(of: [1], provedBy: proof.bytes, policy: policy) }
    }

    @Test("each code block of the articles is one of the examples above, word for word, and each example is shown")
    func articles() throws {
        let examples = Self.regions(of: try String(contentsOfFile: #filePath, encoding: .utf8))
        #expect(examples.count == 6)
        let folder = #filePath.replacing("Tests/LedgerTests/ExampleTests.swift", with: "Sources/Ledger/Ledger.docc")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".md") }
        #expect(names.count == 4)
        var shown: Set<String> = []
        for name in names {
            let text = try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
            let blocks = Self.blocks(of: text)
            #expect(!blocks.isEmpty, "\(name)")
            for block in blocks {
                #expect(examples.contains(block), "\(name):\n\(block)")
                shown.insert(block)
            }
        }
        #expect(shown == examples)
    }

    private static func regions(of source: String) -> Set<String> {
        lines(of: source, from: { $0.hasPrefix("// snippet: ") }, to: "// end")
    }

    private static func blocks(of article: String) -> Set<String> {
        lines(of: article, from: { $0 == "```swift" }, to: "```")
    }

    private static func lines(of text: String, from begins: (Substring) -> Bool, to end: Substring) -> Set<String> {
        var found: Set<String> = []
        var open: [Substring]?
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if let lines = open {
                if line == end {
                    found.insert(lines.joined(separator: "\n"))
                    open = nil
                } else {
                    open = lines + [line]
                }
            } else if begins(line) {
                open = []
            }
        }
        return found
    }
}
