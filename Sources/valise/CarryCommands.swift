import ArgumentParser
import Desk
import Ledger
import Statements
import Terminal
import Transport

/// `valise convey`.
struct ConveyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convey", abstract: "Pass a message on, unaltered, under this party's signature.")
    @Argument(help: "The message's identifier, or its first letters.") var message: String
    @Option(
        help: ArgumentHelp(
            "Delegates of your party who release it, separated by commas; needed where its quorum is above one and "
                + "leaves a choice.", valueName: "names"))
    var releaseBy: NamesOption?
    @OptionGroup var desk: DeskOptions

    func run() async throws {
        try await desk.withDesk { desk in
            let leg = try await HeldLeg.find(message, desk: desk)
            let releasers = releaseBy?.names.map(\.delegate) ?? []
            if try desk.signers(releasers, of: .conveyance).count > 1 {
                let (id, missing) = try await desk.draft(.conveyance(leg), releasers: releasers)
                return HeldLeg.reportDraft(id, missing, leg.message, json: self.desk.json)
            }
            let accepted = try await desk.say(.conveyance(leg))
            HeldLeg.report("conveyed", leg.message, accepted, json: self.desk.json)
        }
    }
}

extension RefusalReason: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
    public static var allValueStrings: [String] { allCases.map(\.description) }
}

/// `valise refuse`.
struct RefuseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "refuse", abstract: "Refuse to carry or take a message; this ends its leg.")
    @Argument(help: "The message's identifier, or its first letters.") var message: String
    @Option(help: "declined, cannot-open, not-for-us, too-late, too-large or policy.")
    var reason: RefusalReason = .declined
    @OptionGroup var desk: DeskOptions

    func run() async throws {
        try await desk.withDesk { desk in
            let leg = try await HeldLeg.find(message, desk: desk)
            let accepted = try await desk.say(.refusal(leg, reason))
            HeldLeg.report("refused", leg.message, accepted, json: self.desk.json)
        }
    }
}

/// The leg that a holder's act is about, and what is printed of the act.
enum HeldLeg {
    static func find(_ text: String, desk: Desk) async throws -> LegReference {
        let id = try await desk.resolve(text)
        guard let leg = try await desk.message(id).leg(of: desk.party) else {
            throw CommandFailure(
                code: "not-holder", message: "Message \(id.short) is not on its way through \(desk.party).",
                hints: ["valise track \(id.short) shows its route"], status: .refused)
        }
        return LegReference(message: id, leg: leg)
    }

    static func report(_ done: String, _ message: MessageID, _ accepted: AcceptedStatement, json: Bool) {
        let time = accepted.entry.entry.acceptedAt.milliseconds
        if json {
            return Output.standard.json([
                "schema": "valise/act/v1", "act": .string(done), "message": .string(message.description),
                "entry": .unsigned(accepted.entry.index.rawValue), "acceptedAt": .integer(time), "draft": .null,
                "missing": .array([]),
            ])
        }
        Output.standard.note(
            "\(done) \(message.short), \(TimeText.utc(milliseconds: time)), log entry \(accepted.entry.index)")
    }

    static func reportDraft(_ id: StatementID, _ missing: [DelegateName], _ message: MessageID, json: Bool) {
        if json {
            return Output.standard.json([
                "schema": "valise/act/v1", "act": "drafted", "message": .string(message.description), "entry": .null,
                "acceptedAt": .null, "draft": .string(id.description),
                "missing": .array(missing.map { .string($0.description) }),
            ])
        }
        let names = missing.map(\.description).joined(separator: ", ")
        Output.standard.note("drafted \(id.short): the conveyance of \(message.short) waits for \(names)")
        Output.diagnostics.note(.hint, "released by \"valise cosign \(id.short)\", at the desk of \(names)")
    }
}
