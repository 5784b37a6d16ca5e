import GRDB
import Ledger
import Rules
import Statements
import Store

/// Reads every entry in order, hashes it, decides it again by the rules, and writes what follows into the temporary
/// tables. Memory holds one bundle of entries, the tree's edge, the keys and the counters.
struct CheckReplay {
    private let database: Database
    let size: TreeSize
    private let progress: (UInt64) -> Void
    private(set) var builder = TileBuilder()
    /// Entries whose effects are in the temporary tables.
    private(set) var decided: UInt64 = 0
    private(set) var charter: CharterInForce?
    private var standing: StandingFacts?
    private var views: ViewWriter?
    private let tiles: TileWriter
    private let older: TileReader
    private var roots: [TreeSize: Hash] = [:]

    private static let step = 256
    /// Leaves between two writings of tiles where entries are missing.
    private static let mostHeld: UInt64 = 4_096
    private static let mostRoots = 4_096

    /// - Parameter size: how many entries the checkpoint counts.
    init(_ database: Database, size: TreeSize, progress: @escaping (UInt64) -> Void) throws {
        self.database = database
        self.size = size
        self.progress = progress
        tiles = try TileWriter(database)
        older = TileReader(size: size, capacity: 64) { try LogQuery(database: database).tile($0) }
    }

    /// Whether the rules bear every entry.
    var isWhole: Bool { decided == size.rawValue && builder.size == size }

    /// Whether the entries, with what stands in for missing ones, give a head.
    func gives(_ head: LogHead?) -> Bool { builder.size == head?.size && builder.root == head?.root }

    /// The root of the tree's first entries, as they are.
    private mutating func root(at size: TreeSize) throws -> Hash? {
        guard size > 0, size <= builder.size else { return nil }
        if let known = roots[size] { return known }
        let root = try Merkle.root(size: size, from: builder.backed(by: older))
        if roots.count >= Self.mostRoots { roots.removeAll(keepingCapacity: true) }
        roots[size] = root
        return root
    }

    mutating func run(_ report: inout StoreCheckReport) throws {
        var next: UInt64 = 0
        while next < size.rawValue {
            let entries = try stored(from: next)
            for stored in entries {
                try skip(next..<stored.index.rawValue, &report)
                try take(stored, &report)
                next = stored.index.rawValue + 1
            }
            if entries.count < Self.step {
                try skip(next..<size.rawValue, &report)
                next = size.rawValue
            }
            try views?.finish()
            try tiles.write(builder.drain())
            progress(next)
        }
        let behind = try Command(
            database, "SELECT idx FROM entries WHERE idx >= \(Int64(clamping: size.rawValue)) OR idx < 0 ORDER BY idx")
        while let row = try behind.next() {
            report.add(
                StoreDifference(
                    .entry, "entries", row: "idx \(row.integer(0))",
                    expected: "no entry behind the checkpoint's \(size)", found: "an entry"))
        }
    }

    private func stored(from first: UInt64) throws -> [StoredEntry] {
        let sql = "SELECT idx, bytes FROM entries WHERE idx >= ? AND idx < ? ORDER BY idx LIMIT ?"
        return try Command(database, sql).rows(.unsigned(first), .unsigned(size.rawValue), .limit(Self.step)) {
            try $0.entry(0, 1)
        }
    }

    /// Entries that are not there. What their tiles say of them stands in for their hashes, so that those behind them
    /// are hashed at their places; without it nothing more is hashed.
    private mutating func skip(_ missing: Range<UInt64>, _ report: inout StoreCheckReport) throws {
        guard let last = missing.last else { return }
        let isOne = missing.lowerBound == last
        report.add(
            StoreDifference(
                .entry, "entries", row: isOne ? "idx \(last)" : "idx \(missing.lowerBound) to \(last)",
                expected: isOne ? "an entry" : "\(missing.count) entries", found: "nothing"))
        for index in missing {
            guard builder.size.rawValue == index, let leaf = try storedLeaf(index) else { return }
            builder.append(leaf)
            if index.isMultiple(of: Self.mostHeld) { try tiles.write(builder.drain()) }
        }
    }

    private func storedLeaf(_ index: UInt64) throws -> Hash? {
        let tile = try Command(database, "SELECT bytes FROM main.tiles WHERE place = ?").first(
            .unsigned(index >> TileID.height)
        ) { try $0.bytes(0) }
        let start = Int(index & 255) * Hash.byteCount
        guard let tile, tile.count >= start + Hash.byteCount else { return nil }
        return Hash(tile[start..<start + Hash.byteCount])
    }

    private mutating func take(_ stored: StoredEntry, _ report: inout StoreCheckReport) throws {
        if builder.size.rawValue == stored.index.rawValue {
            builder.append(Merkle.leafHash(stored.bytes))
            report.entries += 1
        }
        guard let entry = Entry(scanning: stored.bytes[...]) ?? (try? Entry(der: stored.bytes, limit: Bounds.entry))
        else {
            try Command(database, "INSERT INTO temp.unsound VALUES (?)").run(.index(stored.index))
            return report.add(
                StoreDifference(
                    .entry, "entries", row: "idx \(stored.index)", expected: "an entry",
                    found: "\(stored.bytes.count) bytes that are none"))
        }
        // Behind an entry that does not hold, the facts are no longer known.
        guard decided == stored.index.rawValue else { return }
        if let difference = stored.index == 0 ? try begin(entry) : try follow(entry, at: stored.index) {
            report.add(difference)
        } else {
            decided += 1
        }
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
        var facts = try FactsQuery(database: database, isHeld: false).facts(wanted, standing: known)
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
