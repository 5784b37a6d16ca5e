import Archive
import ArgumentParser
import Desk
import Sealing
import Statements
import Terminal

extension Manner: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
    public static var allValueStrings: [String] { allCases.map(\.description) }
}

/// `valise restate`.
struct RestateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restate", abstract: "Pass on in your own words what another message said.",
        discussion: """
            The words are yours, and the recipient sees how they relate to their source. With --source withheld the \
            source stays unknown until you reveal it: valise reveal ID. Only a message that you have read can be \
            restated.
            """)

    enum SourceOption: String, ExpressibleByArgument, CaseIterable { case named, withheld }

    @Argument(help: "The message that the words come from: its identifier, or its first letters.") var message: String
    @Option(help: "translated, summarised, excerpt or oral.") var manner: Manner
    @Option(help: "named shows the recipient which message it was; withheld does not.") var source: SourceOption
    @OptionGroup(title: "Route") var route: RouteOptions
    @OptionGroup(title: "Content") var content: ContentOptions
    @OptionGroup var desk: DeskOptions

    func validate() throws { try content.expectContent() }

    func run() async throws {
        _ = try content.lifetime()
        try await desk.withDesk { desk in
            let basis = try await desk.restatable(desk.resolve(message))
            let precedence = content.precedence?.value ?? basis.precedence
            let messages = try route.messages(desk, precedence: precedence)
            try await content.withText(desk) { text in
                let outgoing = try messages.map { legs in
                    var outgoing = try content.outgoing(legs, text: text, precedence: precedence)
                    outgoing.source = source == .named ? .named(basis.id) : .withheld(basis.id)
                    outgoing.manner = manner
                    return outgoing
                }
                try await SentView.send(outgoing, desk: desk, json: self.desk.json)
            }
        }
    }
}

/// `valise reveal`.
struct RevealCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reveal", abstract: "Show the recipients of a restatement whose words they were.",
        discussion: """
            It goes to those who had the restatement, with the log's proof that you had opened the source before you \
            restated it. What is revealed cannot be withheld again.
            """)
    @Argument(help: "The restatement's identifier, or its first letters.") var message: String
    @Option(help: ArgumentHelp("How long it may take to be retrieved.", valueName: "duration")) var expires = "48h"
    @Option(help: ArgumentHelp("Delegates of your party who release it, separated by commas.", valueName: "names"))
    var releaseBy: NamesOption?
    @OptionGroup var desk: DeskOptions

    func run() async throws {
        let lifetime = Statements::TimeSpan(milliseconds: try SpanOption.parse(expires).milliseconds)
        try await desk.withDesk { desk in
            let id = try await desk.resolve(message)
            let (legs, part) = try await desk.reveal(id)
            var outgoing = Outgoing(
                legs: legs, subject: nil, precedence: .routine,
                lifetime: lifetime, text: nil,
                attachments: [], openToIntermediaries: false)
            outgoing.inMemory = [part]
            outgoing.references = [id]
            outgoing.releasers = releaseBy?.names.map(\.delegate) ?? []
            try await SentView.send([outgoing], desk: desk, json: self.desk.json)
        }
    }
}
