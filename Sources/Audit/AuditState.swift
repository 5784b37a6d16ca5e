import Crypto
import Ledger
import Rules
import Statements

/// What an auditor knows of a log after a replay of its first entries (`Docs/Specification.md#audit-state`).
///
/// What the log says itself stands here as an index, and is read again and proven when the replay goes on.
struct AuditState: Hashable, Sendable {
    /// The version that the log is decided by.
    var rulesVersion: UInt64
    var charter: CharterID
    /// How many entries were found right, and the root over them.
    var size: TreeSize
    var root: Hash
    var first: Timestamp
    var last: Timestamp
    var signatures: UInt64
    /// Bytes of the full entry bundles.
    var bundleBytes: UInt64
    /// One number for each ``Statements/Act/Kind``, in their order.
    var statements: [UInt64]
    /// One for each party of the charter, in its order.
    var counters: [PartyCounters]
    /// The newest publication of each sealing key that still counts.
    var keys: [LogIndex]
    /// The last entry of each message that may still change.
    var messages: [LogIndex]
    /// The messages whose content may be erased now or later, by their identifiers; of rules version 2 on.
    var settled: [Settled]
    var recent: [RecentStatements.Known]
    var nonceKey: [UInt8]
    var nonces: [UInt64]
    /// One of each limited auditor, in the charter's order.
    var scopes: [Scope]

    /// How many entries a limited auditor has to be shown, and the running hash over them.
    struct Scope: Hashable {
        let entries: UInt64
        let sum: Hash
    }

    /// A message with the time at which the entry was accepted that ended its last leg.
    struct Settled: Hashable {
        let message: MessageID
        let at: Timestamp
    }
}

/// The state as bytes, authenticated by the auditor's key.
extension AuditState {
    private static let opening = Array("valise/v1/audit-state\n".utf8)
    private static let knownByteCount = 48
    private static let countersByteCount = 24
    private static let scopeByteCount = 40
    private static let settledByteCount = 40

    /// The most bytes that a state over a log of this size has use for.
    static func byteLimit(_ size: TreeSize) -> Int {
        let entries = Int(min(size.rawValue, Mirror.largestSize.rawValue))
        return 4_096 + Bounds.parties * countersByteCount + entries * (knownByteCount + settledByteCount + 8)
    }

    func bytes(_ key: AuditKey) -> [UInt8] {
        var writer = StateWriter()
        writer.bytes += Self.opening
        writer.number(rulesVersion)
        charter.hash.append(to: &writer.bytes)
        writer.number(size.rawValue)
        root.append(to: &writer.bytes)
        for time in [first, last] { writer.number(UInt64(time.milliseconds)) }
        writer.number(signatures)
        writer.number(bundleBytes)
        writer.list(statements) { $0.number($1) }
        writer.list(counters) { writer, party in
            for number in [party.arrivals, party.unsettledMessages, party.unsettledBytes] { writer.number(number) }
        }
        for list in [keys, messages] { writer.list(list) { $0.number($1.rawValue) } }
        if rulesVersion >= RulesVersions.erasing {
            writer.list(settled) { writer, item in
                item.message.hash.append(to: &writer.bytes)
                writer.number(UInt64(item.at.milliseconds))
            }
        }
        writer.list(recent) { writer, known in
            known.id.hash.append(to: &writer.bytes)
            writer.number(known.index.rawValue)
            writer.number(UInt64(known.submitBy.milliseconds))
        }
        writer.bytes += nonceKey
        writer.list(nonces) { $0.number($1) }
        if !scopes.isEmpty {
            writer.list(scopes) { writer, scope in
                writer.number(scope.entries)
                scope.sum.append(to: &writer.bytes)
            }
        }
        return writer.bytes + HMAC<SHA256>.authenticationCode(for: writer.bytes, using: key.symmetric)
    }

