import Glibc
import Ledger
import Logging
import Statements
import Synchronization
import TestKit
import Testing

@testable import Audit
@testable import Watch

@Suite("A follower verifies as the log grows, and tells what is wrong at once")
struct FollowTests {
    /// What a follower told.
    private final class Told: Sendable {
        private let events = Mutex<[Follower.Event]>([])
        func add(_ event: Follower.Event) { events.withLock { $0.append(event) } }

        /// The codes of alarms, `-` before one that is over, and the sizes of rounds; they are forgotten.
        func take() -> [String] {
            events.withLock { events in
                defer { events = [] }
                return events.map { event in
                    switch event {
                    case .round(let size, _, _): "\(size)"
                    case .alarm(let alarm): alarm.code
                    case .over(let alarm): "-\(alarm.code)"
                    }
                }
            }
        }
    }

    private let told = Told()

    /// A follower of the relay in a box, by the folder of a mirror that the test fills.
    private func follower(_ box: RelayInABox, from place: String, isLive: Bool = true) throws -> Follower {
        var settings = Follower.Settings()
        settings.isLive = isLive
        let (clock, told) = (box.clock, told)
        return Follower(
            folder: MirrorFolder(path: "\(box.site.folder.path)/followed"),
            charter: try TrustedCharter(box.world.charter.derBytes()), source: FolderSource(path: place),
            key: try AuditKey.kept(in: "\(box.site.folder.path)/auditor"), settings: settings, now: { clock.now },
            logger: Logger(label: "follower") { _ in SwiftLogNoOpLogHandler() }, tell: { told.add($0) })
    }

    @Test("rounds go on where the last one ended, also with a new process; a relay that stood still is told")
    func cadence() async throws {
        try await RelayInABox.run { box in
            await box.round()
            _ = try await box.audit()
            let place = "\(box.site.folder.path)/mirror"
            var follower = try follower(box, from: place)
            #expect(try await follower.round() == false)
            #expect(told.take() == ["\(box.head.size)"])
            follower = try self.follower(box, from: place)
            let interval = box.world.charter.charter.limits.tickInterval
            box.clock.pass(interval + .minutes(3))
            #expect(try await follower.round() == false)
            let still = told.take()
            #expect(still.contains("checkpoint-stale") && still.count(where: { $0 == "tick-late" }) == 3)
            #expect(try await follower.round() == false)
            #expect(told.take() == ["\(box.head.size)"], "told once")
            await box.round()
            _ = try await box.audit()
            #expect(try await follower.round() == false)
            let after = told.take()
            #expect(after.contains("-checkpoint-stale"))
            // The gap stays in the log, an entry for each party.
            #expect(after.count(where: { $0 == "tick-late" }) == 3)
            #expect(follower.alarmCount == 7)
        }
    }

    @Test("a source that shows less than before is a rollback, which ends the following")
    func rollback() async throws {
        try await RelayInABox.run { box in
            await box.round()
            _ = try await box.audit()
            let follower = try follower(box, from: "\(box.site.folder.path)/mirror")
            _ = try await follower.round()
            _ = told.take()
            let older = try before(box)
            #expect(try await older.round())
            #expect(told.take() == ["rolled-back-log"])
        }
    }

    /// The same follower before a source that has entry 0 alone.
    private func before(_ box: RelayInABox) throws -> Follower {
        let place = MirrorFolder(path: "\(box.site.folder.path)/older")
        let mirror = MirrorFolder(path: "\(box.site.folder.path)/mirror")
        let size = TreeSize(rawValue: 1)
        let bundle = try #require(EntryBundleID(index: 0, size: size))
        let whole = try #require(EntryBundleID(index: 0, size: box.head.size))
        let bytes = try #require(try mirror.read(whole.path, limit: 1 << 24))
        let first = try Array(EntryBundle.prefix(of: bytes, count: 1))
        let leaf = Merkle.leafHash(Array(first.dropFirst(2)))
        try place.write(bundle.path, first)
        try place.write(try #require(TileID(level: 0, index: 0, width: 1)).path, leaf.bytes)
        try place.write("checkpoint", try box.world.checkpoint(LogHead(size: size, root: leaf)))
        return try follower(box, from: place.path)
    }

    @Test("a source that is away is told when patience is over, and when it is back")
    func away() async throws {
        try await RelayInABox.run { box in
            await box.round()
            _ = try await box.audit()
            let place = "\(box.site.folder.path)/mirror"
            let nowhere = try follower(box, from: "\(place)-nowhere")
            #expect(try await nowhere.round() == false)
            #expect(told.take().isEmpty)
            box.clock.pass(.minutes(11))
            #expect(try await nowhere.round() == false)
            #expect(told.take() == ["source-away"])
            try #require(rename(place, "\(place)-nowhere") == 0)
            #expect(try await nowhere.round() == false)
            #expect(told.take().contains("-source-away"))
        }
    }
}

@Suite("What a follower checks beyond the rules")
struct FollowCheckTests {
    private static let start = FixtureWorld.standardStart

    private func entry(_ minutes: Int64, tick party: PartyID? = nil) throws -> Entry {
        let world = try FixtureWorld()
        let log = try LogFixture(world: world)
        let time = Self.start + .minutes(minutes)
        let leg = try #require(LegNumber(0))
        let act: Act =
            party.map {
                .tick(Tick(party: $0, arrivals: 0, charterInForce: world.charter.id.hash, keys: .zero))
            } ?? .expiry(LegReference(message: MessageID(.zero), leg: leg))
        let signed = try LogForge.sign(
            act, by: DelegateID(party: .relay, name: .act), in: world, at: time, seen: log.head)
        return Entry(
            acceptedAt: time, salt: [UInt8](repeating: 0, count: 16), constitution: Revision(0), roster: Revision(0),
            previous: nil, body: .statement(signed))
    }

