import Ledger
import Rules
import Statements

extension Rows {
    static func legs() throws -> [Row] {
        let (world, message) = try World.withMessage([World.viaSpeaker, World.toIsrael], to: toAll)
        func on(_ leg: LegNumber, _ message: MessageID? = nil) -> LegReference {
            LegReference(message: message ?? MessageID(.zero), leg: leg)
        }
        func by(_ party: PartyID, _ act: Act) throws -> Attempt {
            let signers: [DelegateName] =
                party == "israel-strategic-affairs" && act.kind == .conveyance ? ["drafter", "releaser"] : ["lead"]
            let drafter: [DelegateName] = party == "israel-strategic-affairs" ? ["drafter"] : signers
            return Attempt(world, try world.made(party, act, by: act.kind == .conveyance ? signers : drafter))
        }
        let convey = try by("lebanon-speaker", .conveyance(on(0, message)))
        let retrieve = try by("israel-strategic-affairs", .receipt(on(1, message), .retrieved))
        let recall = try by("us-envoy", .recall(message, legs: [0, 1]))
        let refuse = try by("lebanon-speaker", .refusal(on(0, message), .policy))
        return [
            Row(.unknownMessage, "of no message", try by("lebanon-speaker", .conveyance(on(0))), butNot: convey),
            Row(
                .unknownMessage, "of a leg that the message has not",
                try by("lebanon-speaker", .conveyance(on(2, message))), butNot: convey),
            Row(
                .unknownMessage, "a recall of a leg too many", try by("us-envoy", .recall(message, legs: [0, 1, 2])),
                butNot: recall),
            Row(
                .notHolder, "carried by a party that is not on the leg",
                try by("egypt-mediator", .conveyance(on(0, message))), butNot: convey),
            Row(
                .notHolder, "refused by a party that is not on the leg",
                try by("egypt-mediator", .refusal(on(0, message), .policy)), butNot: refuse),
            Row(
                .notHolder, "retrieved by the recipient of another leg",
                try by("israel-strategic-affairs", .receipt(on(0, message), .retrieved)), butNot: retrieve),
            Row(
                .notHolder, "recalled by another than its originator",
                try by("lebanon-speaker", .recall(message, legs: [0])), butNot: recall),
            Row(
                .notHolder, "a receipt of a blind hop", try hopReceipt(openly: false),
                butNot: try hopReceipt(openly: true)),
            Row(
                .wrongState, "opened before it is retrieved",
                try by("israel-strategic-affairs", .receipt(on(1, message), .opened)), butNot: retrieve),
            Row(
                .wrongState, "retrieved before it is conveyed",
                try by("hezbollah", .receipt(on(0, message), .retrieved)),
                butNot: retrieve),
        ] + (try channels())
    }

    private static let toAll = ["us-envoy/lead", "hezbollah/lead", "israel-strategic-affairs/drafter"]

    private static func hopReceipt(openly: Bool) throws -> Attempt {
        let keys = openly ? World.openly : World.openly.filter { $0 != "lebanon-speaker/lead" }
        let (world, message) = try World.withMessage([World.viaSpeaker], to: keys)
        let receipt = Act.receipt(LegReference(message: message, leg: 0), .retrieved)
        return Attempt(world, try world.made("lebanon-speaker", receipt))
    }

    /// A conveyance needs the next channel; refusals, receipts and recalls need none.
    private static func channels() throws -> [Row] {
        let published = Talks.channels(try Talks.published())
        let others = published.filter { $0.from != "lebanon-speaker" || $0.to != "hezbollah" }
        let closing = others + [Talks.channel("lebanon-speaker", "hezbollah", closes: .hours(1))]
        let charter = try Talks.charter(channels: closing)
        let (world, message) = try World.withMessage([World.viaSpeaker], to: World.openly, charter)
        var closed = world
        closed.now = Talks.start + .hours(1)
        let leg = LegReference(message: message, leg: 0)
        let convey = Act.conveyance(leg)
        let before = Timestamp(milliseconds: closed.now.milliseconds - 1)
        let late = try closed.made("lebanon-speaker", convey)
        return [
            Row(
                .channelClosed, "carried on when the next channel has closed", Attempt(closed, late),
                butNot: Attempt(closed, late, at: before)),
            Row(
                .channelClosed, "carried on when the next channel has closed, but a refusal needs none",
                Attempt(closed, late),
                butNot: Attempt(closed, try closed.made("lebanon-speaker", .refusal(leg, .tooLate)))),
            Row(
                .channelClosed, "carried on when the next channel has closed, but a recall needs none",
                Attempt(closed, late), butNot: Attempt(closed, try closed.made("us-envoy", .recall(message, legs: [0])))
            ),
        ]
    }
}
