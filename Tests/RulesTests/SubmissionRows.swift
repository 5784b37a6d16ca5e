import Ledger
import Rules
import Statements

extension Rows {
    /// A submission by the envoy that is right but for what a row changes.
    private static func send(
        _ world: World, legs: [Leg] = [World.viaSpeaker], to keys: [String] = ["us-envoy/lead", "hezbollah/lead"],
        _ precedence: Precedence = .immediate, expires: TimeSpan = .days(2), payload: UInt64 = 65_536,
        stale: Bool = false, from originator: PartyID = "us-envoy", at time: Timestamp? = nil
    ) throws -> Attempt {
        let submission = world.submission(
            from: originator, legs: legs, to: keys, precedence, expires: expires, payload: payload, stale: stale)
        return Attempt(world, try world.made(originator, .submission(submission)), at: time)
    }

    private static func via(_ hops: [PartyID], _ recipient: PartyID) -> Leg {
        Leg(intermediaries: hops, recipient: recipient)
    }

    static func routes() throws -> [Row] {
        let world = try World.withKeys()
        let good = try send(world)
        let israel = ["israel-strategic-affairs/drafter", "us-envoy/lead"]
        let egypt = ["egypt-mediator/lead", "hezbollah/lead"]
        var later = world
        later.now = Talks.start + .days(3)
        var last = world
        last.now = Timestamp(milliseconds: (Talks.start + .days(5)).milliseconds - 1)
        func audit(_ world: World, at time: Timestamp? = nil) throws -> Attempt {
            try send(world, legs: [via([], "us-envoy")], to: ["us-envoy/lead"], from: "oversight-committee", at: time)
        }
        let early = try audit(later, at: Timestamp(milliseconds: later.now.milliseconds - 1))
        return [
            Row(.staleCharter, "written under another revision", try send(world, stale: true), butNot: good),
            Row(.unknownParty, "to nobody", try send(world, legs: [via([], "syria")]), butNot: good),
            Row(.unknownParty, "through nobody", try send(world, legs: [via(["syria"], "hezbollah")]), butNot: good),
            Row(
                .malformedRoute, "with two legs to one recipient",
                try send(world, legs: [World.viaSpeaker, via(["egypt-mediator"], "hezbollah")]), butNot: good),
            Row(.malformedRoute, "to its originator", try send(world, legs: [via([], "us-envoy")]), butNot: good),
            Row(
                .malformedRoute, "twice through one hop",
                try send(world, legs: [via(["lebanon-speaker", "lebanon-speaker"], "hezbollah")]), butNot: good),
            Row(.barred, "past the intermediary", try send(world, legs: [via([], "hezbollah")]), butNot: good),
            Row(
                .barred, "with a barred pair later on the route",
                try send(world, legs: [via(["israel-strategic-affairs"], "hezbollah")]), butNot: good),
            Row(
                .notAnIntermediary, "through a party that may not carry",
                try send(
                    world, legs: [via(["us-envoy"], "lebanon-speaker")], to: ["lebanon-speaker/lead"],
                    from: "oversight-committee"),
                butNot: try send(world, legs: [via(["lebanon-speaker"], "egypt-mediator")], to: [egypt[0]])),
            Row(
                .noChannel, "against a one-way channel",
                try send(world, legs: [via([], "egypt-mediator")], to: egypt, .routine, from: "hezbollah"),
                butNot: try send(world, legs: [via([], "hezbollah")], to: egypt, .routine, from: "egypt-mediator")),
            Row(
                .noChannel, "where there is none",
                try send(world, legs: [via(["lebanon-speaker"], "israel-strategic-affairs")], to: israel),
                butNot: try send(world, legs: [via([], "israel-strategic-affairs")], to: israel)),
            Row(.channelClosed, "a millisecond before it opens", early, butNot: try audit(later)),
            Row(
                .channelClosed, "at the moment it closes", try audit(last, at: Talks.start + .days(5)),
                butNot: try audit(last)),
        ]
    }

