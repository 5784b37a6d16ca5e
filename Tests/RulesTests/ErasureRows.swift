import Ledger
import Rules
import Statements

/// The rules of erasures, a row for each: what rules version 2 decides otherwise than version 1.
enum ErasureRows {
    static let retention = TimeSpan.days(10)
    /// The codes that an erasure can get, but for those of every statement.
    static let codes: [RejectionCode] = [.unsupportedAct, .unknownMessage, .wrongState, .notDue]

    static func charter(retention: TimeSpan? = retention, version: UInt64 = 2) throws -> SignedCharter {
        try Talks.charter(limits: { $0.retention = retention }, version: version)
    }

    /// A message to `hezbollah` and `israel-strategic-affairs` that both have opened, and the clock at its retention.
    static func settled(_ charter: SignedCharter? = nil) throws -> (world: World, message: MessageID) {
        var (world, message) = try halfSettled(charter)
        let leg = LegReference(message: message, leg: 1)
        for outcome in [ReceiptOutcome.retrieved, .opened] {
            try world.log(world.made("israel-strategic-affairs", .receipt(leg, outcome), by: ["drafter"]))
        }
        world.now = world.now + retention
        return (world, message)
    }

    /// The same before the second one does.
    static func halfSettled(_ charter: SignedCharter? = nil) throws -> (world: World, message: MessageID) {
        var (world, message) = try World.withMessage(
            [World.viaSpeaker, World.toIsrael], to: World.openly + ["israel-strategic-affairs/drafter"],
            charter ?? self.charter())
        let leg = LegReference(message: message, leg: 0)
        try world.log(world.made("lebanon-speaker", .conveyance(leg)))
        for outcome in [ReceiptOutcome.retrieved, .opened] {
            try world.log(world.made("hezbollah", .receipt(leg, outcome)))
        }
        return (world, message)
    }

    static func erase(_ world: World, _ messages: [MessageID], at time: Timestamp? = nil) throws -> Attempt {
        Attempt(world, try world.made(.relay, .erasure(messages)), at: time)
    }

    static func all() throws -> [Row] {
        let (world, message) = try settled()
        let good = try erase(world, [message])
        var (half, open) = try halfSettled()
        half.now = half.now + retention
        var erased = world
        try erased.log(good.statement)
        let (silent, kept) = try settled(charter(retention: nil))
        let (old, still) = try settled(charter(retention: nil, version: 1))
        let early = Timestamp(milliseconds: world.now.milliseconds - 1)
        let nobody = MessageID(Talks.hash("no message"))
        let party = try world.made("lebanon-speaker", .erasure([message]))
        let amendment = Amendment(
            scope: .roster("us-envoy"), revision: Revision(1), reason: "", changes: [.setQuorum("us-envoy", 2)])
        return [
            Row(.unsupportedAct, "an erasure under rules version 1", try erase(old, [still]), butNot: good),
            Row(
                .unsupportedAct, "an amendment under rules version 2",
                Attempt(world, try world.made("us-envoy", .amendment(amendment))), butNot: good),
            Row(.notInOffice, "by a party", Attempt(world, party), butNot: good),
            Row(.notDue, "under a charter without a retention", try erase(silent, [kept]), butNot: good),
            Row(
                .notDue, "a millisecond before the retention is over", try erase(world, [message], at: early),
                butNot: good),
            Row(.unknownMessage, "of no message", try erase(world, [nobody]), butNot: good),
            Row(.unknownMessage, "of one message and of none", try erase(world, [message, nobody]), butNot: good),
            Row(.wrongState, "with a leg that nobody has ended", try erase(half, [open]), butNot: good),
            Row(.wrongState, "erased before", try erase(erased, [message]), butNot: good),
            Row(.wrongState, "named twice", try erase(world, [message, message]), butNot: good),
        ]
    }

    static func attempts() throws -> [(name: String, attempt: Attempt)] {
        var all: [(name: String, attempt: Attempt)] = []
        for row in try self.all() {
            all.append(("\(row.testDescription): rejected", row.refused))
            all.append(("\(row.testDescription): not rejected", row.accepted))
        }
        let charter = try charter()
        for stage in LegLifeTests.stages {
            var (world, message) = try LegLifeTests.world(stage, charter)
            world.now = world.now + .days(40)
            all.append(("leg \(stage.name), long after: erased", try erase(world, [message])))
        }
        return all
    }
}
