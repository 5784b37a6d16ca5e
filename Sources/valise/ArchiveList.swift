import Archive
import Desk
import Statements
import Terminal

/// Messages of the archive under each other, as `list`, `thread` and `search` show them.
struct ArchiveList {
    /// `hit` says what a search has found in it.
    typealias Item = (summary: MessageSummary, hit: SearchHit?)
    let desk: Desk
    /// What was kept as sent and is not known to be in the log.
    let unsent: [MessageID: UnsentMessage]

    func print(_ items: [Item]) {
        let marked = items.contains { unsent[$0.summary.id] != nil }
        var columns: [Table.Column] = [.init("TIME"), .init("MESSAGE"), .init("FROM"), .init("TO")]
        if marked { columns.append(.init("NOTE")) }
        columns.append(.init("SUBJECT", mayShrink: true))
        if items.contains(where: { $0.hit != nil }) { columns.append(.init("FOUND", mayShrink: true)) }
        var table = Table(columns)
        for (summary, hit) in items {
            let recipients = summary.legs.map(\.recipient.description)
            let more = recipients.count > 1 ? " +\(recipients.count - 1)" : ""
            var cells = [
                TimeText.brief(milliseconds: summary.at.milliseconds), summary.id.short,
                MessageText.signature(summary.originator, summary.signers), recipients.joined(separator: ", "),
            ]
            if marked { cells.append(unsent[summary.id]?.words ?? "") }
            cells.append(summary.subject ?? "")
            if let hit { cells.append(Self.words(hit)) }
            table.add(
                cells,
                short: [
                    "TIME": TimeText.briefer(milliseconds: summary.at.milliseconds),
                    "FROM": summary.originator.description, "TO": (recipients.first ?? "") + more,
                    "NOTE": unsent[summary.id]?.word ?? "",
                ])
        }
        Output.standard.table(table)
    }

    /// The attachments in whose names a word is, and the words around the hit.
    private static func words(_ hit: SearchHit) -> String {
        let names = hit.attachments.isEmpty ? [] : ["attached: \(hit.attachments.joined(separator: ", "))"]
        let excerpt = hit.attachments.contains(hit.excerpt) ? "" : oneLine(hit.excerpt)
        return (names + (excerpt.isEmpty ? [] : [excerpt])).joined(separator: "; ")
    }

    private static func oneLine(_ text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    func json(_ schema: String, _ items: [Item]) -> JSONValue {
        .object([.init("schema", .string(schema)), .init("messages", .array(items.map(json)))])
    }

    private func json(_ item: Item) -> JSONValue {
        let summary = item.summary
        let why = unsent[summary.id]
        var members: [JSONValue.Member] = [
            .init("message", .string(summary.id.description)),
            .init("direction", .string(summary.direction.description)), .init("at", .integer(summary.at.milliseconds)),
            .init("from", .string(summary.originator.description)),
            .init("signers", .array(summary.signers.map { .string($0.description) })),
            .init("to", .array(summary.legs.map { .string($0.recipient.description) })),
            .init("precedence", .string(summary.precedence.description)),
            .init("expiry", .integer(summary.expiry.milliseconds)), .init("subject", .optional(summary.subject)),
            .init("caption", .optional(summary.caption)),
            .init("references", .array(summary.references.map { .string($0.description) })),
            .init("attachments", .array(summary.attachmentNames.map { .string($0) })),
            .init("withdrawn", .bool(why != nil && why != .waiting)), .init("refusal", .optional(why?.refusal)),
            .init("waiting", .bool(why == .waiting)),
        ]
        if let hit = item.hit {
            members.append(.init("excerpt", .string(hit.excerpt)))
            members.append(.init("attachmentsFound", .array(hit.attachments.map { .string($0) })))
        }
        return .object(members)
    }
}