    static func capacities() throws -> [Row] {
        let world = try World.withKeys()
        return [
            Row(
                .overLimit, "more urgent than the channel takes", try send(world, .flash),
                butNot: try send(world, .immediate)),
            Row(
                .overLimit, "a byte larger than the channel takes", try send(world, payload: 64 << 20 + 1),
                butNot: try send(world, payload: 64 << 20)),
            Row(
                .expired, "with the longest lifetime and a millisecond",
                try send(world, expires: .days(14) + millisecond), butNot: try send(world, expires: .days(14))),
            Row(
                .expired, "at the moment of its expiry",
                try send(world, expires: .minutes(5), at: world.now + .minutes(5)),
                butNot: try send(
                    world, expires: .minutes(5), at: Timestamp(milliseconds: world.now.milliseconds + 299_999))),
        ]
    }

    static func sealing() throws -> [Row] {
        var world = try World.withKeys()
        let both = ["us-envoy/lead", "hezbollah/lead"]
        for (name, until) in [("short", TimeSpan.hours(1)), ("long", .hours(3))] {
            let key = world.publication(name, until: until, keep: until + .days(16))
            try world.log(world.made("hezbollah", .keyPublication(key)))
        }
        try world.log(
            world.made("hezbollah", .keyPublication(world.publication("ahead", from: .hours(2), until: .days(20)))))
        var later = world
        later.now = Talks.start + .hours(1)
        var ahead = world
        ahead.now = Talks.start + .hours(2)
        let beforeAhead = Timestamp(milliseconds: ahead.now.milliseconds - 1)
        return [
            Row(
                .notSealedToRecipient, "sealed to its originator alone", try send(world, to: ["us-envoy/lead"]),
                butNot: try send(world, to: both)),
            Row(
                .notSealedToRecipient, "sealed to one of two recipients",
                try send(world, legs: [World.viaSpeaker, World.toIsrael], to: both),
                butNot: try send(
                    world, legs: [World.viaSpeaker, World.toIsrael], to: both + ["israel-strategic-affairs/drafter"])),
            Row(
                .notSealedToRecipient, "made when the key's window had ended", try send(later, to: ["short"]),
                butNot: try send(later, to: ["long"])),
            Row(
                .notSealedToRecipient, "accepted before the key's window begins",
                try send(ahead, to: ["ahead"], at: beforeAhead), butNot: try send(ahead, to: ["ahead"])),
            Row(
                .notSealedToRecipient, "with an expiry after the key is destroyed",
                try sendLate(expires: .days(14) + millisecond + millisecond),
                butNot: try sendLate(expires: .days(14) + millisecond)),
            Row(
                .sealedToBystander, "sealed to a party that is not on the route",
                try send(world, to: both + ["israel-strategic-affairs/drafter"]), butNot: try send(world, to: both)),
            Row(
                .sealedToBystander, "sealed to a key that nobody published", try send(world, to: both + ["unknown"]),
                butNot: try send(world, to: both + ["lebanon-speaker/lead"])),
        ]
    }

    /// A submission made in the last moment of its key's window and accepted an hour later; the key is destroyed 14
    /// days after its window.
    private static func sendLate(expires: TimeSpan) throws -> Attempt {
        var world = try World.withKeys(try Talks.charter { $0.keyGrace = .seconds(0) })
        try world.log(
            world.made("hezbollah", .keyPublication(world.publication("kept", until: .days(8), keep: .days(22)))))
        world.now = Talks.start + .days(8) + TimeSpan(milliseconds: -1)
        return try send(world, to: ["kept"], expires: expires, at: world.now + .hours(1))
    }

    static func quotas() throws -> [Row] {
        let charter = try Talks.charter { limits in
            limits.unsettledMessages = 2
            limits.unsettledBytes = 200_000
        }
        var world = try World.withKeys(charter)
        let bytes = Row(
            .quotaExceeded, "more bytes than may be unsettled", try send(world, payload: 200_001),
            butNot: try send(world, payload: 200_000))
        func next(_ name: String) throws -> ExaminedStatement {
            try world.made(
                "us-envoy",
                .submission(world.submission(name, legs: [World.viaSpeaker], to: ["hezbollah/lead"], payload: 4_096)))
        }
        let first = try world.log(next("one")).statement
        let second = Attempt(world, try next("two"))
        try world.log(second.statement)
        let third = Attempt(world, try next("three"))
        let recall = try world.made("us-envoy", .recall(MessageID(first), legs: [0]))
        try world.log(recall)
        let afterRecall = Attempt(world, try next("three"))
        return [
            bytes, Row(.quotaExceeded, "a third message where two may be unsettled", third, butNot: second),
            Row(.quotaExceeded, "a third message, the first not settled", third, butNot: afterRecall),
        ]
    }
}
