import ArgumentParser
import Desk
import Statements
import Terminal
import Transport

/// `valise keys publish`.
struct PublishCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish", abstract: "Publish this desk's sealing keys, so that others can seal to it.",
        discussion: """
            Each key is for the thirty days after the one before. What is published already stays as it is. On a \
            machine without a network, --into writes signed statements into a folder; valise submit hands them over \
            elsewhere, and valise keys import brings back what was accepted.
            """)
    @Option(
        help: ArgumentHelp("Write signed statements into this folder; the relay is not asked.", valueName: "folder"),
        completion: .directory)
    var into: String?
    @Flag(help: "With --into, replace files that are there already.") var overwrite = false
    @OptionGroup var desk: DeskOptions

    func validate() throws {
        if overwrite, into == nil { throw ValidationError("--overwrite goes with --into.") }
    }

    func run() async throws {
        try await desk.withDesk { desk in
            var published: [(publication: KeyPublication, path: String?)]
            if let into {
                published = try await desk.offerKeys(into: into, overwrite: overwrite).map { ($0, $1) }
            } else {
                published = try await desk.publishKeys().map { ($0, nil) }
            }
            guard !self.desk.json else {
                return Output.standard.json([
                    "schema": "valise/keys-publish/v1", "published": .array(published.map { document($0, $1) }),
                ])
            }
            for (key, path) in published {
                let until = TimeText.utc(milliseconds: key.sealUntil.milliseconds)
                let place = path.map { "wrote \(SafeText.display($0))" } ?? "published \(key.keyID.short)"
                Output.standard.note("\(place), for sealing until \(until)")
            }
            if published.isEmpty {
                Output.diagnostics.note("every sealing key of this desk is published already")
            } else if into != nil {
                Output.diagnostics.note(
                    .hint, "online, \"valise submit FILE\" for each; then \"valise keys export -o FILE\"")
            }
        }
    }

    private func document(_ key: KeyPublication, _ path: String?) -> JSONValue {
        [
            "key": .string(key.keyID.description), "sealFrom": .integer(key.sealFrom.milliseconds),
            "sealUntil": .integer(key.sealUntil.milliseconds), "keepUntil": .integer(key.keepUntil.milliseconds),
            "file": .optional(path),
        ]
    }
}
