import ArgumentParser
import Desk
import Statements
import Terminal
import Wording

/// `valise fetch`.
struct FetchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fetch", abstract: "Retrieve a message as a sealed file, for a machine without a network.",
        discussion: """
            The retrieved receipt is logged, as the relay releases content to nobody without it. The file is the \
            sealed envelope; valise open opens it on the machine that has the keys. A download that breaks off goes \
            on where it stopped when the command is run again.
            """)

    @Argument(help: "The message's identifier, or its first letters.") var message: String
    @Option(
        name: [.short, .long, .customLong("out")],
        help: ArgumentHelp("The file; by default the identifier's first letters and .valise.", valueName: "file"),
        completion: .file(extensions: ["valise"]))
    var output: String?
    @Flag(help: "Replace the file if it is there.") var overwrite = false
    @OptionGroup var desk: DeskOptions

    func run() async throws {
        try await desk.withDesk { desk in
            let id = try await desk.resolve(message)
            let path = output ?? "\(id.short).valise"
            let bar = ProgressBar("fetching \(id.short)", enabled: !self.desk.json)
            defer { bar.finish() }
            let progress = StepProgress { _, done, total in bar.update(done: done, of: total) }
            let size = try await desk.fetch(id, to: path, overwrite: overwrite, progress: progress)
            bar.finish()
            guard !self.desk.json else {
                return Output.standard.json(
                    .object([
                        .init("schema", "valise/fetch/v1"), .init("message", .string(id.description)),
                        .init("file", .string(path)), .init("size", .unsigned(size)),
                    ]))
            }
            Output.standard.note("fetched \(id.short) into \(path) (\(ByteSize(bytes: size)))")
            Output.diagnostics.note(
                .hint,
                "\"valise open \(ShellWord.quoted(path)) --receipt RECEIPT.valise\" opens it where the keys are; "
                    + "then valise submit RECEIPT.valise here")
        }
    }
}

/// `valise open`.
struct OpenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "open", abstract: "Open an envelope file without a network, and verify it.",
        discussion: """
            Signatures are checked under the charter that this desk joined, and every commitment. That the relay \
            accepted the message is in the log, which only a desk with a network sees. --receipt writes the signed \
            opened, or unreadable, to be handed over elsewhere with valise submit.
            """)

    @Argument(help: "The file.", completion: .file(extensions: ["valise"])) var file: String
    @Option(
        help: ArgumentHelp("Write the signed receipt into this file.", valueName: "file"),
        completion: .file(extensions: ["valise"]))
    var receipt: String?
    @Option(help: ArgumentHelp("Save attachments into this folder.", valueName: "folder"), completion: .directory)
    var save: String?
    @Flag(help: "Replace attachments of the same name; otherwise the new one is named like annex (2).pdf.")
    var overwrite = false
    @OptionGroup var desk: DeskOptions

    func run() async throws {
        try await desk.withDesk { desk in
            let bar = ProgressBar("reading \(file)", enabled: !self.desk.json)
            defer { bar.finish() }
            let progress = StepProgress { _, done, total in bar.update(done: done, of: total) }
            let options = ReadOptions(folder: save, overwrite: overwrite, progress: progress)
            let opened = try await desk.open(file: file, options, receipt: receipt)
            bar.finish()
            let text = MessageText(read: opened.read, now: desk.now())
            guard !self.desk.json else {
                let more: [JSONValue.Member] = [.init("receipt", .optional(opened.receipt))]
                return Output.standard.json(text.json("valise/open/v1", more))
            }
            text.print()
            if let receipt = opened.receipt {
                Output.diagnostics.note(
                    .hint, "online, \"valise submit \(ShellWord.quoted(receipt))\" logs the receipt")
            }
        }
    }
}
