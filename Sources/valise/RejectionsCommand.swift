import ArgumentParser
import Desk
import Ledger
import Statements
import Terminal

/// `valise rejections`.
struct RejectionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rejections", abstract: "What the relay rejected under its signature: list, save for an auditor.",
        subcommands: [List.self, Save.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Show the rejections that this desk was given, the newest first.")
        @OptionGroup var desk: DeskOptions

        func run() async throws {
            try await desk.withDesk { desk in
                let kept = try await desk.rejections()
                guard !self.desk.json else {
                    return Output.standard.json([
                        "schema": "valise/rejections/v1", "rejections": .array(kept.map(\.json)),
                    ])
                }
                guard !kept.isEmpty else {
                    return Output.diagnostics.note("the relay has rejected nothing of this desk's under its signature")
                }
                var table = Table([
                    .init("STATEMENT"), .init("ACT"), .init("REJECTED AS"), .init("DECIDED"), .init("REJECTION"),
                ])
                for item in kept {
                    table.add([
                        item.statement.id.short, item.statement.statement.act.kind.description, item.rejection.code,
                        TimeText.utc(milliseconds: item.rejection.decidedAt.milliseconds),
                        item.shortDigest + (item.isUntrue ? " (cannot be true)" : ""),
                    ])
                }
                Output.standard.table(table)
            }
        }
    }

    struct Save: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "save", abstract: "Write the rejections of a statement, each with it, into files.",
            discussion: """
                The newest goes into FILE; further ones of the same statement beside it, as FILE-2 and so on. \
                Whoever has the log decides it again with valise-audit rejection verify. The file shows the statement: \
                of a message its route and time, not what it says.
                """)
        @Argument(help: "The rejected statement's identifier, or its first letters.") var statement: String
        @Option(
            help: ArgumentHelp(
                "Only the rejection whose name in the list begins so; without it all of the statement.",
                valueName: "name"))
        var rejection: String?
        @OptionGroup var target: TargetFile
        @OptionGroup var desk: DeskOptions

        func run() async throws {
            let path = try target.path()
            try await desk.withDesk { desk in
                let saved = try await desk.saveRejection(
                    statement, rejection: rejection, to: path, overwrite: target.overwrite)
                guard !self.desk.json else {
                    return Output.standard.json(
                        .object([
                            .init("schema", "valise/rejection-saved/v1"),
                            .init("statement", .optional(saved.first?.kept.statement.id.description)),
                            .init("path", .string(path)),
                            .init("rejections", .array(saved.map(\.json))),
                        ]))
                }
                for one in saved {
                    Output.standard.note("saved the rejection of \(one.kept.statement.id.short) as \(one.path)")
                }
            }
        }
    }
}

extension SavedRejection {
    fileprivate var json: JSONValue {
        ["rejection": .string(kept.digest), "code": .string(kept.rejection.code), "path": .string(path)]
    }
}

extension KeptRejection {
    /// For people: the first letters, as of a statement's identifier.
    fileprivate var shortDigest: String { String(digest.prefix(12)) }

    fileprivate var json: JSONValue {
        [
            "statement": .string(statement.id.description),
            "act": .string(statement.statement.act.kind.description),
            "message": .optional(statement.statement.act.message?.description),
            "code": .string(rejection.code), "treeSize": .unsigned(rejection.treeSize.rawValue),
            "decidedAt": .integer(rejection.decidedAt.milliseconds), "receivedAt": .integer(at.milliseconds),
            "submitBy": .integer(statement.statement.submitBy.milliseconds),
            "handedInAgain": .bool(isHandedInAgain), "untrue": .bool(isUntrue),
            "rejection": .string(digest),
        ]
    }
}
