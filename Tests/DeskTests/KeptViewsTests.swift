import Foundation
import Keyring
import Ledger
import Rules
import Statements
import TestKit
import Testing

@testable import Desk
@testable import Transport

@Suite("What the relay has shown and said is kept across runs")
struct KeptViewsTests {
    private let folder: TemporaryFolder
    private let home: DeskHome
    private let keys: OpenedKeys

    init() throws {
        folder = try TemporaryFolder("valise-views")
        home = DeskHome(path: folder.path)
        try home.prepare()
        keys = OpenedKeys(
            signing: try SigningKey(seed: FixtureWorld.seed("views")), sealing: [],
            archive: try ArchiveKey(seed: SecretBytes(FixtureWorld.bytes("archive key", ArchiveKey.byteCount))),
            name: DeskKeys.name)
    }

    private var rejections: KeptRejections { KeptRejections(home, keys) }
    private func views() -> KeptViews { KeptViews(home, rejections) }
    private func message(_ number: Int) -> MessageID { MessageID(Hash.sha256(Array("\(number)".utf8))) }

    @Test("the last entry of each message is known to the next run, and never goes back")
    func chains() throws {
        let first = views()
        #expect(try first.lastEntries(of: [message(1)]).isEmpty)
        try first.note([message(1): 4, message(2): 7])
        try first.note([message(1): 9])
        try first.note([message(1): 5])
        for views in [first, views()] {
            #expect(try views.lastEntries(of: [message(1), message(2), message(3)]) == [message(1): 9, message(2): 7])
        }
    }

    @Test("lines that are not understood are passed over, and a file of old lines is written anew")
    func compacted() throws {
        let path = KeptViews.chainsFile(home)
        var lines = ["nonsense", "", "\(message(1)) x", "\(message(1)) 5000 2"]
        for index in 0..<2_000 { lines.append("\(message(index % 3)) \(index)") }
        try DeskFile.write(path, Array((lines.joined(separator: "\n") + "\n").utf8))
        let known = try views().lastEntries(of: (0..<3).map(message))
        #expect(known == [message(0): 1_998, message(1): 1_999, message(2): 1_997])
        #expect(try DeskFile.readText(path, limit: 1 << 20).split(separator: "\n").count == 3)
        #expect(try views().lastEntries(of: (0..<3).map(message)) == known)
    }

    @Test("of arrivals the newest places are kept, and what was noted first stays")
    func places() throws {
        let leg = try #require(LegNumber(0))
        func place(_ index: UInt64) -> ArrivalPlace { ArrivalPlace(index: LogIndex(index), leg: leg) }
        let most = UInt64(ArrivalPlace.most)
        try views().note(Dictionary(uniqueKeysWithValues: (1...most).map { (ArrivalNumber($0), place($0 * 2)) }))
        try views().note([ArrivalNumber(most): place(1), ArrivalNumber(most + 1): place(most * 3)])
        let kept = try views().places()
        #expect(kept.count == Int(most) && kept[ArrivalNumber(1)] == nil)
        #expect(kept[ArrivalNumber(most)] == place(most * 2) && kept[ArrivalNumber(most + 1)] == place(most * 3))
    }

    @Test("a line that was cut short is no line, nor becomes one when others are added")
    func torn() throws {
        let path = KeptViews.chainsFile(home)
        let whole = "\(message(1)) 1234\n"
        for cut in whole.utf8.indices {
            let torn = Array("\(message(2)) 7\n\(whole[..<cut])".utf8)
            try DeskFile.write(path, torn)
            #expect(try views().lastEntries(of: [message(1), message(2)]) == [message(2): 7])
            try views().note([message(3): 9])
            let known = try views().lastEntries(of: (1...3).map(message))
            #expect(known == [message(2): 7, message(3): 9], "cut to \(whole[..<cut])")
        }
    }

    @Test("a file of views that is too large is moved aside, and a new one begun")
    func tooLarge() throws {
        try views().note([message(1): 4])
        let path = KeptViews.chainsFile(home)
        let strict = KeptViews(home, rejections, byteLimit: 20)
        #expect(try strict.lastEntries(of: [message(1)]).isEmpty)
        #expect(DeskFile.exists("\(path).aside") && !DeskFile.exists(path))
        try strict.note([message(1): 5])
        #expect(try views().lastEntries(of: [message(1)]) == [message(1): 5])
    }

    @Test("a client that watches on and on remembers as many places as are kept on the disk")
    func cut() async throws {
        let leg = try #require(LegNumber(0))
        let client = try RelayClient(charter: try FixtureWorld().charter, identity: nil, memory: nil)
        let most = UInt64(ArrivalPlace.most)
        for start in [1, most + 1] {
            await client.remember(
                Dictionary(
                    uniqueKeysWithValues: (start..<start + most).map {
                        (ArrivalNumber($0), ArrivalPlace(index: LogIndex($0 * 2), leg: leg))
                    }))
        }
        let places = await client.places
        #expect(places?.count == ArrivalPlace.most)
        #expect(places?[ArrivalNumber(most)] == nil && places?[ArrivalNumber(2 * most)] != nil)
    }

    @Test("places are forgotten by command, and kept aside")
    func forgotten() throws {
        let leg = try #require(LegNumber(0))
        #expect(try KeptViews.forgetPlaces(home) == nil)
        try views().note([ArrivalNumber(1): ArrivalPlace(index: 4, leg: leg)])
        let aside = try #require(try KeptViews.forgetPlaces(home))
        #expect(DeskFile.exists(aside))
        #expect(try views().places().isEmpty)
    }

    private func rejected(_ number: Int64) async throws -> RejectedStatement {
        let world = try FixtureWorld()
        let leg = try #require(LegNumber(0))
        let signed = try LogForge.sign(
            .conveyance(LegReference(message: message(1), leg: leg)), by: FixtureWorld.speaker, in: world,
            at: world.start + .seconds(number), seen: LogHead(size: 1, root: .zero))
        let rejection = Rejection(
            charter: world.charter.id, statement: signed.id, code: "wrong-state", treeSize: 1, decidedAt: world.start)
        let act = DelegateID(party: .relay, name: .act)
        return try RejectedStatement(signed, SignedRejection(rejection) { try world.sign($0, by: act) })
    }

    @Test("rejections are kept encrypted, newest first, and marked once their statement is handed in again")
    func kept() async throws {
        let (old, new) = (try await rejected(1), try await rejected(2))
        #expect(try await rejections.all().isEmpty)
        try await views().keep(old, at: Timestamp(milliseconds: 1), isUntrue: false)
        try await views().keep(new, at: Timestamp(milliseconds: 2), isUntrue: false)
        #expect(try await rejections.all().map(\.rejected) == [new, old])
        try await views().handIn(old.statement.id)
        try await views().handIn(try await rejected(3).statement.id)
        #expect(try await rejections.all().map(\.isHandedInAgain) == [false, true])
        try await views().keep(old, at: Timestamp(milliseconds: 3), isUntrue: false)
        #expect(try await rejections.all().map(\.isHandedInAgain) == [false, false])
        for name in FolderNames.all(home.rejectionsFolder) where name.hasSuffix(".rejection") {
            let bytes = try DeskFile.read("\(home.rejectionsFolder)/\(name)", limit: 1 << 20)
            #expect(Data(bytes).range(of: Data("speaker".utf8)) == nil)
        }
    }
}
