import Daemon
import Rules
import Relay
import Statements
import Store
import TestKit
import Testing

@Suite("Turns in the queue")
struct FairQueueTests {
    private static let north = FixtureWorld.envoy.party
    private static let south = FixtureWorld.hezbollah.party
    private static let middle = FixtureWorld.speaker.party

    private static func queue(limit: Int = 16_384, share: Int = 50) -> FairQueue<String> {
        FairQueue(limit: limit, share: share)
    }

    /// Adds `prefix` with the numbers from 0 on.
    private static func fill(
        _ queue: inout FairQueue<String>, _ prefix: String, _ count: Int, of party: PartyID,
        _ precedence: Precedence = .routine, cost: Int = 1
    ) {
        for number in 0..<count { _ = queue.add("\(prefix)\(number)", of: party, precedence, cost: cost) }
    }

    @Test("a party with 10,000 waiting statements does not delay another's beyond the next batch")
    func fair() {
        var queue = Self.queue()
        Self.fill(&queue, "", 10_000, of: Self.north)
        #expect(queue.place(of: Self.south) == 2)
        #expect(queue.place(of: Self.north) == 10_001)
        _ = queue.add("other", of: Self.south, .routine, cost: 1)
        let batch = queue.take(512)
        #expect(batch.count == 512)
        #expect(batch[..<3] == ["0", "other", "1"])
        #expect(batch.last == "510")
        #expect(queue.count == 9_489)
    }

    @Test("parties take turns, and each party's own come in their order")
    func turns() {
        var queue = Self.queue()
        for (party, name) in [(Self.north, "n"), (Self.south, "s"), (Self.middle, "m")] {
            Self.fill(&queue, name, 4, of: party)
        }
        #expect(queue.take(5) == ["n0", "s0", "m0", "n1", "s1"])
        _ = queue.add("n4", of: Self.north, .routine, cost: 1)
        #expect(queue.take(100) == ["m1", "n2", "s2", "m2", "n3", "s3", "m3", "n4"])
        #expect(queue.isEmpty && queue.place(of: Self.north) == 1)
    }

    @Test("flash goes first, and leaves a lower precedence its part of each batch")
    func precedence() {
        var queue = Self.queue()
        for precedence in Precedence.allCases {
            Self.fill(&queue, "\(precedence) ", 1_000, of: Self.north, precedence)
        }
        let batch = queue.take(512)
        let counts = Precedence.allCases.map { precedence in
            batch.count { $0.hasPrefix("\(precedence) ") }
        }
        #expect(counts == [64, 64, 128, 256])
        #expect(batch.first == "flash 0" && batch.last == "routine 63")
    }

    @Test("flash alone takes whole batches, and what others leave of theirs")
    func flashAlone() {
        var queue = Self.queue(share: 10)
        Self.fill(&queue, "f", 600, of: Self.north, .flash)
        _ = queue.add("r", of: Self.south, .routine, cost: 1)
        let batch = queue.take(512)
        #expect(batch.count == 512 && batch.contains("r"))
        #expect(batch.count { $0.hasPrefix("f") } == 511)
    }

    @Test("a full queue turns away whoever fills it, newest and lowest first, and not the others")
    func full() {
        var queue = Self.queue(limit: 10)
        Self.fill(&queue, "f", 5, of: Self.north, .flash)
        Self.fill(&queue, "r", 5, of: Self.north)
        let own = queue.add("more", of: Self.north, .flash, cost: 1)
        #expect(!own.isAdded && own.displaced.isEmpty)
        let other = queue.add("other", of: Self.south, .routine, cost: 3)
        #expect(other.isAdded && other.displaced == ["r4", "r3", "r2"])
        #expect(queue.count == 8)
        let equal = (0..<3).map { queue.add("s\($0)", of: Self.south, .routine, cost: 2) }
        // Now the two have nearly the same.
        #expect(equal.map(\.isAdded) == [true, false, false])
        #expect(queue.take(100).filter { $0 == "other" || $0 == "s0" }.count == 2)
    }

    @Test("what takes memory counts for more, and the relay's own acts are never turned away")
    func cost() {
        var queue = Self.queue(limit: 20)
        #expect(queue.add("large", of: Self.north, .routine, cost: 18).isAdded)
        #expect(!queue.add("second", of: Self.north, .routine, cost: 9).isAdded)
        #expect(queue.add("tick", of: .relay, .flash, cost: 3, isExempt: true).isAdded)
        #expect(queue.take(10) == ["tick", "large"])
        #expect(queue.add("second", of: Self.north, .routine, cost: 9).isAdded)
    }

