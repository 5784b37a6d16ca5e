import Ledger
import Rules
import Statements
import Testing

@Suite("Replay")
struct ReplayTests {
    /// One thing that somebody may try; most are out of place when they are drawn.
    static func attempt(_ world: World, _ generator: inout Seeded, step: Int) throws -> ExaminedStatement {
        let open = world.facts.messages.filter { !$0.value.isSettled }.keys.sorted()
        let messages = open.count < 4 ? world.facts.messages.keys.sorted() : open
        let parties: [PartyID] = [
            "egypt-mediator", "hezbollah", "israel-strategic-affairs", "lebanon-speaker", "us-envoy",
        ]
        var party = parties.randomElement(using: &generator) ?? "us-envoy"
        let number = LegNumber(Int.random(in: 0...1, using: &generator)) ?? 0
        let sends = open.count < 4 && Int.random(in: 0..<4, using: &generator) == 0
        guard let message = messages.randomElement(using: &generator), !sends else {
            let routes = [[World.viaSpeaker], [World.longRoute, World.toIsrael], [World.toIsrael, World.viaSpeaker]]
            let legs = routes.randomElement(using: &generator) ?? routes[0]
            let recipients = legs.contains(World.toIsrael) ? ["israel-strategic-affairs/drafter"] : []
            let hours = Int64.random(in: 1...40, using: &generator)
            return try world.made(
                "us-envoy",
                .submission(
                    world.submission("\(step)", legs: legs, to: World.openly + recipients, expires: .hours(hours))))
        }
        let leg = LegReference(message: message, leg: number)
        let legs = try world.message(message).legs
        if number.value < legs.count, let holder = legs[number.value].holder,
            Int.random(in: 0..<4, using: &generator) > 0
        {
            party = holder
        }
        let outcome: ReceiptOutcome =
            [.retrieved, .opened, .unreadable(.digest)].randomElement(using: &generator) ?? .opened
        let signer: [DelegateName] = party == "israel-strategic-affairs" ? ["drafter"] : ["lead"]
        switch Int.random(in: 0..<10, using: &generator) {
        case 0...3: return try world.made(party, .receipt(leg, outcome), by: signer)
        case 4...6: return try world.made(party, .conveyance(leg), by: signer)
        case 7: return try world.made(party, .refusal(leg, .declined), by: signer)
        case 8: return try world.made("us-envoy", .recall(message, legs: [number]))
        default:
            return Bool.random(using: &generator)
                ? try world.made(.relay, .expiry(leg)) : try world.made(.relay, .tick(world.rightTick(party)))
        }
    }

    static func play(seed: UInt64, steps: Int) throws -> World {
        var generator = Seeded(seed: seed)
        var world = try World.withKeys()
        for step in 0..<steps {
            world.now = world.now + .minutes(Int64.random(in: 0...30, using: &generator))
            let statement = try attempt(world, &generator, step: step)
            if case .accepted = world.decide(statement) { try world.log(statement) }
        }
        return world
    }

    @Test("facts kept by changes are the facts that replaying the entries makes", arguments: [1, 2, 3, 4] as [UInt64])
    func replay(seed: UInt64) throws {
        let world = try Self.play(seed: seed, steps: 400)
        #expect(world.entries.count > 40, "seed \(seed): only \(world.entries.count) entries")
        let again = try World(replaying: world.entries)
        #expect(again.head == world.head, "seed \(seed)")
        #expect(again.facts.messages == world.facts.messages, "seed \(seed)")
        #expect(again.facts.standing.counters == world.facts.standing.counters, "seed \(seed)")
        #expect(again.facts.standing.keys == world.facts.standing.keys, "seed \(seed)")
        #expect(again.facts.statements == world.facts.statements, "seed \(seed)")
        #expect(again.facts.nonces == world.facts.nonces, "seed \(seed)")
        #expect(again.facts.roots == world.facts.roots, "seed \(seed)")
    }

    @Test("folding a message's chain of entries gives its state", arguments: [5, 6] as [UInt64])
    func fold(seed: UInt64) throws {
        let world = try Self.play(seed: seed, steps: 400)
        let entries = try world.entries.map { try Entry(der: $0, limit: Bounds.entry) }
        var words: Set<String> = []
        for (id, state) in world.facts.messages {
            var chain: [(index: LogIndex, entry: Entry)] = []
            var next: LogIndex? = state.lastIndex
            while let index = next {
                let entry = entries[Int(index.rawValue)]
                chain.insert((index, entry), at: 0)
                next = entry.previous
            }
            #expect(MessageState(chain: chain) == state, "seed \(seed), message \(id)")
            #expect(chain.count == entries.count { $0.message == id })
            // A chain that lacks its first or a middle entry is none.
            #expect(MessageState(chain: Array(chain.dropFirst())) == nil)
            if chain.count > 2 { #expect(MessageState(chain: [chain[0]] + chain[2...]) == nil) }
            words.formUnion(state.legs.map(\.stage.word))
        }
        #expect(words.isSuperset(of: ["opened", "refused", "recalled"]), "seed \(seed): only \(words)")
    }

    @Test("inboxes have no gaps, and quotas count what is unsettled", arguments: [7, 8] as [UInt64])
    func counters(seed: UInt64) throws {
        let world = try Self.play(seed: seed, steps: 400)
        var inboxes: [PartyID: [UInt64]] = [:]
        for arrival in world.changes.flatMap(\.arrivals) {
            inboxes[arrival.party, default: []].append(arrival.number.value)
        }
        for (party, numbers) in inboxes {
            #expect(numbers == Array(1...UInt64(numbers.count)), "seed \(seed), \(party)")
            #expect(world.counters(party).arrivals == UInt64(numbers.count), "seed \(seed), \(party)")
        }
        let open = world.facts.messages.values.filter { !$0.isSettled }
        let counted = world.counters("us-envoy")
        #expect(counted.unsettledMessages == UInt64(open.count), "seed \(seed)")
        #expect(counted.unsettledBytes == open.reduce(0) { $0 + $1.submission.payloadSize }, "seed \(seed)")
    }

    @Test("the same statement on the same facts gets the same verdict")
    func deterministic() throws {
        for row in try Rows.all() {
            #expect(row.refused.verdict == row.refused.verdict)
            let again = try World(replaying: row.refused.world.entries)
            #expect(
                again.verdict(row.refused.statement, at: row.refused.time) == row.code.rawValue,
                "\(row.testDescription)")
        }
    }
}
