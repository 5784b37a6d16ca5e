import Ledger
import Testing

@Suite("Tile and bundle paths")
struct TilePathTests {
    @Test(
        "a tile has one path",
        arguments: [
            (0, 0, 256, "tile/0/000"), (0, 999, 256, "tile/0/999"), (0, 1000, 256, "tile/0/x001/000"),
            (0, 1_234_067, 256, "tile/0/x001/x234/067"), (0, 1_234_067, 8, "tile/0/x001/x234/067.p/8"),
            (1, 0, 1, "tile/1/000.p/1"), (63, 7, 255, "tile/63/007.p/255"),
            (10, 1_000_000, 256, "tile/10/x001/x000/000"),
            (7, (1 << 55) - 1, 256, "tile/7/x036/x028/x797/x018/x963/967"),
        ] as [(UInt8, UInt64, Int, String)])
    func tile(level: UInt8, index: UInt64, width: Int, path: String) throws {
        let id = try #require(TileID(level: level, index: index, width: width))
        #expect(id.path == path)
        #expect(TileID(path: path) == id)
        let bundle = try #require(EntryBundleID(index: index, width: width))
        let bundlePath = "tile/entries/" + path.split(separator: "/").dropFirst(2).joined(separator: "/")
        #expect(bundle.path == bundlePath)
        #expect(EntryBundleID(path: bundlePath) == bundle)
    }

    @Test(
        "other spellings are refused",
        arguments: [
            "", "x000", "x001", "x001/x000", "001/000", "x001/x002", "0", "00", "0000", "x0000/000", "x01/000",
            "x1/000", "x000/000", "x000/x001/000", "x001//000", "/000", "000/", "000.p", "000.p/", "000.p/0",
            "000.p/256", "000.p/01", "000.p/+1", "000.p/1/", "000.p/1/000", "000.p/1.p/1", "000.P/1", "000p/1", "+01",
            "-01", "0x1", "00a", "x001.p/000", "x001.p/1", ".p/1", "x001/.p/1", "001.p/1000", "X001/000", "٠٠١",
            "x036/x028/x797/x018/x963/968", "x999/x999/x999/x999/x999/999", "x001/x000/x000/x000/x000/x000/x000/000",
            "x018/x446/x744/x073/x709/x551/616", "x999/x999/x999/x999/x999/x999/999", "000?", "000 ", " 000", "000\n",
        ])
    func refused(rest: String) {
        #expect(TileID(path: "tile/0/" + rest) == nil)
        #expect(EntryBundleID(path: "tile/entries/" + rest) == nil)
    }

    @Test(
        "other beginnings are refused",
        arguments: [
            "tile/64/000", "tile/00/000", "tile/01/000", "tile/-1/000", "tile/+1/000", "tile//000", "tile/000",
            "/tile/0/000", "tiles/0/000", "tile/8/0/000", "tile/data/000", "Tile/0/000", "tile/256/000", "tile/0",
        ])
    func refusedBeginning(path: String) {
        #expect(TileID(path: path) == nil)
        #expect(EntryBundleID(path: path) == nil)
    }

    @Test("levels, indexes and widths out of bounds make no tile")
    func bounds() {
        #expect(TileID(level: 64, index: 0) == nil)
        #expect(TileID(level: 0, index: 1 << 55) == nil)
        #expect(TileID(level: 0, index: 0, width: 0) == nil)
        #expect(TileID(level: 0, index: 0, width: 257) == nil)
        #expect(EntryBundleID(index: 0, width: 0) == nil)
    }

    @Test("a tree of 70,000 entries has the tiles of the specification's example")
    func example() throws {
        let tiles = TileID.tiles(for: 70_000)
        #expect(tiles.count == 273 + 1 + 1 + 1 + 1)
        #expect(tiles.filter { $0.level == 0 && !$0.isPartial }.count == 273)
        #expect(tiles.filter(\.isPartial).map(\.path) == ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"])
        #expect(TileID.partialTiles(for: 70_000) == tiles.filter(\.isPartial))
        #expect(TileID.tiles(for: 256).map(\.path) == ["tile/0/000", "tile/1/000.p/1"])
        #expect(TileID.tiles(for: 0).isEmpty)
    }

    @Test("a place has the tile that the size gives it")
    func placeAndSize() {
        #expect(TileID(level: 0, index: 273, size: 70_000)?.width == 112)
        #expect(TileID(level: 0, index: 272, size: 70_000)?.width == 256)
        #expect(TileID(level: 0, index: 274, size: 70_000) == nil)
        #expect(TileID(level: 0, index: 1, size: 256) == nil)
        #expect(TileID(level: 2, index: 0, size: 70_000)?.width == 1)
        #expect(TileID(level: 3, index: 0, size: 70_000) == nil)
        #expect(TileID(level: 63, index: 0, size: 70_000) == nil)
        #expect(TileID(level: 0, index: .max, size: 70_000) == nil)
        #expect(EntryBundleID(index: 273, size: 70_000)?.firstEntry == 69_888)
    }

    @Test("the new tiles between two sizes are the difference of their tiles")
    func difference() {
        for (old, new) in [
            (0, 1), (1, 1), (255, 256), (256, 257), (100, 700), (65_000, 66_000), (65_536, 65_537), (9, 3),
        ] {
            let before = Set(TileID.tiles(for: TreeSize(UInt64(old))))
            let expected = TileID.tiles(for: TreeSize(UInt64(new))).filter { !before.contains($0) }
            let found = TileID.tiles(from: TreeSize(UInt64(old)), to: TreeSize(UInt64(new)))
            #expect(found == (old < new ? expected : []), "\(old) to \(new)")
        }
    }
}

@Suite("Entry bundles")
struct EntryBundleTests {
    @Test("entries survive, each behind its length")
    func roundTrip() throws {
        let entries: [[UInt8]] = [[], [1, 2, 3], [UInt8](repeating: 9, count: 65_535), [4]]
        let bytes = try EntryBundle.encode(entries)
        #expect(bytes.count == 4 * 2 + 65_539)
        #expect(Array(bytes[..<7]) == [0, 0, 0, 3, 1, 2, 3])
        #expect(try EntryBundle.decode(bytes, count: 4) == entries)
        #expect(try Array(EntryBundle.prefix(of: bytes, count: 2)) == Array(bytes[..<7]))
    }

    @Test("an entry of 65,536 bytes is refused")
    func tooLong() {
        #expect(throws: TileError.entryTooLong(found: 65_536)) {
            try EntryBundle.encode([[UInt8](repeating: 0, count: 65_536)])
        }
    }

    @Test("cut, extended or miscounted bundles are refused")
    func refused() throws {
        let bytes = try EntryBundle.encode([[1], [2, 3]])
        for end in 0..<bytes.count {
            #expect(throws: TileError.malformedBundle) { try EntryBundle.decode(Array(bytes[..<end]), count: 2) }
        }
        for tail in [[0], [0, 0], [0, 1, 5]] as [[UInt8]] {
            #expect(throws: TileError.malformedBundle) { try EntryBundle.decode(bytes + tail, count: 2) }
        }
        for count in [-1, 0, 1, 3, 257] {
            #expect(throws: TileError.malformedBundle) { try EntryBundle.decode(bytes, count: count) }
        }
        #expect(throws: TileError.malformedBundle) { try EntryBundle.prefix(of: bytes, count: 3) }
    }
}
