import ArgumentParser
import Desk
import Ledger
import Rules
import Statements
import Terminal
import Transport

/// `valise outbox`.
struct OutboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "outbox", abstract: "Messages that the relay has not taken yet: list, try again, cancel.",
        subcommands: [List.self, Flush.self, Cancel.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "list", abstract: "Show what is in the outbox.")
        @OptionGroup var desk: DeskOptions

        func run() async throws {
            try await desk.withDesk { desk in
                let items = try await desk.outboxItems()
                let damaged = try await desk.damagedOutboxFiles()
                if self.desk.json { printJSON(items, damaged) } else { printTable(items, damaged) }
            }
        }

        private func printTable(_ items: [OutboxItem], _ damaged: [String]) {
            var table = Table([
                .init("MESSAGE"), .init("TO"), .init("MADE"), .init("TRIES", .trailing), .init("STATE"),
                .init("WHY", mayShrink: true),
            ])
            for item in items {
                table.add([
                    item.message.short, item.submission.legs.map(\.recipient.description).joined(separator: ","),
                    TimeText.utc(milliseconds: item.made.milliseconds), "\(item.attempts)", state(item),
                    item.reason?.code ?? "",
                ])
            }
            if items.isEmpty { Output.diagnostics.note("the outbox is empty") } else { Output.standard.table(table) }
            for name in damaged {
                Output.diagnostics.note(.caution, "the file \(name).item cannot be read; valise outbox cancel \(name)")
            }
        }

        private func state(_ item: OutboxItem) -> String {
            if item.reason?.isFinal ?? false { return "refused" }
            return item.isHandedOver ? "unanswered" : "waiting"
        }

        private func printJSON(_ items: [OutboxItem], _ damaged: [String]) {
            let documents: [JSONValue] = items.map { item in
                [
                    "message": .string(item.message.description),
                    "to": .array(item.submission.legs.map { .string($0.recipient.description) }),
                    "madeAt": .integer(item.made.milliseconds), "attempts": .unsigned(item.attempts),
                    "state": .string(state(item)), "draft": .bool(item.isDraft),
                    "reason": .optional(item.reason?.code), "submitBy": .integer(item.submitBy.milliseconds),
                    "expiry": .integer(item.submission.expiry.milliseconds),
                ]
            }
            Output.standard.json([
                "schema": "valise/outbox/v1", "messages": .array(documents),
                "damaged": .array(damaged.map { .string($0) }),
            ])
        }
    }

    struct Flush: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "flush", abstract: "Hand everything in the outbox to the relay again.",
            discussion: "Harmless at any time: what was accepted unheard is found accepted.")
        @OptionGroup var desk: DeskOptions

        func run() async throws {
            try await desk.withDesk { desk in
                let flushed = try await StepBar.shown("sending", json: self.desk.json) { progress in
                    try await desk.flushOutbox(progress: progress)
                }
                try? await desk.refreshKeptKeys()
                if self.desk.json { printJSON(flushed) } else { printText(flushed) }
                let kept = flushed.compactMap { item in
                    if case .kept(let reason) = item.outcome { reason } else { nil }
                }
                guard let first = kept.first else { return }
                throw CommandFailure(
                    code: "kept-in-outbox",
                    message: "\(Self.still(kept.count, of: flushed.count)) still in the outbox: \(first.message)",
                    hints: ["valise outbox shows why; valise outbox flush tries again"],
                    status: first.isFinal ? .refused : .unavailable)
            }
        }

        private static func still(_ kept: Int, of all: Int) -> String {
            if all == 1 { return "The message is" }
            return "\(kept) of \(all) messages \(kept == 1 ? "is" : "are")"
        }

        private func printText(_ flushed: [FlushedItem]) {
            if flushed.isEmpty { return Output.diagnostics.note("the outbox is empty") }
            for item in flushed {
                switch item.outcome {
                case .accepted(let accepted):
                    let time = TimeText.utc(milliseconds: accepted.entry.entry.acceptedAt.milliseconds)
                    Output.standard.note("accepted \(item.message.short), \(time), log entry \(accepted.entry.index)")
                case .drafted(let missing):
                    let names = missing.map(\.description).joined(separator: ", ")
                    Output.standard.note("drafted \(item.message.short), waits for \(names)")
                case .kept(let reason):
                    Output.standard.note("kept \(item.message.short): \(reason.message) [\(reason.code)]")
                }
            }
        }

        private func printJSON(_ flushed: [FlushedItem]) {
            let documents: [JSONValue] = flushed.map { item in
                var state = "accepted"
                var entry: JSONValue = .null
                var reason: JSONValue = .null
                switch item.outcome {
                case .accepted(let accepted): entry = .unsigned(accepted.entry.index.rawValue)
                case .drafted: state = "drafted"
                case .kept(let why):
                    state = "kept"
                    reason = .string(why.code)
                }
                return [
                    "message": .string(item.message.description), "state": .string(state), "entry": entry,
                    "reason": reason,
                ]
            }
            Output.standard.json(["schema": "valise/outbox-flush/v1", "messages": .array(documents)])
        }
    }

    struct Cancel: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "cancel", abstract: "Take a message out of the outbox.",
            discussion: """
                What the relay may already have it can still accept until the statement's own time limit, which is \
                shown: valise recall takes it back then.
                """)
        @Argument(help: "The message's identifier, or its first letters.") var message: String
        @OptionGroup var desk: DeskOptions

        func run() async throws {
            try await desk.withDesk { desk in
                if try await desk.damagedOutboxFiles().contains(message) {
                    try await desk.removeDamagedOutboxFile(message)
                    return report(nil, "gone", nil)
                }
                let found = try await desk.outboxItems().filter { $0.message.description.hasPrefix(message) }
                guard let item = found.first, found.count == 1 else {
                    throw CommandFailure(
                        code: found.isEmpty ? "not-in-outbox" : "message-ambiguous",
                        message: found.isEmpty
                            ? "No message in the outbox begins with '\(message)'."
                            : "\(found.count) messages in the outbox begin with '\(message)'.",
                        hints: ["valise outbox lists them"], status: .notFound)
                }
                switch try await desk.cancelOutboxItem(item.message) {
                case .gone(let id): report(id, "gone", nil)
                case .mayBeAccepted(let id, let until): report(id, "may-be-accepted", until)
                case .wasAccepted(let id): report(id, "was-accepted", nil)
                }
            }
        }

        private func report(_ id: MessageID?, _ state: String, _ until: Timestamp?) {
            if desk.json {
                return Output.standard.json([
                    "schema": "valise/outbox-cancel/v1", "message": .optional(id?.description), "state": .string(state),
                    "until": until.map { .integer($0.milliseconds) } ?? .null,
                ])
            }
            let name = id?.short ?? message
            switch state {
            case "gone": Output.standard.note("cancelled \(name): it is gone")
            case "was-accepted":
                Output.standard.note("out of the outbox: \(name) had been accepted")
                Output.diagnostics.note(.hint, "valise recall \(name) takes it back until it is retrieved")
            default:
                let time = until.map { TimeText.utc(milliseconds: $0.milliseconds) } ?? ""
                Output.standard.note("cancelled \(name), but the relay may have it and may accept it until \(time)")
                Output.diagnostics.note(.hint, "valise track \(name) tells; valise recall \(name) takes it back")
            }
        }
    }
}
