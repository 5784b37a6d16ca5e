import Audit
import Ledger
import Statements
import TestKit
import Testing

/// The beginning of a busy relay's log, drawn from a seed, and what it takes to forge on it.
struct BusyLog: Sendable {
    let world: LogWorld
    /// The generator after each entry, so that a test can go on in another way from anywhere.
    private(set) var moments: [LogTraffic] = []
    private(set) var entries: [[UInt8]] = []

    init(seed: UInt64, count: Int, pause: TimeSpan = .seconds(90)) throws {
        world = try LogWorld()
        var traffic = try LogTraffic(seed: seed, world: world, pause: pause)
        for _ in 0..<count {
            entries.append(try traffic.next().bytes)
            moments.append(traffic)
        }
    }

    var charter: TrustedCharter {
        get throws { try TrustedCharter(world.charter.derBytes()) }
    }

    func entry(_ index: Int) throws -> Entry { try Entry(der: entries[index], limit: Bounds.entry) }

    /// The last entry before an index that is of a kind, and satisfies more.
    func last(
        _ kind: Act.Kind, before index: Int, where suits: (SignedStatement) -> Bool = { _ in true }
    ) throws -> (index: Int, signed: SignedStatement) {
        for number in (0..<index).reversed() {
            guard let signed = try entry(number).signed, signed.statement.act.kind == kind, suits(signed) else {
                continue
            }
            return (number, signed)
        }
        throw FormError("BusyLog", expected: "a \(kind) before entry \(index)")
    }

    func files(_ count: Int? = nil) throws -> [String: [UInt8]] {
        try files(of: Array(entries.prefix(count ?? entries.count)))
    }

    /// Any entries, signed by the log's key.
    func files(of entries: [[UInt8]]) throws -> [String: [UInt8]] {
        try LogForge.files(of: entries, note: world.checkpoint(LogForge.head(of: entries)))
    }

    /// A statement that says anything, as entry `index` after the honest ones, with the fields that are honest if
    /// nothing else is asked for.
    func forged(
        _ act: Act, by delegate: DelegateID, at index: Int, seen: LogHead? = nil, previous: LogIndex? = nil,
        change: (inout LogForge.Frame) -> Void = { _ in }
    ) throws -> [UInt8] {
        let moment = moments[index - 1]
        let statement = Statement(
            charter: world.charter.id, party: delegate.party, signers: [delegate.name], madeAt: moment.now,
            submitBy: moment.now + .hours(1), seen: seen ?? moment.head, act: act)
        let signed = try SignedStatement.sign(statement) { try world.sign($0, by: delegate) }
        return try framed(signed, at: index, previous: previous, change: change)
    }

    /// A statement as it is, as entry `index`.
    func framed(
        _ signed: SignedStatement, at index: Int, previous: LogIndex? = nil,
        change: (inout LogForge.Frame) -> Void = { _ in }
    ) throws -> [UInt8] {
        var frame = LogForge.Frame(at: moments[index - 1].now, previous: previous)
        change(&frame)
        return try Entry(
            acceptedAt: frame.acceptedAt, salt: FixtureWorld.bytes("forged \(index)", 16),
            constitution: frame.constitution, roster: frame.roster, previous: frame.previous, body: .statement(signed)
        ).derBytes()
    }
}

extension Bench {
    /// Writes files of a mirror, over those that are there.
    func put(_ files: [String: [UInt8]], in name: String = "mirror") throws {
        for (path, bytes) in files { try LogForge.write(bytes, to: "\(mirror(name))/\(path)") }
    }

    func memory(startsOver: Bool = false, key name: String = "auditor") throws -> AuditMemory {
        AuditMemory(
            folder: MirrorFolder(path: mirror()), key: try AuditKey.kept(in: "\(path)/\(name)"), startsOver: startsOver)
    }

    /// Audits with or without a memory.
    func audit(
        _ charter: TrustedCharter, memory: AuditMemory?, observer: (any EntryObserver)? = nil
    ) async throws -> AuditReport {
        try await Verification(
            folder: MirrorFolder(path: mirror()), charter: charter, workers: 2, memory: memory, observer: observer
        ).run()
    }

    /// The state that is kept, if any.
    func state() throws -> [UInt8]? { try files()[AuditMemory.file] }
}

extension AuditReport {
    /// Everything that it says but where the replay began.
    var whole: String {
        var copy = self
        copy.resumedFrom = nil
        return "\(copy)"
    }
}
