import ArgumentParser
import Desk
import Ledger
import Rules
import Glibc
import Statements
import Terminal
import Transport

/// `valise send`.
struct SendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send", abstract: "Seal a message and hand it to the relay.",
        discussion: """
            Without --via the shortest permitted route is found and shown. The text comes from FILE, or from standard \
            input with -. Any recipient can prove to anyone what you wrote: there is no deniability.
            """)

    @Option(help: "The recipient; may be repeated, each then gets a submission of its own.") var to: [String]
    @Option(help: "The intermediaries in order, separated by commas.") var via: String?
    @Flag(help: "Send without any intermediary.") var direct = false
    @Option(help: "The subject; sealed like the text.") var subject: String?
    @Option(help: "routine, priority, immediate or flash.") var precedence = "routine"
    @Option(help: "How long it may take to be retrieved, for example 48h or 7d.") var expires = "48h"
    @Option(help: "A file to attach; may be repeated.") var attach: [String] = []
    @Flag(help: "Seal it to the intermediaries too: they may read what they carry.") var openToIntermediaries = false
    @OptionGroup var desk: DeskOptions
    @Argument(help: "The file that holds the text; - for standard input.") var file: String?

    func validate() throws {
        guard !to.isEmpty else { throw ValidationError("Name a recipient with --to.") }
        guard file != nil || !attach.isEmpty else { throw ValidationError("Give a FILE, - or --attach.") }
        guard to.count == 1 || !desk.json else {
            throw ValidationError("With --json, name one recipient at a time.")
        }
        guard !(direct && via != nil) else { throw ValidationError("Give either --via or --direct.") }
    }

    func run() async throws {
        guard let precedence = Precedence(precedence) else {
            throw ValidationError("'\(precedence)' is not a precedence: routine, priority, immediate or flash.")
        }
        let lifetime = Statements::TimeSpan(milliseconds: try SpanOption.parse(expires).milliseconds)
        let recipients = try to.map { try Self.party($0) }
        let text = try file.map { try Self.text($0) }
        try await desk.withDesk { desk in
            // All routes are found before anything is sent.
            let routes = try recipients.map { try route(to: $0, precedence: precedence, desk: desk) }
            for route in routes {
                let sent = try await desk.send(
                    Outgoing(
                        route: route, subject: subject, precedence: precedence, lifetime: lifetime, text: text,
                        attachments: attach.map { AttachedFile(path: $0) },
                        openToIntermediaries: openToIntermediaries))
                report(sent, from: desk.party)
            }
        }
    }

    private func route(to recipient: PartyID, precedence: Precedence, desk: Desk) throws -> Leg {
        if direct { return Leg(intermediaries: [], recipient: recipient) }
        if let via {
            return Leg(
                intermediaries: try via.split(separator: ",").map { try Self.party(String($0)) }, recipient: recipient)
        }
        guard desk.charter.inForce.party(recipient) != nil else {
            throw CommandFailure(
                code: "unknown-party", message: "\(recipient) is not a party of the charter.",
                hints: ["valise parties lists them"], status: .notFound)
        }
        guard let route = desk.routes(to: recipient, precedence: precedence).first else {
            throw CommandFailure(
                code: "no-route", message: "No permitted route leads from \(desk.party) to \(recipient) now.",
                hints: ["valise parties shows who can be reached; a lower --precedence may have one"], status: .refused)
        }
        return route
    }

    private func report(_ sent: SentMessage, from party: PartyID) {
        let route = ([party] + sent.route.holders).map(\.description)
        guard !desk.json else {
            return Output.standard.json(
                .object([
                    .init("schema", "valise/send/v1"), .init("message", .string(sent.message.description)),
                    .init("route", .array(route.map { .string($0) })),
                    .init("entry", .unsigned(sent.accepted.entry.index.rawValue)),
                    .init("acceptedAt", .integer(sent.accepted.entry.entry.acceptedAt.milliseconds)),
                    .init("expiry", .integer(sent.expiry.milliseconds)), .init("sealedTo", .count(sent.sealedTo)),
                    .init("payloadSize", .unsigned(sent.payloadSize)),
                    .init("repeated", .bool(sent.accepted.isOriginal)),
                ]))
        }
        let out = Output.standard
        out.line("message  \(sent.message)")
        out.line("route    \(route.joined(separator: " -> "))")
        let accepted = TimeText.utc(milliseconds: sent.accepted.entry.entry.acceptedAt.milliseconds)
        out.line("accepted \(accepted), log entry \(sent.accepted.entry.index), sealed to \(sent.sealedTo) keys")
        Output.diagnostics.line("hint: valise track \(sent.message.short) follows it")
    }

    static func party(_ text: String) throws -> PartyID {
        guard let party = PartyID(text) else {
            throw ValidationError("'\(text)' is not a party's name: lowercase letters, digits and hyphens.")
        }
        return party
    }

    /// A text of at most 4 MiB; larger things are attached.
    private static func text(_ file: String) throws -> [UInt8] {
        let limit = 4 << 20
        if file != "-" { return try DeskFile.read(file, limit: limit) }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = Glibc.read(0, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw CommandFailure(
                    code: "input-unreadable", message: "Standard input could not be read to its end.",
                    hints: ["run the command again; nothing was sent"])
            }
            if count == 0 { return text }
            text.append(contentsOf: buffer[..<count])
            guard text.count <= limit else {
                throw CommandFailure(
                    code: "text-too-large", message: "The text has more than \(limit) bytes.",
                    hints: ["attach it as a file: --attach FILE"])
            }
        }
    }
}
