import Archive
import ArgumentParser
import Desk
import Statements
import Terminal

/// `valise thread`.
struct ThreadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "thread", abstract: "Show a message's conversation, oldest first, from this desk's archive.",
        discussion: "A conversation is what messages refer to each other for: replies, restatements, their sources.")
    @Argument(help: "The message's identifier, or its first letters.") var message: String
    @OptionGroup var desk: DeskOptions

    func run() async throws {
        try await desk.withDesk { desk in
            let id = try await desk.resolve(message)
            let found = try await desk.archive().thread(of: id)
            guard !found.isEmpty else {
                throw CommandFailure(
                    code: "not-archived", message: "Message \(id.short) is not in this desk's archive.",
                    hints: ["valise read \(id.short) opens it, if it is for you"], status: .notFound)
            }
            let list = ArchiveList(desk: desk, unsent: try await desk.unsentMessages())
            if self.desk.json {
                Output.standard.json(list.json("valise/thread/v1", found.map { ($0, nil) }))
            } else {
                list.print(found.map { ($0, nil) })
            }
        }
    }
}

/// `valise search`.
struct SearchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search", abstract: "Find messages in this desk's archive, newest first.",
        discussion: """
            Every word must occur, as a part of a word, in subject, caption, text, attachment names or parties. Case, \
            diacritics and letter forms do not count.
            """)
    @Argument(help: "The words.") var words: [String]
    @Option(help: ArgumentHelp("How many to show at most.", valueName: "number")) var limit = 50
    @OptionGroup var desk: DeskOptions

    func validate() throws {
        guard (1...10_000).contains(limit) else { throw ValidationError("--limit is 1 to 10000.") }
    }

    func run() async throws {
        try await desk.withDesk { desk in
            let hits = try await desk.archive().search(words.joined(separator: " "), limit: limit)
            let list = ArchiveList(desk: desk, unsent: try await desk.unsentMessages())
            let found = hits.map { ($0.summary, Optional($0)) }
            if self.desk.json {
                Output.standard.json(list.json("valise/search/v1", found))
            } else if found.isEmpty {
                Output.diagnostics.note("nothing found")
            } else {
                list.print(found)
            }
        }
    }
}

/// `valise list`.
struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List what this desk has sent and read, newest first, from its archive.",
        discussion: """
            With --office, what any delegate of this party has sent, from the relay's log instead: who signed it and \
            where it is. Subjects are sealed and not shown; valise track tells more.
            """)
    @Flag(help: "Only what was sent.") var sent = false
    @Flag(help: "Only what was received.") var received = false
    @Flag(help: "What was sent in this office's name, by whichever delegate, as the log tells it.")
    var office = false
    @Option(help: ArgumentHelp("How many to show at most.", valueName: "number")) var limit = 50
    @OptionGroup var desk: DeskOptions

    func validate() throws {
        guard !(sent && received) else { throw ValidationError("Give either --sent or --received.") }
        guard !(office && (sent || received)) else {
            throw ValidationError("--office goes without --sent and --received.")
        }
        guard (1...1_000_000).contains(limit) else { throw ValidationError("--limit is 1 to 1000000.") }
    }

    func run() async throws {
        try await desk.withDesk { desk in
            guard !office else { return try await listOffice(desk) }
            let wanted = try await desk.archive().summaries().reversed().lazy.filter {
                sent ? $0.direction == .sent : received ? $0.direction == .received : true
            }
            let found = Array(wanted.prefix(limit)).map { ($0, SearchHit?.none) }
            let list = ArchiveList(desk: desk, unsent: try await desk.unsentMessages())
            if self.desk.json {
                Output.standard.json(list.json("valise/list/v1", found))
            } else if found.isEmpty {
                Output.diagnostics.note("the archive has nothing of the kind; valise read and valise send fill it")
            } else {
                list.print(found)
            }
        }
    }

    private func listOffice(_ desk: Desk) async throws {
        let found = Array(try await desk.officeSent().reversed().prefix(limit))
        let list = OfficeList(messages: found, now: desk.now(), charter: desk.charter)
        if self.desk.json {
            Output.standard.json(list.json)
        } else if found.isEmpty {
            Output.diagnostics.note("nothing was sent in the name of \(desk.party)")
        } else {
            list.print()
        }
    }
}
