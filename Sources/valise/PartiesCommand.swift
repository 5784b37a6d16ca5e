import ArgumentParser
import Desk
import Statements
import Terminal

/// `valise parties`.
struct PartiesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "parties", abstract: "List the charter's parties and how each can be reached.")
    @OptionGroup var options: HomeOptions

    func run() throws {
        let home = try options.located()
        let charter = try PinnedCharter.load(home)
        let own = try home.card().id.party
        let now = Timestamp(milliseconds: TimeText.now())
        let reach = Reach(charter: charter, own: own, now: now)
        if options.json {
            let items: [JSONValue] = charter.charter.parties.map { party in
                .object([
                    .init("party", .string(party.id.description)), .init("title", .string(party.title)),
                    .init("delegates", .array(party.delegates.map { .string($0.name.description) })),
                    .init("capabilities", .array(Self.words(party.capabilities).map { .string($0) })),
                    .init("reach", .string(reach.word(party.id))),
                    .init(
                        "routes",
                        .array(reach.routes(party.id).map { .array($0.holders.map { .string($0.description) }) })),
                ])
            }
            return Output.standard.json(
                .object([
                    .init("schema", "valise/parties/v1"), .init("own", .string(own.description)),
                    .init("parties", .array(items)),
                ]))
        }
        var table = Table([
            .init("PARTY"), .init("REACHED"), .init("MAY"), .init("DELEGATES"),
            .init("TITLE", .leading, mayShrink: true),
        ])
        for party in charter.charter.parties {
            table.add([
                party.id.description, reach.word(party.id), Self.words(party.capabilities).joined(separator: ", "),
                party.delegates.map(\.name.description).joined(separator: ", "), SafeText.display(party.title),
            ])
        }
        Output.standard.table(table)
    }

    private static func words(_ capabilities: Capabilities) -> [String] {
        [
            capabilities.intermediary ? "intermediary" : nil, capabilities.auditor ? "auditor" : nil,
            capabilities.steward ? "steward" : nil,
        ].compactMap { $0 }
    }
}
