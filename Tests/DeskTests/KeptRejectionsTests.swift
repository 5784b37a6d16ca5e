import Envelope
import Glibc
import Keyring
import Ledger
import Statements
import TestKit
import Testing

@testable import Desk

@Suite("No answer of the relay takes the place of an earlier rejection")
struct KeptRejectionsTests {
    private let site: RelaySite
    private let desks: FixtureDesks

    init() throws {
        site = try RelaySite()
        let clock = site.clock
        desks = try FixtureDesks(site) { clock.now }
    }

    private var desk: Desk { get throws { try desks.desk(FixtureWorld.envoy) } }
    private var kept: KeptRejections { get throws { KeptRejections(try desk.home, try desk.keys) } }

    /// A rejection of a statement of the envoy.
    static func rejected(_ number: UInt64, _ world: FixtureWorld, after: Int64 = 0) throws -> RejectedStatement {
        let leg = try #require(LegNumber(0))
        let message = MessageID(Hash.sha256(Array("\(number)".utf8)))
        let signed = try LogForge.sign(
            .conveyance(LegReference(message: message, leg: leg)), by: FixtureWorld.envoy, in: world,
            at: world.start + .seconds(Int64(number)), seen: LogHead(size: 1, root: .zero))
        return try rejected(signed, world, after: after)
    }

    static func rejected(_ signed: SignedStatement, _ world: FixtureWorld, after: Int64) throws -> RejectedStatement {
        let rejection = Rejection(
            charter: world.charter.id, statement: signed.id, code: "wrong-state", treeSize: 1,
            decidedAt: world.start + .seconds(after))
        let act = DelegateID(party: .relay, name: .act)
        return try RejectedStatement(signed, SignedRejection(rejection) { try world.sign($0, by: act) })
    }

    private func time(_ number: Int64) -> Timestamp { Timestamp(milliseconds: number) }

    @Test("an untrue rejection stays when the message is handed in again and rejected plausibly")
    func several() async throws {
        let lie = try Self.rejected(1, site.world, after: 9_000)
        let plausible = try Self.rejected(1, site.world, after: 10)
        try await kept.keep(lie, at: time(1), isUntrue: true)
        try await kept.handIn(lie.statement.id)
        try await kept.keep(plausible, at: time(2), isUntrue: false)
        let all = try await kept.all()
        #expect(all.map(\.rejected) == [plausible, lie])
        #expect(all.map(\.isHandedInAgain) == [false, true] && all.map(\.isUntrue) == [false, true])
        try await kept.handIn(lie.statement.id)
        #expect(try await kept.all().map(\.isHandedInAgain) == [true, true])
        // The same rejection again is the last word, and came when it came first.
        try await kept.keep(lie, at: time(3), isUntrue: false)
        #expect(try await kept.all().map(\.isHandedInAgain) == [true, false])
        #expect(try await kept.all().map(\.at) == [time(2), time(1)])
        #expect(try await kept.all().map(\.isUntrue) == [false, true])
    }

    @Test("of many of one statement the first, the untrue and the newest stay")
    func many() async throws {
        let untrue: Set<Int64> = [2, 3]
        let other = try Self.rejected(2, site.world)
        try await kept.keep(other, at: time(0), isUntrue: false)
        for number in 1...Int64(20) {
            let rejected = try Self.rejected(1, site.world, after: number)
            try await kept.keep(rejected, at: time(number), isUntrue: untrue.contains(number))
        }
        let all = try await kept.all().map(\.at.milliseconds)
        #expect(all == Array((8...20).reversed()) + [3, 2, 1, 0])
        #expect(all.count == KeptRejections.mostOfOne + 1)
    }

    @Test("a file that an earlier version wrote is read, marked, and not kept twice")
    func earlier() async throws {
        let rejected = try Self.rejected(1, site.world)
        try await kept.keep(rejected, at: time(1), isUntrue: false)
        let folder = try desk.home.rejectionsFolder
        let name = try #require(FolderNames.list(folder, ending: ".rejection").first)
        #expect(rename("\(folder)/\(name).rejection", "\(folder)/\(rejected.statement.id).rejection") == 0)
        #expect(try await kept.all().map(\.rejected) == [rejected])
        try await kept.handIn(rejected.statement.id)
        #expect(try await kept.all().map(\.isHandedInAgain) == [true])
        try await kept.keep(rejected, at: time(2), isUntrue: false)
        #expect(try await kept.all().map(\.isHandedInAgain) == [false])
        try await kept.keep(Self.rejected(1, site.world, after: 1), at: time(3), isUntrue: false)
        #expect(try await kept.all().count == 2)
    }

