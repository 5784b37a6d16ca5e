import Archive
import ArgumentParser
import Desk
import Statements
import Terminal

/// `valise archive`.
struct ArchiveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "archive", abstract: "What this desk's archive takes, and letting go of attachments.",
        discussion: """
            A message with attachments keeps its sealed payload here, as it came or as it went out, so that valise \
            read --save needs neither the relay nor the sealing keys of that time.
            """,
        subcommands: [List.self, Drop.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "Show how many messages and bytes are kept, and whose attachments, largest first."
        )
        @Option(help: ArgumentHelp("How many messages with attachments to show at most.", valueName: "number"))
        var limit = 50
        @OptionGroup var desk: DeskOptions

        func validate() throws {
            guard (1...1_000_000).contains(limit) else { throw ValidationError("--limit is 1 to 1000000.") }
        }

        func run() async throws {
            try await desk.withDesk { desk in
                let report = try await desk.archiveReport()
                if self.desk.json { printJSON(report) } else { printText(report) }
            }
        }

        private func printText(_ report: ArchiveReport) {
            let output = Output.standard
            var list = FieldList()
            list.add("messages", "\(report.sent + report.received) (\(report.sent) sent, \(report.received) received)")
            list.add("records", "\(ByteSize(bytes: report.recordBytes))")
            let keepers = Counted.words(report.kept.items.count, "message")
            list.add("attachments", "\(ByteSize(bytes: report.payloadBytes)) of \(keepers)")
            let unclaimed = report.kept.unclaimed.count
            if unclaimed > 0 {
                let others = Counted.words(unclaimed, "message")
                list.add("unclaimed", "\(ByteSize(bytes: report.unclaimedBytes)) of \(others) not here")
            }
            output.fields(list)
            let shown = report.kept.items.prefix(limit)
            if !shown.isEmpty {
                output.line()
                output.table(table(shown))
            }
            for damage in report.damage { Output.diagnostics.note(.caution, "cannot be read: \(damage)") }
            if unclaimed > 0 {
                Output.diagnostics.note(.hint, "valise archive drop --unclaimed lets go of what belongs to no message")
            }
        }

        private func table(_ items: ArraySlice<KeptPayloads.Item>) -> Table {
            var table = Table([
                .init("SIZE", .trailing), .init("MESSAGE"), .init("TIME"), .init("FROM"),
                .init("SUBJECT", mayShrink: true), .init("ATTACHMENTS", mayShrink: true),
            ])
            for (summary, size) in items.map({ ($0.summary, $0.size) }) {
                table.add(
                    [
                        "\(ByteSize(bytes: size))", summary.id.short,
                        TimeText.brief(milliseconds: summary.at.milliseconds),
                        MessageText.signature(summary.originator, summary.signers), summary.subject ?? "",
                        summary.attachmentNames.joined(separator: ", "),
                    ],
                    short: [
                        "TIME": TimeText.briefer(milliseconds: summary.at.milliseconds),
                        "FROM": summary.originator.description,
                    ])
            }
            return table
        }

        private func printJSON(_ report: ArchiveReport) {
            let payloads: [JSONValue] = report.kept.items.prefix(limit).map { item in
                [
                    "message": .string(item.summary.id.description),
                    "direction": .string(item.summary.direction.description),
                    "at": .integer(item.summary.at.milliseconds), "size": .unsigned(item.size),
                    "from": .string(item.summary.originator.description), "subject": .optional(item.summary.subject),
                    "attachments": .array(item.summary.attachmentNames.map { .string($0) }),
                ]
            }
            Output.standard.json([
                "schema": "valise/archive/v1", "sent": .integer(Int64(report.sent)),
                "received": .integer(Int64(report.received)), "recordBytes": .unsigned(report.recordBytes),
                "payloads": .array(payloads), "payloadBytes": .unsigned(report.payloadBytes),
                "unclaimed": .integer(Int64(report.kept.unclaimed.count)),
                "unclaimedBytes": .unsigned(report.unclaimedBytes),
                "damage": .array(report.damage.map { .string($0.description) }),
            ])
        }
    }

    struct Drop: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "drop", abstract: "Let go of the attachments that the archive keeps of a message.",
            discussion: """
                Subject, text and signatures stay. What was received can be fetched again for as long as the relay has \
                it; what was sent cannot. With --unclaimed, of what belongs to no message of the archive: payloads \
                whose records were lost.
                """)
        @Argument(help: "The message's identifier, or its first letters.") var message: String?
        @Flag(help: "What belongs to no message here.") var unclaimed = false
        @Flag(help: "Do not ask.") var yes = false
        @OptionGroup var desk: DeskOptions

        func validate() throws {
            guard (message == nil) == unclaimed else { throw ValidationError("Give a MESSAGE or --unclaimed.") }
        }

        func run() async throws {
            try await desk.withDesk { desk in
                if let message { try await drop(desk.resolve(message), desk) } else { try await dropUnclaimed(desk) }
            }
        }

        private func drop(_ id: MessageID, _ desk: Desk) async throws {
            let size = try await desk.keptPayloadSize(of: id)
            try agree("the attachments of \(id.short) (\(ByteSize(bytes: size)))")
            report(id, try await desk.dropPayload(of: id) ?? 0)
        }

        private func dropUnclaimed(_ desk: Desk) async throws {
            let found = try await desk.archiveReport()
            for damage in found.damage where !self.desk.json {
                Output.diagnostics.note(.caution, "what belongs to this counts as unclaimed: \(damage)")
            }
            if !found.kept.unclaimed.isEmpty {
                let size = ByteSize(bytes: found.unclaimedBytes)
                try agree("\(size) of \(Counted.words(found.kept.unclaimed.count, "message")) not here")
            }
            report(nil, try await desk.archive().dropUnclaimed())
        }

        private func agree(_ what: String) throws {
            if yes { return }
            let agreed = try Confirmation.ask(
                "Let go of \(what)? [yes/no] ",
                insteadGive: "give --yes if you are sure: what was sent cannot be had again")
            guard agreed else {
                throw CommandFailure(
                    code: "not-confirmed", message: "Nothing was removed.",
                    hints: ["valise archive shows what is kept"],
                    status: .refused)
            }
        }

        private func report(_ id: MessageID?, _ freed: UInt64) {
            if desk.json {
                return Output.standard.json([
                    "schema": "valise/archive-drop/v1", "message": .optional(id?.description),
                    "bytes": .unsigned(freed),
                ])
            }
            let whose = id.map { " of \($0.short)" } ?? ""
            Output.standard.note("dropped \(ByteSize(bytes: freed))\(whose)")
        }
    }
}
