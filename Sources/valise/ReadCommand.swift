import ArgumentParser
import Desk
import Sealing
import Statements
import Terminal

/// `valise read`.
struct ReadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "read", abstract: "Retrieve a message, open it and verify it.",
        discussion: "The signed receipt is logged before the content is released; opened, or why not, after.")

    @Argument(help: "The message's identifier, or its first letters.") var message: String
    @Option(help: "Save attachments into this folder.") var save: String?
    @OptionGroup var desk: DeskOptions

    func run() async throws {
        try await desk.withDesk { desk in
            let read = try await desk.read(desk.resolve(message), saveTo: save)
            if self.desk.json { printJSON(read) } else { printText(read) }
        }
    }

    private func printText(_ read: ReadMessage) {
        let out = Output.standard
        out.line("message  \(read.message)")
        out.line("from     \(read.originator)")
        for field in read.manifest.fields {
            switch field {
            case .subject(let text): out.line("subject  \(SafeText.display(text))")
            case .caption(let text): out.line("caption  \(SafeText.display(text))")
            case .reference(let id): out.line("refers   \(id)")
            case .source, .text, .attachment: continue
            }
        }
        for (info, path) in read.attachments {
            let place = path.map { "saved as \($0)" } ?? "not saved; --save FOLDER does"
            out.line("attached \(SafeText.display(info.name)) (\(info.size) bytes), \(place)")
        }
        if let text = read.text {
            out.line("")
            out.write(SafeText.displayLines(String(decoding: text, as: UTF8.self)))
            if text.last != UInt8(ascii: "\n") { out.line("") }
        }
        Output.diagnostics.line("verified: signed by \(read.originator), unaltered, receipt and opening are in the log")
    }

    private func printJSON(_ read: ReadMessage) {
        var subject: JSONValue = .null
        var reference: JSONValue = .null
        for field in read.manifest.fields {
            if case .subject(let text) = field { subject = .string(text) }
            if case .reference(let id) = field { reference = .string(id.description) }
        }
        let attachments: [JSONValue] = read.attachments.map { info, path in
            .object([
                .init("name", .string(info.name)), .init("mediaType", .string(info.mediaType)),
                .init("size", .unsigned(info.size)),
                .init("path", .optional(path)),
            ])
        }
        Output.standard.json(
            .object([
                .init("schema", "valise/read/v1"), .init("message", .string(read.message.description)),
                .init("from", .string(read.originator.description)), .init("subject", subject),
                .init("reference", reference),
                .init("text", .optional(read.text.map { String(decoding: $0, as: UTF8.self) })),
                .init("attachments", .array(attachments)),
            ]))
    }
}