    private func checks(_ memory: FollowMemory = FollowMemory(), quorum: UInt64 = 0) throws -> FollowChecks {
        FollowChecks(try FixtureWorld(witnessQuorum: quorum).charter.charter, isLive: true, memory)
    }

    private func cosigned(_ minutes: Int64) -> CosignatureTime {
        CosignatureTime(seconds: UInt64((Self.start + .minutes(minutes)).milliseconds / 1_000)).unsafelyUnwrapped
    }

    @Test("an entry that is later than a clock that has seen it is told; within the tolerance it is not")
    func future() throws {
        let checks = try checks()
        checks.begin(10, cosignedAt: cosigned(20), now: Self.start + .minutes(60))
        checks.see(try entry(24), at: 8)
        #expect(checks.alarms.isEmpty)
        checks.see(try entry(26), at: 9)
        #expect(checks.alarms.map(\.code) == ["entry-time"] && checks.alarms[0].entry == 9)
    }

    @Test("an entry that claims to be older than a checkpoint that does not have it is told")
    func backdated() throws {
        var memory = FollowMemory()
        memory.seen = .init(size: 10, at: Self.start + .minutes(60))
        let checks = try checks(memory)
        checks.begin(12, cosignedAt: nil, now: Self.start + .minutes(90))
        checks.see(try entry(30), at: 9)
        checks.see(try entry(56), at: 10)
        #expect(checks.alarms.isEmpty)
        checks.see(try entry(54), at: 11)
        #expect(checks.alarms.map(\.entry) == [11])
    }

    @Test("what a cosignature saw bounds what comes after it; a copy's own time does not")
    func bound() throws {
        let checks = FollowChecks(try FixtureWorld().charter.charter, isLive: false, FollowMemory())
        checks.begin(5, cosignedAt: nil, now: Self.start + .minutes(60))
        _ = checks.end(5, cosigners: [], now: Self.start + .minutes(60))
        #expect(checks.memory.seen == nil)
        _ = checks.end(5, cosigners: [cosigned(40), cosigned(50)], now: Self.start + .minutes(60))
        #expect(checks.memory.seen == .init(size: 5, at: Self.start + .minutes(50)))
    }

    @Test("a leg whose time was over long before the newest entry is told until it has its notice")
    func notices() throws {
        let world = try FixtureWorld()
        let checks = FollowChecks(world.charter.charter, isLive: true, FollowMemory())
        let leg = try #require(LegNumber(0))
        let notice = OverdueNotice(message: MessageID(.zero), leg: leg, entry: 3, since: Self.start)
        let due = Self.start + world.charter.charter.limits.tickInterval + FollowChecks.tickGrace
        func told(_ last: Timestamp?, _ overdue: [OverdueNotice]) -> [String] {
            checks.begin(5, cosignedAt: nil, now: Self.start)
            checks.see(overdue: overdue, at: last)
            return checks.alarms.map(\.code)
        }
        #expect(told(due, [notice]).isEmpty && told(nil, [notice]).isEmpty)
        #expect(told(due + .seconds(1), [notice]) == ["notice-missing"])
        #expect(told(due + .seconds(1), []).isEmpty)
    }

    @Test("cosignatures that stay away, or are old, are told when patience is over")
    func quorum() throws {
        let world = try FixtureWorld()
        let charter = Charter(
            rulesVersion: 1, title: "Two", madeAt: Self.start, relay: world.charter.charter.relay,
            parties: world.charter.charter.parties, channels: [], bars: [], limits: .standard, witnesses: [],
            witnessQuorum: 2, stewardThreshold: 1, rosterDelay: .hours(1))
        let checks = FollowChecks(charter, isLive: true, FollowMemory())
        func round(_ minutes: Int64, _ times: [Int64]) -> [String] {
            checks.begin(5, cosignedAt: nil, now: Self.start + .minutes(minutes))
            return checks.end(5, cosigners: times.map(cosigned), now: Self.start + .minutes(minutes)).map(\.code)
                .filter { $0 == "cosignatures-missing" }
        }
        #expect(round(0, [0, 0]).isEmpty)
        #expect(round(9, [9]).isEmpty)
        #expect(round(11, [11]) == ["cosignatures-missing"])
        #expect(round(12, [1, 12]) == ["cosignatures-missing"])
        #expect(round(13, [12, 13]).isEmpty)
    }

    @Test("what is remembered is read again; a file of another kind is as none")
    func memory() throws {
        let folder = try TemporaryFolder("valise-follow")
        var memory = FollowMemory()
        memory.seen = .init(size: 12_345, at: Self.start)
        memory.quorum = Self.start + .minutes(1)
        memory.ticks = [FixtureWorld.envoy.party: Self.start, FixtureWorld.speaker.party: Self.start + .minutes(2)]
        try memory.keep(in: folder.path)
        #expect(FollowMemory(in: folder.path) == memory)
        let path = "\(folder.path)/\(FollowMemory.file)"
        let file = try #require(fopen(path, "w"))
        fputs("valise-follow/9\nseen 1 1\n", file)
        fclose(file)
        #expect(FollowMemory(in: folder.path) == FollowMemory())
    }
}
