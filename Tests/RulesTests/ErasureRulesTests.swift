import Ledger
import Rules
import Statements
import Testing

@Suite("Contents are erased by rule")
struct ErasureRulesTests {
    static let rows = (try? ErasureRows.all()) ?? []

    @Test("each rule rejects what breaks it with its code, and accepts its neighbour", arguments: rows)
    func rule(row: Row) {
        #expect(row.refused.verdict == row.code.rawValue)
        #expect(row.accepted.verdict == "accepted")
    }

    @Test("there are rows")
    func complete() {
        #expect(Set(Self.rows.map(\.code)).isSuperset(of: ErasureRows.codes))
    }

    @Test("only what an entry has ended is erased, however long ago its time ran out", arguments: LegLifeTests.stages)
    func stages(stage: LegLifeTests.Stage) throws {
        var (world, message) = try LegLifeTests.world(stage, ErasureRows.charter())
        let isEnded = try world.message(message).isSettled
        world.now = world.now + .days(40)
        let attempt = try ErasureRows.erase(world, [message])
        #expect(attempt.verdict == (isEnded ? "accepted" : "wrong-state"))
        // A recipient that never fetched has lost its right by an entry before the content goes.
        guard isEnded else { return }
        try world.log(attempt.statement)
        let leg = LegReference(message: message, leg: 0)
        #expect(world.verdict(try world.made("hezbollah", .receipt(leg, .retrieved))) == "wrong-state")
    }

    @Test("the retention begins with the entry that ends the last leg, whatever inner hops say later")
    func beginning() throws {
        var (world, message) = try World.withMessage([World.viaSpeaker], ErasureRows.charter())
        let leg = LegReference(message: message, leg: 0)
        for (party, act) in [
            ("lebanon-speaker", .receipt(leg, .retrieved)), ("lebanon-speaker", .conveyance(leg)),
            ("hezbollah", .receipt(leg, .retrieved)),
        ] as [(PartyID, Act)] {
            world.now = world.now + .hours(1)
            try world.log(world.made(party, act))
        }
        world.now = world.now + .hours(1)
        let opened = try world.log(world.made("hezbollah", .receipt(leg, .opened)))
        #expect(opened.contents == [message: .settled(world.now)])
        let due = world.now + ErasureRows.retention
        world.now = world.now + .days(9)
        #expect(try world.log(world.made("lebanon-speaker", .receipt(leg, .opened))).contents.isEmpty)
        world.now = due
        #expect(try ErasureRows.erase(world, [message], at: due - Rows.millisecond).verdict == "not-due")
        #expect(try ErasureRows.erase(world, [message]).verdict == "accepted")
    }

    @Test("an erasure leaves custody chain, quota and inboxes as they are, and hops may still confirm")
    func aside() throws {
        var (world, message) = try World.withMessage([World.viaSpeaker], ErasureRows.charter())
        let leg = LegReference(message: message, leg: 0)
        for (party, act) in [
            ("lebanon-speaker", .receipt(leg, .retrieved)), ("lebanon-speaker", .conveyance(leg)),
            ("hezbollah", .refusal(leg, .declined)),
        ] as [(PartyID, Act)] { try world.log(world.made(party, act)) }
        world.now = world.now + ErasureRows.retention
        let before = world.facts
        let changes = try world.log(world.made(.relay, .erasure([message])))
        #expect(changes.previous == nil && changes.message == nil && changes.arrivals.isEmpty)
        #expect(changes.contents == [message: .erased(changes.index)])
        #expect(world.facts.messages == before.messages)
        #expect(world.facts.standing.counters == before.standing.counters)
        let late = try world.made("lebanon-speaker", .receipt(leg, .unreadable(.notServed)))
        #expect(world.verdict(late) == "accepted")
    }

    /// When the last leg of a message was ended, folded from the entries alone.
    private static func settled(_ message: MessageID, in entries: [[UInt8]]) throws -> Timestamp? {
        var chain: [(index: LogIndex, entry: Entry)] = []
        for (index, bytes) in entries.enumerated() {
            let entry = try Entry(der: bytes, limit: Bounds.entry)
            guard entry.message == message else { continue }
            chain.append((LogIndex(UInt64(index)), entry))
            if MessageState(chain: chain)?.isSettled == true { return entry.acceptedAt }
        }
        return nil
    }

    @Test(
        "nothing is ever erased that a party may still fetch for the first time",
        arguments: 1...6 as ClosedRange<UInt64>)
    func property(seed: UInt64) throws {
        var generator = Seeded(seed: seed)
        var world = try World.withKeys(
            Talks.charter(
                limits: {
                    $0.confirmGrace = .hours(3)
                    $0.retention = .hours(5)
                }, version: 2))
        var erased: Set<MessageID> = []
        var refused = 0
        for step in 0..<400 {
            world.now = world.now + .minutes(Int64.random(in: 0...30, using: &generator))
            guard Int.random(in: 0..<4, using: &generator) == 0, !world.facts.messages.isEmpty else {
                let statement = try ReplayTests.attempt(world, &generator, step: step)
                if case .accepted = world.decide(statement) { try world.log(statement) }
                continue
            }
            let wanted = world.facts.messages.keys.sorted().filter { _ in
                Int.random(in: 0..<3, using: &generator) == 0
            }
            guard !wanted.isEmpty else { continue }
            let statement = try world.made(.relay, .erasure(wanted))
            guard case .accepted = world.decide(statement) else {
                refused += 1
                for message in wanted where !erased.contains(message) {
                    let alone = try ErasureRows.erase(world, [message])
                    guard alone.verdict == "accepted" else { continue }
                    try world.log(alone.statement)
                    erased.insert(message)
                    try expectUnreachable(message, in: world, "seed \(seed)")
                }
                continue
            }
            #expect(erased.isDisjoint(with: wanted), "seed \(seed)")
            try world.log(statement)
            for message in wanted { try expectUnreachable(message, in: world, "seed \(seed)") }
            erased.formUnion(wanted)
        }
        #expect(!erased.isEmpty && refused > 0, "seed \(seed): \(erased.count) erased, \(refused) refused")
    }

    private func expectUnreachable(_ message: MessageID, in world: World, _ note: Comment) throws {
        let since = try #require(try Self.settled(message, in: world.entries), note)
        #expect(world.now >= since + .hours(5), note)
        let state = try world.message(message)
        for (number, leg) in state.legs.enumerated() {
            #expect(leg.stage.isTerminal, note)
            let reference = LegReference(message: message, leg: LegNumber(number) ?? 0)
            for party in leg.route.holders {
                let signer: DelegateName = party == "israel-strategic-affairs" ? "drafter" : "lead"
                let fetch = try world.made(party, .receipt(reference, .retrieved), by: [signer])
                #expect(world.verdict(fetch) != "accepted", note)
            }
        }
    }
}