    /// - Throws: ``AuditStateError``.
    init(_ bytes: [UInt8], key: AuditKey) throws(AuditStateError) {
        let body = bytes.dropLast(SHA256.byteCount)
        guard bytes.starts(with: Self.opening) else { throw .malformed }
        guard
            HMAC<SHA256>.isValidAuthenticationCode(
                bytes.suffix(SHA256.byteCount), authenticating: body, using: key.symmetric)
        else { throw .foreign }
        var reader = StateReader(rest: body.dropFirst(Self.opening.count))
        rulesVersion = try reader.number()
        guard RulesVersions.known.contains(rulesVersion) else { throw .otherRules }
        charter = CharterID(try reader.hash())
        size = TreeSize(try reader.number())
        root = try reader.hash()
        first = try reader.time()
        last = try reader.time()
        signatures = try reader.number()
        bundleBytes = try reader.number()
        statements = try reader.list(8) { (r) throws(AuditStateError) in try r.number() }
        counters = try reader.list(Self.countersByteCount) { (r) throws(AuditStateError) in
            PartyCounters(
                arrivals: try r.number(), unsettledMessages: try r.number(), unsettledBytes: try r.number())
        }
        keys = try reader.list(8) { (r) throws(AuditStateError) in LogIndex(try r.number()) }
        messages = try reader.list(8) { (r) throws(AuditStateError) in LogIndex(try r.number()) }
        settled = rulesVersion < RulesVersions.erasing ? [] : try reader.settled(Self.settledByteCount)
        recent = try reader.list(Self.knownByteCount) { (r) throws(AuditStateError) in
            RecentStatements.Known(
                id: StatementID(try r.hash()), index: LogIndex(try r.number()), submitBy: try r.time())
        }
        nonceKey = try reader.take(NonceIndex.keyByteCount)
        nonces = try reader.list(8) { (r) throws(AuditStateError) in try r.number() }
        // Without limited auditors there is no such list.
        scopes =
            reader.rest.isEmpty
            ? []
            : try reader.list(Self.scopeByteCount) { (r) throws(AuditStateError) in
                Scope(entries: try r.number(), sum: try r.hash())
            }
        guard reader.rest.isEmpty, isOrderly else { throw .malformed }
    }

    /// Whether every list is in its order and speaks of the first entries alone.
    private var isOrderly: Bool {
        let indices = [keys, messages, recent.map(\.index)]
        guard size > 0, size <= Mirror.largestSize, first <= last, statements.count == Act.Kind.allCases.count else {
            return false
        }
        return indices.allSatisfy { Self.ascends($0) && ($0.last?.rawValue ?? 0) < size.rawValue }
            && Self.ascends(nonces) && Self.ascends(settled.map(\.message))
    }

    private static func ascends<Item: Comparable>(_ items: [Item]) -> Bool {
        zip(items, items.dropFirst()).allSatisfy { $0 < $1 }
    }
}

/// Why a kept state is of no use.
enum AuditStateError: Error {
    /// Cut, or not in its order.
    case malformed
    /// Altered, or made by somebody else.
    case foreign
    case otherRules
}

/// Numbers are big-endian; a list begins with its count.
private struct StateWriter {
    var bytes: [UInt8] = []

    mutating func number(_ value: UInt64) { withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) } }

    mutating func list<Item>(_ items: [Item], _ write: (inout StateWriter, Item) -> Void) {
        number(UInt64(items.count))
        for item in items { write(&self, item) }
    }
}

private struct StateReader {
    var rest: ArraySlice<UInt8>

    mutating func take(_ count: Int) throws(AuditStateError) -> [UInt8] {
        guard rest.count >= count else { throw .malformed }
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }

    mutating func number() throws(AuditStateError) -> UInt64 {
        guard rest.count >= 8 else { throw .malformed }
        let value = rest.withUnsafeBytes { UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)) }
        rest = rest.dropFirst(8)
        return value
    }

    mutating func hash() throws(AuditStateError) -> Hash {
        guard let hash = Hash(rest.prefix(Hash.byteCount)) else { throw .malformed }
        rest = rest.dropFirst(Hash.byteCount)
        return hash
    }

    mutating func settled(_ byteCount: Int) throws(AuditStateError) -> [AuditState.Settled] {
        try list(byteCount) { (r) throws(AuditStateError) in
            AuditState.Settled(message: MessageID(try r.hash()), at: try r.time())
        }
    }

    mutating func time() throws(AuditStateError) -> Timestamp {
        let value = try number()
        guard value <= UInt64(Timestamp.range.upperBound) else { throw .malformed }
        return Timestamp(milliseconds: Int64(value))
    }

    /// - Parameter byteCount: of one item; a count that the rest cannot hold is refused.
    mutating func list<Item>(
        _ byteCount: Int, _ read: (inout StateReader) throws(AuditStateError) -> Item
    ) throws(AuditStateError) -> [Item] {
        let count = try number()
        guard count <= UInt64(rest.count / byteCount) else { throw .malformed }
        var items: [Item] = []
        items.reserveCapacity(Int(count))
        for _ in 0..<count { items.append(try read(&self)) }
        return items
    }
}
