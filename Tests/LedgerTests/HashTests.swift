import Ledger
import Testing

@Suite("Hashes")
struct HashTests {
    @Test("SHA-256 of nothing and of abc are the published values")
    func knownValues() {
        #expect(
            Hash.sha256([]).hex == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(
            Hash.sha256(Array("abc".utf8)).hex == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(Merkle.emptyRoot == Hash.sha256([]))
    }

    @Test("only 32 bytes make a hash", arguments: [0, 1, 31, 33, 64])
    func length(count: Int) {
        #expect(Hash([UInt8](repeating: 7, count: count)) == nil)
        #expect(Hash(repeatElement(7, count: count)) == nil)
    }

    @Test("bytes survive, whatever collection they come in")
    func roundTrip() throws {
        let bytes = (0..<32).map { UInt8($0 * 7 + 3) }
        let hash = try #require(Hash(bytes))
        #expect(hash.bytes == bytes)
        #expect(Hash(([9] + bytes + [9])[1..<33]) == hash)
        #expect(Hash(bytes.lazy.map { $0 }) == hash)
        var appended: [UInt8] = [1]
        hash.append(to: &appended)
        #expect(appended == [1] + bytes)
        #expect(Hex.decode(hash.hex) == bytes)
    }

    @Test("order is that of the bytes")
    func order() throws {
        for position in 0..<32 {
            var low = [UInt8](repeating: 5, count: 32)
            var high = low
            high[position] = 0x80
            for later in (position + 1)..<32 where later < 32 { low[later] = 0xff }
            let (smaller, larger) = (try #require(Hash(low)), try #require(Hash(high)))
            #expect(smaller < larger)
            #expect(!(larger < smaller))
        }
    }

    @Test("leaves and nodes are hashed with their prefixes, from any collection")
    func prefixes() {
        let (left, right) = (Hash.sha256([1]), Hash.sha256([2]))
        #expect(Merkle.nodeHash(left, right) == Hash.sha256([1] + left.bytes + right.bytes))
        #expect(Merkle.leafHash([3, 4]) == Hash.sha256([0, 3, 4]))
        #expect(Merkle.leafHash([9, 3, 4][1...]) == Hash.sha256([0, 3, 4]))
        #expect(Merkle.leafHash([UInt8]()) == Hash.sha256([0]))
        #expect(Merkle.leafHash(repeatElement(8, count: 3)) == Hash.sha256([0, 8, 8, 8]))
    }
}

@Suite("Sizes and positions")
struct SizeTests {
    @Test("canonical decimals are read", arguments: [("0", 0), ("7", 7), ("9223372036854775807", UInt64(Int64.max))])
    func reads(text: String, value: UInt64) {
        #expect(TreeSize(decimal: text.utf8) == TreeSize(value))
        #expect(LogIndex(decimal: text.utf8) == LogIndex(value))
        #expect(TreeSize(value).description == text)
    }

    @Test(
        "other spellings are refused",
        arguments: [
            "", "00", "007", "+5", "-0", " 1", "1 ", "1\n", "0x1", "9223372036854775808", "18446744073709551616",
            "99999999999999999999", "100000000000000000000", "١",
        ])
    func refuses(text: String) {
        #expect(TreeSize(decimal: text.utf8) == nil)
        #expect(LogIndex(decimal: text.utf8) == nil)
    }
}
