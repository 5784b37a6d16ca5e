import ArgumentParser
import Desk
import Envelope
import Statements
import Terminal

/// `valise keys export`.
struct ExportKeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write the newest sealing keys of all whom you can reach into a file.",
        discussion: "For a desk of the same party that has no network: valise keys import FILE there, then valise seal."
    )
    @OptionGroup var target: TargetFile
    @OptionGroup var desk: DeskOptions

    func run() async throws {
        let path = try target.path()
        try await desk.withDesk { desk in
            let (bytes, found) = try await desk.exportKeys()
            try target.write(bytes, to: path)
            KeysExchangedView(found: found, file: path).print(json: self.desk.json)
        }
    }
}

/// `valise keys import`.
struct ImportKeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Take sealing keys in from a file of valise keys export.",
        discussion: "Every key in it is verified by the charter, and again whenever it is used.")
    @Argument(help: "The file.", completion: .file()) var file: String
    @OptionGroup var desk: DeskOptions

    func run() async throws {
        let bytes = try DeskFile.read(file, limit: KeysFile.longest)
        try await desk.withDesk { desk in
            let found = try await desk.importKeys(bytes)
            KeysExchangedView(found: found, file: file).print(json: self.desk.json)
        }
    }
}

private struct KeysExchangedView {
    let found: KeysExchanged
    let file: String

    func print(json: Bool) {
        if json {
            let parties: [JSONValue] = found.parties.map { item in
                ["party": .string(item.party.description), "keys": .count(item.keys)]
            }
            return Output.standard.json([
                "schema": "valise/keys-exchange/v1", "file": .string(file), "parties": .array(parties),
                "tickAt": .integer(found.tickAt.milliseconds),
            ])
        }
        var table = Table([.init("PARTY"), .init("KEYS", .trailing)])
        for item in found.parties { table.add([item.party.description, "\(item.keys)"]) }
        Output.standard.table(table)
        Output.diagnostics.note(
            "nothing newer was hidden up to \(TimeText.utc(milliseconds: found.tickAt.milliseconds))")
    }
}
