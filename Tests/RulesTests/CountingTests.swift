import Ledger
import Rules
import Statements
import Testing

@Suite("Inbox numbers, quotas and repetitions")
struct CountingTests {
    static let keys = World.openly + ["israel-strategic-affairs/drafter"]

    @Test("each arrival takes the next number of the inbox that it reaches")
    func arrivals() throws {
        var world = try World.withKeys()
        let legs = [World.viaSpeaker, World.toIsrael]
        var numbers: [[String]] = []
        var messages: [MessageID] = []
        for name in ["one", "two"] {
            let made = try world.log(
                world.made("us-envoy", .submission(world.submission(name, legs: legs, to: Self.keys))))
            messages.append(MessageID(made.statement))
            numbers.append(made.arrivals.map { "\($0.party) \($0.number) leg \($0.leg)" })
        }
        #expect(
            numbers == [
                ["lebanon-speaker 1 leg 0", "israel-strategic-affairs 1 leg 1"],
                ["lebanon-speaker 2 leg 0", "israel-strategic-affairs 2 leg 1"],
            ])
        // Carried on in another order: numbers follow arrivals, not submissions.
        for (message, number) in zip(messages.reversed(), 1...) {
            let leg = LegReference(message: message, leg: 0)
            let made = try world.log(world.made("lebanon-speaker", .conveyance(leg)))
            #expect(made.arrivals.map(\.party) == ["hezbollah"])
            #expect(made.arrivals.map(\.number) == [ArrivalNumber(UInt64(number))])
            #expect(made.arrivals.map(\.message) == [message])
        }
        #expect(world.counters("hezbollah").arrivals == 2)
        #expect(world.counters("us-envoy").arrivals == 0)
    }

    @Test("receipts, refusals, recalls and notices are no arrivals")
    func noArrivals() throws {
        var (world, message) = try World.withMessage([World.viaSpeaker])
        let before = world.facts.standing.counters.mapValues(\.arrivals)
        let leg = LegReference(message: message, leg: 0)
        #expect(try world.log(world.made("lebanon-speaker", .receipt(leg, .retrieved))).arrivals.isEmpty)
        #expect(try world.log(world.made("lebanon-speaker", .refusal(leg, .policy))).arrivals.isEmpty)
        #expect(world.facts.standing.counters.mapValues(\.arrivals) == before)
    }

    @Test("a message counts against its originator until its last leg has ended")
    func quota() throws {
        var (world, message) = try World.withMessage([World.viaSpeaker, World.toIsrael], to: Self.keys)
        let counted = PartyCounters(unsettledMessages: 1, unsettledBytes: 65_536)
        #expect(world.counters("us-envoy") == counted)
        let direct = LegReference(message: message, leg: 1)
        for outcome in [ReceiptOutcome.retrieved, .opened] {
            #expect(world.counters("us-envoy") == counted)
            try world.log(world.made("israel-strategic-affairs", .receipt(direct, outcome), by: ["drafter"]))
        }
        #expect(world.counters("us-envoy") == counted)
        try world.log(world.made("lebanon-speaker", .refusal(LegReference(message: message, leg: 0), .declined)))
        #expect(world.counters("us-envoy") == PartyCounters())
    }

    @Test("the time that ran out releases the quota with its notice")
    func quotaByNotice() throws {
        var (world, message) = try World.withMessage([World.viaSpeaker])
        world.now = try world.message(message).submission.expiry
        #expect(world.counters("us-envoy").unsettledMessages == 1)
        try world.log(world.made(.relay, .expiry(LegReference(message: message, leg: 0))))
        #expect(world.counters("us-envoy").unsettledMessages == 0)
    }

    @Test("a statement that is in the log is repeated, whatever has changed since")
    func repeated() throws {
        var (world, message) = try World.withMessage([World.viaSpeaker])
        let convey = try world.made("lebanon-speaker", .conveyance(LegReference(message: message, leg: 0)))
        let index = try world.log(convey).index
        world.now = world.now + .days(30)
        guard case .repeated(let found) = world.decide(convey) else {
            Issue.record("not repeated: \(world.verdict(convey))")
            return
        }
        #expect(found == index)
    }

    @Test("a submission signed again with the same nonce is repeated, also by a colleague and after other changes")
    func sameNonce() throws {
        var world = try World.withKeys()
        let first = world.submission(legs: [World.viaSpeaker], to: World.openly)
        let index = try world.log(world.made("us-envoy", .submission(first))).index
        world.now = world.now + .hours(2)
        let again = try world.made("us-envoy", .submission(first), by: ["deputy"])
        let other = try world.made(
            "us-envoy", .submission(world.submission(legs: [World.toIsrael], to: Self.keys, stale: true)))
        for statement in [again, other] {
            guard case .repeated(let found) = world.decide(statement) else {
                Issue.record("not repeated: \(world.verdict(statement))")
                continue
            }
            #expect(found == index)
        }
    }

    @Test("a nonce is known again only to its own party, under its signature")
    func foreignNonce() throws {
        var world = try World.withKeys()
        try world.log(world.made("us-envoy", .submission(world.submission(legs: [World.viaSpeaker], to: World.openly))))
        world.now = world.now + .minutes(1)
        let mediator = world.submission(
            from: "egypt-mediator", legs: [Leg(intermediaries: [], recipient: "us-envoy")], to: ["us-envoy/lead"])
        #expect(world.verdict(try world.made("egypt-mediator", .submission(mediator))) == "accepted")
        let forged = try world.made(
            "us-envoy", .submission(world.submission(legs: [World.viaSpeaker], to: World.openly))
        ) { $0.forgers = ["egypt-mediator/lead"] }
        #expect(world.verdict(forged) == "bad-signature")
    }

    @Test("a signature checked with a key that is not in office counts for nothing")
    func otherKey() throws {
        let world = try World.withKeys()
        let act = Act.keyPublication(world.publication("us-envoy/next"))
        let signed = try world.made("us-envoy", act) { $0.forgers = ["hezbollah/lead"] }.signed
        let foreign = world.charter.charter.party("hezbollah")?.delegates[0].signingKey
        let examined = ExaminedStatement(signed) { _ in foreign }
        #expect(examined.isAuthentic)
        #expect(world.verdict(examined) == "bad-signature")
    }

    @Test("a key past its keepUntil is as if it had never been published")
    func destroyedKeys() throws {
        var world = try World.withKeys()
        world.now = Talks.start + .days(40)
        let again = world.publication("us-envoy/lead", until: .days(50), keep: .days(80))
        #expect(world.verdict(try world.made("us-envoy", .keyPublication(again))) == "accepted")
        world.now = world.now + TimeSpan(milliseconds: -1)
        #expect(world.verdict(try world.made("us-envoy", .keyPublication(again))) == "key-twice")
    }
}
