import GRDB
import Ledger
import Rules
import Statements
import Store

/// Reads every entry in order, hashes it, decides it again by the rules, and writes what follows into the temporary
/// tables. Memory holds one bundle of entries, the tree's edge, the keys and the counters.
struct CheckReplay {
    private let database: Database
    private let size: TreeSize
    private let progress: (UInt64) -> Void
    private(set) var builder = TileBuilder()
    /// Entries whose effects are in the temporary tables.
    private(set) var decided: UInt64 = 0
    private(set) var charter: CharterInForce?
    private var standing: StandingFacts?
    private var views: ViewWriter?
    private let older: TileReader
    private var roots: [TreeSize: Hash] = [:]

    private static let step: UInt64 = 256
    private static let mostRoots = 4_096

    /// - Parameter size: how many entries the checkpoint counts.
    init(_ database: Database, size: TreeSize, progress: @escaping (UInt64) -> Void) {
        self.database = database
        self.size = size
        self.progress = progress
        older = TileReader(size: size, capacity: 64) { try LogQuery(database: database).tile($0) }
    }

    /// Whether the rules bear every entry.
    var isWhole: Bool { decided == size.rawValue && builder.size == size }

    /// The root of the tree's first entries, as they are.
    mutating func root(at size: TreeSize) throws -> Hash? {
        guard size > 0, size <= builder.size else { return nil }
        if let known = roots[size] { return known }
        let root = try Merkle.root(size: size, from: builder.backed(by: older))
        if roots.count >= Self.mostRoots { roots.removeAll(keepingCapacity: true) }
        roots[size] = root
        return root
    }

    mutating func run(_ report: inout StoreCheckReport) throws {
        var first: UInt64 = 0
        while first < size.rawValue {
            let end = min(first + Self.step, size.rawValue)
            let entries = try stored(first..<end)
            for (expected, stored) in zip(first..<end, entries) {
                guard stored.index.rawValue == expected else { return report.add(Self.missing(expected)) }
                try take(stored, &report)
            }
            guard entries.count == Int(end - first) else {
                return report.add(Self.missing(first + UInt64(entries.count)))
            }
            try views?.finish()
            try views?.write(builder.drain())
            first = end
            progress(first)
        }
        if let extra = try Command(database, "SELECT min(idx) FROM entries WHERE idx >= ? OR idx < 0").first(
            .unsigned(size.rawValue), read: { $0.isNull(0) ? nil : $0.integer(0) }) ?? nil
        {
            report.add(
                StoreDifference(
                    .entry, "entries", row: "idx \(extra)", expected: "no entry behind the checkpoint's \(size)",
                    found: "an entry"))
        }
    }

    private func stored(_ range: Range<UInt64>) throws -> [StoredEntry] {
        let sql = "SELECT idx, bytes FROM entries WHERE idx >= ? AND idx < ? ORDER BY idx"
        return try Command(database, sql).rows(.unsigned(range.lowerBound), .unsigned(range.upperBound)) {
            try $0.entry(0, 1)
        }
    }

    private static func missing(_ index: UInt64) -> StoreDifference {
        StoreDifference(.entry, "entries", row: "idx \(index)", expected: "an entry", found: "nothing")
    }

    private mutating func take(_ stored: StoredEntry, _ report: inout StoreCheckReport) throws {
        builder.append(Merkle.leafHash(stored.bytes))
        report.entries += 1
        // Behind an entry that does not hold, the facts are no longer known.
        guard decided == stored.index.rawValue else { return }
        let difference: StoreDifference?
        if let entry = Entry(scanning: stored.bytes[...]) ?? (try? Entry(der: stored.bytes, limit: Bounds.entry)) {
            difference = stored.index == 0 ? try begin(entry) : try follow(entry, at: stored.index)
        } else {
            difference = StoreDifference(
                .entry, "entries", row: "idx \(stored.index)", expected: "an entry",
                found: "\(stored.bytes.count) bytes that are none")
        }
        if let difference { report.add(difference) } else { decided += 1 }
    }

    private mutating func begin(_ entry: Entry) throws -> StoreDifference? {
        guard case .charter(let signed) = entry.body else {
            return broken(0, "the charter", "another entry", .entry)
        }
        if let finding = CharterCheck.findings(signed).first {
            return broken(0, "a charter without findings", finding.message, .entry)
        }
        charter = CharterInForce(signed)
        standing = StandingFacts(charter: signed, acceptedAt: entry.acceptedAt)
        views = try ViewWriter(database, grace: signed.charter.limits.confirmGrace)
        return nil
    }

    private mutating func follow(_ entry: Entry, at index: LogIndex) throws -> StoreDifference? {
        guard let standing, let signed = entry.signed else {
            return broken(index, "a statement", "a second charter", .entry)
        }
        guard entry.acceptedAt >= standing.lastAcceptedAt else {
            return broken(index, "a time not before the last entry's", "an earlier one")
        }
        switch try decide(signed, at: entry.acceptedAt, standing) {
        case .repeated(let first): return broken(index, "a new statement", "the one of entry \(first)")
        case .rejected(let objection):
            return broken(index, "a statement that the rules bear", "\(objection.detail) (\(objection.code.rawValue))")
        case .accepted(let changes):
            guard entry.constitution == changes.constitution, entry.roster == changes.roster,
                entry.previous == changes.previous
            else { return broken(index, "the revisions and the previous entry of the rules", "others") }
            try views?.write(changes, of: entry)
            self.standing?.apply(changes)
            return nil
        }
    }

    private mutating func decide(
        _ signed: SignedStatement, at time: Timestamp, _ known: StandingFacts
    ) throws -> Decision {
        var known = known
        if case .tick = signed.statement.act { known.prepareKeysHash(at: time) }
        var wanted = Facts.Wanted()
        wanted.add(signed)
        var facts = try FactsQuery(database: database).facts(wanted, standing: known)
        let seen = signed.statement.seen.size
        // The rules may see the tree as it was before this entry.
        if seen.rawValue <= known.size.rawValue { facts.roots[seen] = try root(at: seen) }
        standing = known
        return Decider.decide(
            ExaminedStatement(signed) { known.charter.key($0) }, at: time, facts: facts)
    }

    private func broken(
        _ index: LogIndex, _ expected: String, _ found: String, _ kind: StoreDifference.Kind = .ruleBroken
    ) -> StoreDifference {
        StoreDifference(kind, "entries", row: "idx \(index)", expected: expected, found: found)
    }
}