    @Test("who would not find room if all that may go had gone displaces nothing")
    func noRoom() {
        var queue = Self.queue(limit: 10)
        Self.fill(&queue, "n", 6, of: Self.north)
        Self.fill(&queue, "s", 4, of: Self.south)
        // One of the north's may go; then it has no more than the newcomer would have.
        let large = queue.add("large", of: Self.middle, .flash, cost: 5)
        #expect(!large.isAdded && large.displaced.isEmpty)
        #expect(queue.count == 10)
        let small = queue.add("small", of: Self.middle, .flash, cost: 1)
        #expect(small.isAdded && small.displaced == ["n5"])
    }

    @Test("what may go is taken from several parties, each from its newest on, until there is room")
    func several() {
        var queue = Self.queue(limit: 12)
        Self.fill(&queue, "n", 3, of: Self.north, cost: 2)
        Self.fill(&queue, "s", 3, of: Self.south, cost: 2)
        let admission = queue.add("m", of: Self.middle, .routine, cost: 3)
        #expect(admission.isAdded && Set(admission.displaced) == ["n2", "s2"])
        #expect(queue.take(10) == ["n0", "s0", "m", "n1", "s1"])
    }

    @Test("an empty queue takes what is larger than all of it, so that nothing is turned away for ever")
    func larger() {
        var queue = Self.queue(limit: 4)
        #expect(queue.add("letter", of: Self.north, .routine, cost: 9).isAdded)
        let second = queue.add("second", of: Self.south, .routine, cost: 9)
        #expect(!second.isAdded && second.displaced.isEmpty)
        #expect(queue.take(10) == ["letter"])
        #expect(queue.add("second", of: Self.south, .routine, cost: 9).isAdded)
        #expect(queue.add("tick", of: .relay, .flash, cost: 1, isExempt: true).isAdded)
        #expect(queue.take(10) == ["tick", "second"])
        #expect(queue.add("small", of: Self.north, .routine, cost: 4).isAdded)
    }

    @Test(
        "a party that was displaced and comes again has one turn in each round, as everyone",
        arguments: [1, 7, 42] as [UInt64])
    func drawn(seed: UInt64) {
        var random = LogNumbers(seed: seed)
        var queue = FairQueue<Int>(limit: 16, share: 50)
        var inside: [Int: (party: PartyID, lane: Precedence)] = [:]
        var (displaced, again) = (Set<PartyID>(), 0)
        for number in 0..<5_000 {
            if number % 40 == 39 {
                Self.expectTurns(queue.take(1_000), &inside, "seed \(seed), \(number)")
                #expect(queue.isEmpty && inside.isEmpty, "seed \(seed), \(number)")
                displaced = []
                continue
            }
            if random.happens(10) {
                for item in queue.take(Int(random.next() % 4)) {
                    #expect(inside.removeValue(forKey: item) != nil, "seed \(seed)")
                }
                continue
            }
            let parties = [Self.north, Self.south, Self.middle]
            let party = parties[random.happens(50) ? 0 : Int(random.next() % 3)]
            let lane = Precedence.allCases[Int(random.next() % 4)]
            let admission = queue.add(number, of: party, lane, cost: 1 + Int(random.next() % 3))
            for item in admission.displaced {
                if let gone = inside.removeValue(forKey: item) { displaced.insert(gone.party) }
            }
            if admission.isAdded { inside[number] = (party, lane) }
            if admission.isAdded, displaced.contains(party) { again += 1 }
            #expect(queue.count == inside.count, "seed \(seed), \(number)")
        }
        #expect(again > 100, "seed \(seed): too few came again to show anything")
    }

    /// Of each precedence: a round has everyone once who has as many, and then comes the next.
    private static func expectTurns(
        _ taken: [Int], _ inside: inout [Int: (party: PartyID, lane: Precedence)], _ comment: Comment
    ) {
        let order = taken.compactMap { inside.removeValue(forKey: $0) }
        #expect(order.count == taken.count, comment)
        for lane in Precedence.allCases {
            var rest = order.filter { $0.lane == lane }.map { $0.party }[...]
            while !rest.isEmpty {
                let wanted = Set(rest)
                let round = rest.prefix(wanted.count)
                #expect(Set(round) == wanted, comment)
                rest = rest.dropFirst(wanted.count)
            }
        }
    }
}

@Suite("The sequencer's queue", .timeLimit(.minutes(2)))
struct SequencerQueueTests {
    private static func options(_ change: @escaping @Sendable (inout RelaySettings) -> Void) -> RelayInABox.Options {
        var options = RelayInABox.Options.watched(change)
        options.runsActs = false
        return options
    }

