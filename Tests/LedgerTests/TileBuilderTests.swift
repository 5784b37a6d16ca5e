import Ledger
import Testing

@Suite("Building and reading tiles")
struct TileBuilderTests {
    /// Tiles by place, the widest kept, as a store would have them.
    final class Store {
        struct Place: Hashable {
            let level: UInt8
            let index: UInt64
        }

        var tiles: [Place: [UInt8]] = [:]
        var reads = 0

        func keep(_ changed: [TileBuilder.ChangedTile]) {
            for tile in changed { tiles[Place(level: tile.id.level, index: tile.id.index)] = tile.bytes }
        }

        func read(_ id: TileID) throws -> [UInt8] {
            reads += 1
            return try #require(tiles[Place(level: id.level, index: id.index)])
        }
    }

    static let leaves = (0..<66_100).map { NaiveTree.leaf($0) }

    @Test("the stored tiles are those of the definition at and around every boundary")
    func matchesDefinition() throws {
        let (store, seed) = (Store(), UInt64(20_260_101))
        var random = Seeded(seed: seed)
        var (builder, reference) = (TileBuilder(), CompactRange())
        let stops = [1, 2, 255, 256, 257, 511, 512, 513, 5000, 65_279, 65_280, 65_535, 65_536, 65_537, 65_792, 66_100]
        for stop in stops {
            while builder.size < TreeSize(UInt64(stop)) {
                let left = stop - Int(builder.size.rawValue)
                let before = builder.size
                for _ in 0..<Int.random(in: 1...min(left, 700), using: &random) {
                    let leaf = Self.leaves[Int(builder.size.rawValue)]
                    builder.append(leaf)
                    reference.append(leaf)
                }
                let changed = builder.drain()
                #expect(Set(changed.map(\.id)) == Set(TileID.tiles(from: before, to: builder.size)), "seed \(seed)")
                store.keep(changed)
            }
            let expected = NaiveTree.tiles(of: Self.leaves[..<stop])
            #expect(Set(expected.keys) == Set(TileID.tiles(for: builder.size)))
            #expect(expected.count == store.tiles.count)
            for (id, bytes) in expected { #expect(try store.read(id) == bytes, "\(id) at \(stop)") }
            #expect(builder.root == reference.root)
            #expect(builder.compactRange == reference)
        }
    }

    @Test(
        "a builder restored from the partial tiles goes on as the first would",
        arguments: [0, 1, 255, 256, 700, 65_536, 65_800])
    func restores(size: Int) throws {
        let store = Store()
        var builder = TileBuilder()
        for leaf in Self.leaves[..<size] { builder.append(leaf) }
        store.keep(builder.drain())
        var asked: [TileID] = []
        var restored = try TileBuilder(size: builder.size) {
            asked.append($0)
            return try store.read($0)
        }
        #expect(asked == TileID.partialTiles(for: builder.size))
        #expect(restored.root == builder.root)
        #expect(restored.drain().isEmpty)
        for leaf in Self.leaves[size..<(size + 300)] {
            builder.append(leaf)
            restored.append(leaf)
        }
        #expect(restored.root == builder.root)
        #expect(restored.drain() == builder.drain())
    }

    @Test("a partial tile is taken from the beginning of a wider one, and a shorter one is refused")
    func widerAndShorter() throws {
        var builder = TileBuilder()
        for leaf in Self.leaves[..<300] { builder.append(leaf) }
        let root = builder.root
        let store = Store()
        for leaf in Self.leaves[300..<600] { builder.append(leaf) }
        store.keep(builder.drain())
        #expect(try TileBuilder(size: 300, read: store.read).root == root)
        #expect(try Merkle.root(size: 300, from: TileReader(size: 300, read: store.read)) == root)
        for bytes in [[], [UInt8](repeating: 0, count: 32 * 43), [UInt8](repeating: 0, count: 32 * 44 + 1)] {
            #expect(throws: TileError.self) { try TileBuilder(size: 300) { _ in bytes } }
            #expect(throws: TileError.self) {
                try Merkle.root(size: 300, from: TileReader(size: 300) { _ in bytes })
            }
        }
    }