    @Test("a damaged one keeps no other out, and is told")
    func damaged() async throws {
        let folder = try desk.home.rejectionsFolder
        try await kept.keep(Self.rejected(1, site.world), at: time(1), isUntrue: false)
        let name = try #require(FolderNames.list(folder, ending: ".rejection").first)
        try DeskFile.write("\(folder)/\(name).rejection", [1, 2, 3])
        try await kept.keep(Self.rejected(1, site.world, after: 1), at: time(2), isUntrue: false)
        #expect(FolderNames.list(folder, ending: ".rejection").count == 2)
        await #expect(throws: (any Error).self) { _ = try await kept.all() }
    }

    @Test("all rejections of a statement are saved, or the one that is named")
    func saved() async throws {
        let all = try (1...3).map { try Self.rejected(1, site.world, after: $0) }
        for (number, rejected) in all.enumerated() {
            try await kept.keep(rejected, at: time(Int64(number)), isUntrue: false)
        }
        let other = try Self.rejected(2, site.world)
        try await kept.keep(other, at: time(9), isUntrue: false)
        let folder = try desk.home.path
        let id = all[0].statement.id
        let saved = try await desk.saveRejection("\(id)", to: "\(folder)/no.valise", overwrite: false)
        #expect(saved.map(\.path) == ["no.valise", "no-2.valise", "no-3.valise"].map { "\(folder)/\($0)" })
        let files = try saved.map { try RejectedStatement(parsing: DeskFile.read($0.path, limit: 1 << 20)) }
        #expect(files == all.reversed())
        let digest = try #require(saved.last?.kept.digest)
        let one = try await desk.saveRejection(
            "\(id)", rejection: String(digest.prefix(12)), to: "\(folder)/one", overwrite: false)
        #expect(one.map(\.kept.rejected) == [all[0]])
        // Nothing is written if one of the names is taken.
        try DeskFile.write("\(folder)/new-3.valise", [])
        await #expect(throws: DeskError.self) {
            try await desk.saveRejection("\(id)", to: "\(folder)/new.valise", overwrite: false)
        }
        #expect(!DeskFile.exists("\(folder)/new.valise"))
        let error = await #expect(throws: DeskError.self) {
            try await desk.saveRejection("", to: "\(folder)/x", overwrite: false)
        }
        #expect(error?.code == "rejection-ambiguous")
    }

    @Test("of many statements each has its turn")
    func turns() async throws {
        let ids = (0..<40).map { StatementID(Hash.sha256([UInt8($0)])) }.sorted()
        var seen: [StatementID] = []
        try await kept.keep(Self.rejected(1, site.world), at: time(1), isUntrue: false)
        for _ in 0..<3 {
            let turn = try kept.turn(of: ids, most: 16)
            #expect(turn.count == 16)
            seen += turn
            try turn.last.map { try kept.endTurn(at: $0) }
        }
        #expect(seen == ids + ids.prefix(8))
        #expect(try kept.turn(of: ids.prefix(16), most: 16) == Array(ids.prefix(16)))
    }

    @Test("a relay that hides the rejection of what it logged behind many others is found out")
    func hidden() async throws {
        try await OutgoingScene.run { scene in
            let world = scene.box.world
            let envelope = try scene.box.envelope()
            let entry = try await scene.box.accept(envelope)
            try await scene.with(FixtureWorld.envoy) { desk in
                let kept = KeptRejections(desk.home, desk.keys)
                try await kept.keep(Self.rejected(envelope.signed, world, after: 0), at: time(0), isUntrue: false)
                var others = 0
                var number: UInt64 = 0
                while others < 20 {
                    number += 1
                    let other = try Self.rejected(number, world)
                    guard other.statement.id < envelope.signed.id else { continue }
                    try await kept.keep(other, at: time(1), isUntrue: false)
                    others += 1
                }
                var found = try await desk.rejectedAndLogged()
                #expect(found.isEmpty)
                found = try await desk.rejectedAndLogged()
                #expect(found.map(\.kept.statement.id) == [envelope.signed.id])
                #expect(found.map(\.entry) == [entry.index])
            }
        }
    }
}
