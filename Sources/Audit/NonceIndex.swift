import Crypto
import Ledger
import Rules
import Statements

/// Where the nonces of a log may stand, in 8 bytes each: 31 bits of a keyed hash, and 33 of the entry's index.
///
/// Nothing rests on the 31 bits: whoever asks reads the entry again and compares. The key is drawn, so that nobody can
/// choose nonces that look alike here and cost a reading each.
struct NonceIndex: Sendable {
    static let keyByteCount = 32
    private static let indexBits: UInt64 = 33
    private static let freshCount = 1_024

    let key: [UInt8]
    /// Ascending words each; every run has more than twice the words of the next one.
    private var runs: [[UInt64]] = []
    /// Ascending, what came last.
    private var fresh: [UInt64] = []

    init() { key = (0..<Self.keyByteCount).map { _ in UInt8.random(in: .min ... .max) } }

    /// - Parameter words: ascending.
    init(key: [UInt8], words: [UInt64]) {
        self.key = key
        if !words.isEmpty { runs = [words] }
    }

    /// Every word, ascending.
    var words: [UInt64] { (runs + [fresh]).reversed().reduce([]) { Self.merge($1, $0) } }

    /// - Parameters:
    ///   - word: from ``word(of:)``.
    ///   - index: below ``Mirror/largestSize``.
    mutating func add(_ word: UInt64, at index: LogIndex) {
        let word = word | index.rawValue
        fresh.insert(word, at: Self.place(of: word, in: fresh))
        guard fresh.count == Self.freshCount else { return }
        runs.append(fresh)
        fresh.removeAll(keepingCapacity: true)
        while runs.count > 1, runs[runs.count - 2].count <= 2 * runs[runs.count - 1].count {
            let last = runs.removeLast()
            runs[runs.count - 1] = Self.merge(runs[runs.count - 1], last)
        }
    }

    /// The entries that may hold a nonce: those that do are among them.
    /// - Parameter beginning: from ``word(of:)``.
    func candidates(_ beginning: UInt64) -> [LogIndex] {
        var found: [LogIndex] = []
        Self.search(fresh, for: beginning, &found)
        for number in runs.indices { Self.search(runs[number], for: beginning, &found) }
        return found
    }

    private static func search(_ run: [UInt64], for beginning: UInt64, _ found: inout [LogIndex]) {
        var place = place(of: beginning, in: run)
        while place < run.count, run[place] >> indexBits == beginning >> indexBits {
            found.append(LogIndex(run[place] & ((1 << indexBits) - 1)))
            place += 1
        }
    }

    /// The word of a nonce without its index. A slug holds no zero byte.
    func word(of nonce: NonceKey) -> UInt64 {
        var hasher = SHA256()
        hasher.update(data: key)
        hasher.update(data: Array(nonce.party.slug.text.utf8) + [0] + nonce.nonce.bytes)
        let first = hasher.finalize().withUnsafeBytes { UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)) }
        return (first >> Self.indexBits) << Self.indexBits
    }

    /// The first place whose word is not below this one.
    private static func place(of word: UInt64, in run: [UInt64]) -> Int {
        var (low, high) = (0, run.count)
        while low < high {
            let middle = (low + high) / 2
            if run[middle] < word { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private static func merge(_ left: [UInt64], _ right: [UInt64]) -> [UInt64] {
        guard !left.isEmpty, !right.isEmpty else { return left.isEmpty ? right : left }
        return [UInt64](unsafeUninitializedCapacity: left.count + right.count) { buffer, count in
            var (a, b) = (0, 0)
            while a < left.count || b < right.count {
                let isLeft = b == right.count || (a < left.count && left[a] < right[b])
                buffer.initializeElement(at: a + b, to: isLeft ? left[a] : right[b])
                if isLeft { a += 1 } else { b += 1 }
            }
            count = a + b
        }
    }
}
