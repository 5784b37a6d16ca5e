import ArgumentParser
import Desk
import Rules
import Statements
import Terminal

/// `valise read`.
struct ReadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "read", abstract: "Retrieve a message, open it and verify it.",
        discussion: """
            The signed receipt is logged before the content is released; opened, or why not, after. What was opened is \
            kept in this desk's encrypted archive and shown from there when it is read again, attachments too, until \
            valise archive drop lets go of them. A download that breaks off goes on where it stopped.
            """)

    @Argument(help: "The message's identifier, or its first letters.") var message: String
    @Option(help: ArgumentHelp("Save attachments into this folder.", valueName: "folder"), completion: .directory)
    var save: String?
    @Flag(help: "Replace files of the same name; otherwise the new one is named like annex (2).pdf.")
    var overwrite = false
    @OptionGroup var desk: DeskOptions

    func run() async throws {
        try await desk.withDesk { desk in
            let id = try await desk.resolve(message)
            let bar = ProgressBar("fetching \(id.short)", enabled: !self.desk.json)
            let progress = StepProgress { _, done, total in bar.update(done: done, of: total) }
            let options = ReadOptions(folder: save, overwrite: overwrite, progress: progress)
            let read: ReadMessage
            do {
                read = try await desk.read(id, options)
                bar.finish()
            } catch {
                bar.finish()
                throw error
            }
            let text = MessageText(read: read, now: desk.now())
            if self.desk.json { Output.standard.json(text.json("valise/read/v1")) } else { text.print() }
            if let tracked = read.tracked, let leg = tracked.leg(of: desk.party), !self.desk.json,
                case .held = tracked.stage(leg, at: desk.now(), charter: desk.charter),
                tracked.state.legs[leg.value].holder == desk.party
            {
                Output.diagnostics.note(.hint, "valise convey \(id.short) passes it on, unaltered")
            }
            await desk.keepKeysFresh()
        }
    }
}
