import ArgumentParser
import Desk
import Statements
import Terminal
import Transport

/// `valise keys publish`.
struct PublishCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish", abstract: "Publish this desk's sealing keys, so that others can seal to it.",
        discussion: "Each key is for the thirty days after the one before. What is published already stays as it is.")
    @OptionGroup var desk: DeskOptions

    func run() async throws {
        try await desk.withDesk { desk in
            let published = try await desk.publishKeys()
            guard !self.desk.json else {
                let items: [JSONValue] = published.map { key in
                    .object([
                        .init("key", .string(key.keyID.description)),
                        .init("sealFrom", .integer(key.sealFrom.milliseconds)),
                        .init("sealUntil", .integer(key.sealUntil.milliseconds)),
                        .init("keepUntil", .integer(key.keepUntil.milliseconds)),
                    ])
                }
                return Output.standard.json(
                    .object([.init("schema", "valise/keys-publish/v1"), .init("published", .array(items))]))
            }
            for key in published {
                let until = TimeText.utc(milliseconds: key.sealUntil.milliseconds)
                Output.standard.line("published \(key.keyID.short), for sealing until \(until)")
            }
            if published.isEmpty { Output.diagnostics.line("every sealing key of this desk is published already") }
        }
    }
}