    @Test("10,000 statements of one party wait, and another's is in the next batch")
    func fair() async throws {
        try await RelayInABox.run(nil, Self.options { $0.limits.queue.statements = 20_000 }) { box in
            let (first, second) = (Gate(), Gate())
            box.store.then([.wait(first), .wait(second)])
            let flood = try Submission(box.envelope(), box)
            let toEnvoy = Leg(intermediaries: [], recipient: FixtureWorld.envoy.party)
            let other = try Submission(box.envelope(from: FixtureWorld.speaker, legs: [toEnvoy]), box)
            try await withThrowingTaskGroup(of: Bool.self) { tasks in
                for _ in 0..<10_001 { tasks.addTask { await flood.isAccepted(by: box) } }
                while try await box.metrics()["valise_queue_statements"] != 10_000 { await Task.yield() }
                tasks.addTask { await other.isAccepted(by: box) }
                while try await box.metrics()["valise_queue_statements"] != 10_001 { await Task.yield() }
                first.open()
                // What waits is in the log already, but for the other's: this is the commit of its batch.
                await second.reached()
                #expect(try await box.metrics()["valise_queue_statements"] == Double(10_001 - Sequencer.batchLimit))
                second.open()
                for try await isAccepted in tasks { #expect(isAccepted) }
            }
        }
    }

    @Test("whoever fills the queue is told busy, and another party's statement takes its place")
    func displaced() async throws {
        try await RelayInABox.run(nil, Self.options { $0.limits.queue.statements = 4 }) { box in
            let gate = Gate()
            box.store.then([.wait(gate)])
            let flood = try Submission(box.envelope(), box)
            let toEnvoy = Leg(intermediaries: [], recipient: FixtureWorld.envoy.party)
            let other = try Submission(box.envelope(from: FixtureWorld.speaker, legs: [toEnvoy]), box)
            async let opening = flood.isAccepted(by: box)
            await gate.reached()
            try await withThrowingTaskGroup(of: (isOther: Bool, isAccepted: Bool).self) { tasks in
                for _ in 0..<4 { tasks.addTask { (false, await flood.isAccepted(by: box)) } }
                while try await box.metrics()["valise_queue_statements"] != 4 { await Task.yield() }
                tasks.addTask { (true, await other.isAccepted(by: box)) }
                // Four wait, and one of them had to go.
                let first = try #require(try await tasks.next())
                #expect(!first.isOther && !first.isAccepted)
                #expect(try await box.metrics()[#"valise_limited_total{limit="queue"}"#] == 1)
                gate.open()
                for try await outcome in tasks { #expect(outcome.isAccepted) }
            }
            #expect(await opening)
        }
    }

    @Test("while a commit hangs for too long statements are told overloaded, and taken again once it works")
    func overloaded() async throws {
        var options = Self.options { $0.limits.queue.patience = .seconds(0) }
        options.publishesKeys = false
        try await RelayInABox.run(nil, options) { box in
            let gate = Gate()
            box.store.then([.wait(gate)])
            let first = try Submission(publication: FixtureWorld.envoy, box)
            let other = try Submission(publication: FixtureWorld.speaker, box)
            async let opening = first.isAccepted(by: box)
            await gate.reached()
            guard case .overloaded(let wait) = await other.outcome(by: box) else {
                Issue.record("it waits")
                return gate.open()
            }
            #expect(wait > 0)
            gate.open()
            #expect(await opening)
            while case .overloaded = await other.outcome(by: box) { await Task.yield() }
            #expect(await other.isAccepted(by: box))
        }
    }
}

/// A statement whose signatures were checked, as the sequencer takes it.
private struct Submission: Sendable {
    private let examined: ExaminedStatement
    private let envelope: EnvelopeBytes?

    init(_ envelope: RealEnvelope, _ box: RelayInABox) throws {
        let charter = box.server.log.snapshot.standing.charter
        examined = ExaminedStatement(envelope.signed) { charter.key($0) }
        self.envelope = .inline(envelope.bytes)
    }

    init(publication delegate: DelegateID, _ box: RelayInABox) throws {
        let charter = box.server.log.snapshot.standing.charter
        let signed = try box.sign(.keyPublication(box.publication(of: delegate)), by: delegate)
        examined = ExaminedStatement(signed) { charter.key($0) }
        envelope = nil
    }

    func outcome(by box: RelayInABox) async -> Sequencer.Outcome {
        await box.server.sequencer.submit(examined, envelope: envelope)
    }

    func isAccepted(by box: RelayInABox) async -> Bool {
        if case .accepted = await outcome(by: box) { true } else { false }
    }
}