    @Test("a failed batch is dropped with its copy")
    func discards() {
        var builder = TileBuilder()
        for leaf in Self.leaves[..<255] { builder.append(leaf) }
        _ = builder.drain()
        let (size, root) = (builder.size, builder.root)
        var copy = builder
        for leaf in Self.leaves[1000..<1300] { copy.append(leaf) }
        #expect(copy.root != root)
        #expect(builder.size == size)
        #expect(builder.root == root)
        #expect(builder.drain().isEmpty)
    }

    @Test("fresh leaves are proved without reading, before and after the drain", arguments: [0, 200, 256, 65_530])
    func freshProofs(size: Int) throws {
        var builder = TileBuilder()
        for leaf in Self.leaves[..<size] { builder.append(leaf) }
        _ = builder.drain()
        _ = builder.drain()
        for leaf in Self.leaves[size..<(size + 520)] { builder.append(leaf) }
        let root = builder.root
        for drained in [false, true] {
            if drained { _ = builder.drain() }
            for index in size..<(size + 520) {
                let position = LogIndex(UInt64(index))
                let proof = try InclusionProof.make(index: position, size: builder.size, from: builder)
                try proof.verify(leaf: Self.leaves[index], index: position, size: builder.size, root: root)
            }
        }
        _ = builder.drain()
        let gone = size & ~255
        #expect(throws: ProofError.self) {
            try InclusionProof.make(index: LogIndex(UInt64(gone)), size: builder.size, from: builder)
        }
    }

    @Test("older leaves and older trees are proved through a reader")
    func olderProofs() throws {
        let store = Store()
        var builder = TileBuilder()
        var roots: [Int: Hash] = [:]
        for (index, leaf) in Self.leaves.enumerated() {
            if index > 0, index % 977 == 0 || index % 256 == 0 {
                store.keep(builder.drain())
                roots[index] = builder.root
            }
            builder.append(leaf)
        }
        let (size, root) = (builder.size, builder.root)
        let committed = TreeSize(UInt64(roots.keys.max() ?? 0))
        let source = builder.backed(by: TileReader(size: committed, read: store.read))
        for index in stride(from: 0, to: Self.leaves.count, by: 331) {
            let position = LogIndex(UInt64(index))
            let proof = try InclusionProof.make(index: position, size: size, from: source)
            try proof.verify(leaf: Self.leaves[index], index: position, size: size, root: root)
        }
        for (old, oldRoot) in roots {
            let from = TreeSize(UInt64(old))
            let proof = try ConsistencyProof.make(from: from, to: size, from: source)
            try proof.verify(from: from, oldRoot: oldRoot, to: size, newRoot: root)
        }
    }

    @Test("a reader remembers tiles, and refuses what the tree does not have")
    func readerBounds() throws {
        let store = Store()
        var builder = TileBuilder()
        for leaf in Self.leaves[..<1000] { builder.append(leaf) }
        store.keep(builder.drain())
        let reader = TileReader(size: 1000, capacity: 2, read: store.read)
        for index in 0..<256 { #expect(try reader.hash(level: 0, index: UInt64(index)) == Self.leaves[index]) }
        #expect(store.reads == 1)
        #expect(try Merkle.root(size: 1000, from: reader) == builder.root)
        for (level, index) in [(0, 1000), (1, 500), (9, 1), (10, 0), (62, 0), (63, 0), (255, 0), (0, UInt64.max)]
            as [(UInt8, UInt64)]
        {
            #expect(throws: ProofError.subtreeMissing(level: level, index: index)) {
                try reader.hash(level: level, index: index)
            }
            #expect(throws: ProofError.subtreeMissing(level: level, index: index)) {
                try builder.hash(level: level, index: index)
            }
        }
    }
}
