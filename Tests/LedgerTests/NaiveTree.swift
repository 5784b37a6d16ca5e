import Ledger

/// A Merkle tree computed straight from the definitions of RFC 6962, to compare everything else with.
final class NaiveTree: SubtreeHashes {
    let leaves: [Hash]
    private var known: [Range<Int>: Hash] = [:]

    init(count: Int) {
        leaves = (0..<count).map { NaiveTree.leaf($0) }
    }

    static func entry(_ index: Int) -> [UInt8] { Array("entry \(index)".utf8) }
    static func leaf(_ index: Int) -> Hash { Hash.sha256([0] + entry(index)) }

    /// MTH(D[a:z]).
    func hash(_ range: Range<Int>) -> Hash {
        if range.isEmpty { return Hash.sha256([]) }
        if range.count == 1 { return leaves[range.lowerBound] }
        if let hash = known[range] { return hash }
        let middle = split(range)
        let hash = Hash.sha256(
            [1] + hash(range.lowerBound..<middle).bytes + hash(middle..<range.upperBound).bytes)
        known[range] = hash
        return hash
    }

    func root(_ size: Int) -> Hash { hash(0..<size) }

    func hash(level: UInt8, index: UInt64) throws -> Hash {
        let start = Int(index) << Int(level)
        let end = start + 1 << Int(level)
        guard end <= leaves.count else { throw ProofError.subtreeMissing(level: level, index: index) }
        return hash(start..<end)
    }

    /// PATH(i, D[a:z]).
    func path(_ index: Int, _ range: Range<Int>) -> [Hash] {
        if range.count == 1 { return [] }
        let middle = split(range)
        let (left, right) = (range.lowerBound..<middle, middle..<range.upperBound)
        return index < middle ? path(index, left) + [hash(right)] : path(index, right) + [hash(left)]
    }

    /// SUBPROOF(m, D[a:z], b).
    func consistency(_ old: Int, _ range: Range<Int>, known: Bool = true) -> [Hash] {
        if old == range.upperBound { return known ? [] : [hash(range)] }
        let middle = split(range)
        let (left, right) = (range.lowerBound..<middle, middle..<range.upperBound)
        return old <= middle
            ? consistency(old, left, known: known) + [hash(right)]
            : consistency(old, right, known: false) + [hash(left)]
    }

    /// Every tile of the tree of this size: path without width, and bytes.
    static func tiles(of leaves: ArraySlice<Hash>) -> [TileID: [UInt8]] {
        var tiles: [TileID: [UInt8]] = [:]
        var row = Array(leaves)
        var level: UInt8 = 0
        while !row.isEmpty {
            var above: [Hash] = []
            for start in stride(from: 0, to: row.count, by: 256) {
                let hashes = Array(row[start..<min(start + 256, row.count)])
                if let id = TileID(level: level, index: UInt64(start / 256), width: hashes.count) {
                    tiles[id] = hashes.flatMap(\.bytes)
                }
                if hashes.count == 256 { above.append(fold(hashes)) }
            }
            row = above
            level += 1
        }
        return tiles
    }

    private static func fold(_ hashes: [Hash]) -> Hash {
        var row = hashes
        while row.count > 1 {
            row = stride(from: 0, to: row.count, by: 2).map {
                Hash.sha256([1] + row[$0].bytes + row[$0 + 1].bytes)
            }
        }
        return row[0]
    }

    private func split(_ range: Range<Int>) -> Int {
        var half = 1
        while half * 2 < range.count { half *= 2 }
        return range.lowerBound + half
    }
}

/// A small generator with a seed that a failing test can print (SplitMix64).
struct Seeded: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}
