import Ledger
import Rules
import Statements
import Testing

/// A statement decided at a moment on a log.
struct Attempt: Sendable {
    let world: World
    let statement: ExaminedStatement
    let time: Timestamp

    init(_ world: World, _ statement: ExaminedStatement, at time: Timestamp? = nil) {
        self.world = world
        self.statement = statement
        self.time = time ?? world.now
    }

    var verdict: String { world.verdict(statement, at: time) }
}

/// One rule: a statement that breaks it, and its neighbour that does not.
struct Row: Sendable, CustomTestStringConvertible {
    let code: RejectionCode
    let name: String
    let refused: Attempt
    let accepted: Attempt

    init(_ code: RejectionCode, _ name: String, _ refused: Attempt, butNot accepted: Attempt) {
        self.code = code
        self.name = name
        self.refused = refused
        self.accepted = accepted
    }

    var testDescription: String { "\(code): \(name)" }
}

enum Rows {
    static func all() throws -> [Row] {
        try times() + signers() + routes() + capacities() + sealing() + legs() + keys() + relays() + quotas()
    }

    static let millisecond = TimeSpan(milliseconds: 1)

    static func times() throws -> [Row] {
        let world = try World.withKeys()
        let act = Act.keyPublication(world.publication("us-envoy/next"))
        func attempt(at time: Timestamp? = nil, _ change: (inout Draft) -> Void) throws -> Attempt {
            Attempt(world, try world.made("us-envoy", act, change), at: time)
        }
        let good = try attempt { _ in }
        let ahead = world.now + .clockTolerance
        return [
            Row(.wrongCharter, "of another charter", try attempt { $0.charter = CharterID(.zero) }, butNot: good),
            Row(
                .clock, "made five minutes and a millisecond ahead", try attempt { $0.madeAt = ahead + millisecond },
                butNot: try attempt { $0.madeAt = ahead }),
            Row(
                .tooLate, "kept until after submitBy",
                try attempt(at: world.now + .hours(1) + millisecond) { _ in },
                butNot: try attempt(at: world.now + .hours(1)) { _ in }),
            Row(
                .tooLate, "with a longer submit window than the charter's",
                try attempt { $0.submitBy = $0.madeAt + .days(7) + millisecond },
                butNot: try attempt { $0.submitBy = $0.madeAt + .days(7) }),
            Row(
                .otherLog, "after seeing another root",
                try attempt { $0.seen = LogHead(size: $0.seen.size, root: .zero) },
                butNot: try attempt { $0.seen = LogHead(size: 1, root: Merkle.leafHash(world.entries[0])) }),
            Row(
                .otherLog, "after seeing the empty log",
                try attempt { $0.seen = LogHead(size: 0, root: Merkle.emptyRoot) }, butNot: good),
            Row(
                .otherLog, "after seeing a longer log",
                try attempt { $0.seen = LogHead(size: TreeSize($0.seen.size.rawValue + 1), root: $0.seen.root) },
                butNot: good),
        ]
    }

    static func signers() throws -> [Row] {
        let world = try World.withKeys()
        let key = Act.keyPublication(world.publication("us-envoy/next"))
        let good = Attempt(world, try world.made("us-envoy", key))
        let direct = Leg(intermediaries: [], recipient: "us-envoy")
        let submission = Act.submission(
            world.submission(from: "israel-strategic-affairs", legs: [direct], to: ["us-envoy/lead"]))
        let tick = Act.tick(world.rightTick("us-envoy"))
        let amendment = Amendment(
            scope: .roster("us-envoy"), revision: Revision(1), reason: "", changes: [.setQuorum("us-envoy", 2)])
        func by(_ party: PartyID, _ signers: [DelegateName], _ act: Act, forgers: [String]? = nil) throws -> Attempt {
            Attempt(world, try world.made(party, act) { ($0.signers, $0.forgers) = (signers, forgers) })
        }
        return [
            Row(
                .notInOffice, "signed by a stranger", try by("us-envoy", ["stranger"], key),
                butNot: try by("us-envoy", ["deputy"], .keyPublication(world.publication("us-envoy/next")))),
            Row(
                .notInOffice, "by a party the charter does not list", try by("syria", ["lead"], key), butNot: good),
            Row(
                .notInOffice, "a party's act by the relay", try by(.relay, [.act], key), butNot: good),
            Row(
                .notInOffice, "the relay's act by a party", try by("us-envoy", ["lead"], tick),
                butNot: try by(.relay, [.act], tick)),
            Row(
                .badSignature, "signed with a colleague's key",
                try by("us-envoy", ["lead"], key, forgers: ["us-envoy/deputy"]), butNot: good),
            Row(
                .quorumNotMet, "released by one where two are wanted",
                try by("israel-strategic-affairs", ["drafter"], submission),
                butNot: try by("israel-strategic-affairs", ["drafter", "releaser"], submission)),
            Row(
                .quorumNotMet, "signed by two where one speaks for itself",
                try by("us-envoy", ["lead", "deputy"], key), butNot: good),
            Row(.unsupportedAct, "an amendment", try by("us-envoy", ["lead"], .amendment(amendment)), butNot: good),
            Row(
                .unsupportedAct, "an erasure", try by(.relay, [.act], .erasure([MessageID(.zero)])),
                butNot: try by(.relay, [.act], tick)),
        ]
    }

