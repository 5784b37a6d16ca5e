import ArgumentParser
import Desk
import Ledger
import Statements
import Terminal
import Transport

/// `valise send`.
struct SendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send", abstract: "Seal a message and hand it to the relay.",
        discussion: """
            Without --via the shortest permitted route is found and shown. The text comes from FILE, from standard \
            input with -, or from your editor. A relay that does not answer loses nothing: the message waits in the \
            outbox. Any recipient can prove to anyone what you wrote: there is no deniability.
            """)

    @OptionGroup(title: "Route") var route: RouteOptions
    @OptionGroup(title: "Content") var content: ContentOptions
    @OptionGroup var desk: DeskOptions

    func validate() throws { try content.expectContent() }

    func run() async throws {
        _ = try content.lifetime()
        try await desk.withDesk { desk in
            let precedence = content.precedence?.value ?? .routine
            let messages = try route.messages(desk, precedence: precedence)
            try await content.withText(desk) { text in
                let outgoing = try messages.map { try content.outgoing($0, text: text, precedence: precedence) }
                try await SentView.send(outgoing, desk: desk, json: self.desk.json)
            }
        }
    }
}

/// `valise seal`.
struct SealCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "seal", abstract: "Seal a message into a file, without a network.",
        discussion: """
            The relay is not asked: the sealing keys are those kept at this desk (valise keys import brings newer \
            ones). Any machine with a network hands the file over: valise submit FILE.
            """)

    @OptionGroup(title: "Route") var route: RouteOptions
    @OptionGroup(title: "Content") var content: ContentOptions
    @OptionGroup var target: TargetFile
    @OptionGroup var desk: DeskOptions

    func validate() throws {
        try content.expectContent()
        guard route.to.count == 1 || route.together else {
            throw ValidationError("One file holds one message: name one recipient, or add --together.")
        }
    }

    func run() async throws {
        let path = try target.path()
        _ = try content.lifetime()
        try await desk.withDesk { desk in
            let precedence = content.precedence?.value ?? .routine
            let legs = try route.messages(desk, precedence: precedence).flatMap(\.self)
            let sent = try await content.withText(desk) { text in
                let outgoing = try content.outgoing(legs, text: text, precedence: precedence)
                return try await StepBar.shown("sealing", json: self.desk.json) { progress in
                    try await desk.seal(outgoing, to: path, overwrite: target.overwrite, progress: progress)
                }
            }
            SentView(sent: sent, party: desk.party).print(json: self.desk.json)
        }
    }
}

/// `valise submit`.
struct SubmitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit", abstract: "Hand a sealed file to the relay: an envelope, a statement or a draft.",
        discussion: "The file says by itself who signed it. To submit it again is harmless.")

    @Argument(help: "The file.", completion: .file()) var file: String
    @OptionGroup var desk: DeskOptions

    func run() async throws {
        try await desk.withDesk { desk in
            let done = try await StepBar.shown("submitting", json: self.desk.json) { progress in
                try await desk.submitFile(file, progress: progress)
            }
            switch done {
            case .accepted(let accepted): report(accepted)
            case .shelved(let id, let missing): report(id, missing)
            }
        }
    }

    private func report(_ accepted: AcceptedStatement) {
        let statement = accepted.signed.statement
        let message = statement.act.message ?? MessageID(accepted.signed.id)
        let time = accepted.entry.entry.acceptedAt.milliseconds
        guard !desk.json else {
            return Output.standard.json([
                "schema": "valise/submit/v1", "state": "accepted", "act": .string(statement.act.kind.description),
                "message": .string(message.description), "party": .string(statement.party.description),
                "entry": .unsigned(accepted.entry.index.rawValue), "acceptedAt": .integer(time),
                "repeated": .bool(accepted.isOriginal), "missing": .array([]),
            ])
        }
        var list = FieldList()
        let isOfMessage = statement.act.message != nil || statement.act.kind == .submission
        list.add(isOfMessage ? "message" : "statement", message.description)
        list.add("act", "\(statement.act.kind) by \(statement.party)")
        list.add("accepted", "\(TimeText.utc(milliseconds: time)), log entry \(accepted.entry.index)")
        Output.standard.fields(list)
    }

    private func report(_ id: StatementID, _ missing: [DelegateName]) {
        guard !desk.json else {
            return Output.standard.json([
                "schema": "valise/submit/v1", "state": "drafted", "act": .null, "message": .string(id.description),
                "party": .null, "entry": .null, "acceptedAt": .null, "repeated": .bool(false),
                "missing": .array(missing.map { .string($0.description) }),
            ])
        }
        var list = FieldList()
        list.add("draft", id.description)
        list.add("waits for", missing.map(\.description).joined(separator: ", "))
        Output.standard.fields(list)
    }
}