    static func keys() throws -> [Row] {
        var world = try World.withKeys()
        func publish(_ name: String, _ change: (World) -> KeyPublication) throws -> Attempt {
            Attempt(world, try world.made("us-envoy", .keyPublication(change(world))))
        }
        let keep = TimeSpan.days(14) + .days(14) + .days(2)
        let tooShort = TimeSpan(milliseconds: keep.milliseconds - 1)
        let good = try publish("n") { $0.publication("n") }
        let rows = [
            Row(
                .badKeyWindow, "kept a millisecond too short", try publish("n") { $0.publication("n", keep: tooShort) },
                butNot: try publish("n") { $0.publication("n", keep: keep) }),
            Row(
                .badKeyWindow, "with an empty window",
                try publish("n") { $0.publication("n", from: .days(14)) },
                butNot: try publish("n") { $0.publication("n", from: .days(13)) }),
            Row(
                .badKeyWindow, "that has ended already",
                try publish("n") { $0.publication("n", until: .minutes(10)) },
                butNot: try publish("n") { $0.publication("n", until: .minutes(11)) }),
            Row(.keyTwice, "published before", try publish("n") { $0.publication("us-envoy/lead") }, butNot: good),
            Row(
                .keyTwice, "published before by another", try publish("n") { $0.publication("hezbollah/lead") },
                butNot: good),
        ]
        for number in 2...15 {
            try world.log(world.made("us-envoy", .keyPublication(world.publication("many/\(number)"))))
        }
        let sixteenth = try publish("many/16") { $0.publication("many/16") }
        try world.log(sixteenth.statement)
        let seventeenth = try publish("many/17") { $0.publication("many/17") }
        return rows + [Row(.overLimit, "a seventeenth key of a delegate", seventeenth, butNot: sixteenth)]
    }

    static func relays() throws -> [Row] {
        var (world, message) = try World.withMessage([World.viaSpeaker])
        let right = world.rightTick("lebanon-speaker")
        func tick(_ tick: Tick) throws -> Attempt { Attempt(world, try world.made(.relay, .tick(tick))) }
        let good = try tick(right)
        let other = Tick(
            party: "lebanon-speaker", arrivals: right.arrivals + 1, charterInForce: right.charterInForce,
            keys: right.keys)
        let charter = Tick(party: right.party, arrivals: right.arrivals, charterInForce: .zero, keys: right.keys)
        let keys = Tick(party: right.party, arrivals: right.arrivals, charterInForce: right.charterInForce, keys: .zero)
        let nobody = Tick(party: "syria", arrivals: 0, charterInForce: right.charterInForce, keys: right.keys)
        let rows = [
            Row(.wrongTick, "one arrival too many", try tick(other), butNot: good),
            Row(.wrongTick, "with another charter", try tick(charter), butNot: good),
            Row(.wrongTick, "with other keys", try tick(keys), butNot: good),
            Row(.unknownParty, "a tick for nobody", try tick(nobody), butNot: good),
        ]
        let expiry = try world.message(message).submission.expiry
        world.now = Timestamp(milliseconds: expiry.milliseconds - 1)
        let early = try world.made(.relay, .expiry(LegReference(message: message, leg: 0)))
        return rows + [
            Row(
                .notDue, "a notice a millisecond early", Attempt(world, early),
                butNot: Attempt(world, early, at: expiry))
        ]
    }
}

extension World {
    /// The tick that the rules want for a party now.
    func rightTick(_ party: PartyID) -> Tick {
        Tick(
            party: party, arrivals: counters(party).arrivals, charterInForce: charter.id.hash,
            keys: facts.standing.keysHash(at: now))
    }
}
