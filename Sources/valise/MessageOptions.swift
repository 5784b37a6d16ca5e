import ArgumentParser
import Desk
import Glibc
import Rules
import Statements
import Terminal

/// A precedence as a person types it.
struct PrecedenceOption: ExpressibleByArgument {
    let value: Precedence
    init(_ value: Precedence) { self.value = value }
    init?(argument: String) {
        guard let value = Precedence(argument) else { return nil }
        self.value = value
    }
    var defaultValueDescription: String { value.description }
    static var allValueStrings: [String] { Precedence.allCases.map(\.description) }
}

/// A party's or a delegate's name as a person types it.
struct NameOption: ExpressibleByArgument {
    let slug: Slug
    init?(argument: String) {
        guard let slug = Slug(argument) else { return nil }
        self.slug = slug
    }
    var party: PartyID { PartyID(slug) }
    var delegate: DelegateName { DelegateName(slug) }
}

/// Several names, separated by commas.
struct NamesOption: ExpressibleByArgument {
    let names: [NameOption]
    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map {
            NameOption(argument: String($0))
        }
        guard !parts.contains(where: { $0 == nil }) else { return nil }
        names = parts.compactMap(\.self)
    }
}

/// To whom, and by which way.
struct RouteOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("A recipient; may be repeated, each then gets a message of its own.", valueName: "party"))
    var to: [NameOption]
    @Option(help: ArgumentHelp("The intermediaries in order, separated by commas.", valueName: "parties"))
    var via: NamesOption?
    @Flag(help: "Send without any intermediary.") var direct = false
    @Flag(help: "One message to all recipients: each sees who the others are.") var together = false

    func validate() throws {
        guard !(direct && via != nil) else { throw ValidationError("Give either --via or --direct.") }
        let parties = to.map(\.party)
        guard Set(parties).count == parties.count else { throw ValidationError("A recipient is named twice.") }
    }

    /// The legs of each message: all routes are found before anything is sent.
    func messages(_ desk: Desk, precedence: Precedence) throws -> [[Leg]] {
        let legs = try to.map { try leg(to: $0.party, precedence: precedence, desk: desk) }
        return together ? [legs] : legs.map { [$0] }
    }

    private func leg(to recipient: PartyID, precedence: Precedence, desk: Desk) throws -> Leg {
        guard desk.charter.inForce.party(recipient) != nil else {
            throw CommandFailure(
                code: "unknown-party", message: "\(recipient) is not a party of the charter.",
                hints: ["valise parties lists them"], status: .notFound)
        }
        if direct { return Leg(intermediaries: [], recipient: recipient) }
        if let via { return Leg(intermediaries: via.names.map(\.party), recipient: recipient) }
        guard let route = desk.routes(to: recipient, precedence: precedence).first else {
            throw CommandFailure(
                code: "no-route", message: "No permitted route leads from \(desk.party) to \(recipient) now.",
                hints: ["valise parties shows who can be reached; a lower --precedence may have one"], status: .refused)
        }
        return route
    }
}

/// What goes into a message.
struct ContentOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The subject; sealed like the text.", valueName: "text")) var subject: String?
    @Option(help: ArgumentHelp("How it is to be handled; sealed like the text.", valueName: "text"))
    var caption: String?
    @Option(help: "routine, priority, immediate or flash.") var precedence: PrecedenceOption?
    @Option(help: ArgumentHelp("How long it may take to be retrieved, for example 48h or 7d.", valueName: "duration"))
    var expires = "48h"
    @Option(help: ArgumentHelp("A file to attach; may be repeated.", valueName: "file"), completion: .file())
    var attach: [String] = []
    @Flag(help: "Seal it to the intermediaries too: they may read what they carry.") var openToIntermediaries = false
    @Option(
        help: ArgumentHelp(
            "Delegates of your party who release it, separated by commas; needed where its quorum is above one and "
                + "leaves a choice.", valueName: "names"))
    var releaseBy: NamesOption?
    @Argument(
        help: "The file that holds the text; - for standard input. Without one, on a terminal, your editor opens.",
        completion: .file())
    var file: String?

    /// From now until the legs expire.
    func lifetime() throws -> Statements::TimeSpan {
        Statements::TimeSpan(milliseconds: try SpanOption.parse(expires).milliseconds)
    }

    /// Whether the text is to be composed in an editor.
    var wantsEditor: Bool { file == nil && attach.isEmpty }

    /// Refuses what has nothing to send and nobody to ask.
    func expectContent() throws {
        guard !wantsEditor || (isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1) else {
            throw ValidationError("Give a FILE, - or --attach.")
        }
    }

    /// The message without its legs.
    func outgoing(_ legs: [Leg], text: [UInt8]?, precedence: Precedence, subject: String? = nil) throws -> Outgoing {
        var outgoing = Outgoing(
            legs: legs, subject: self.subject ?? subject, precedence: precedence,
            lifetime: try lifetime(), text: text,
            attachments: attach.map { AttachedFile(path: $0) }, openToIntermediaries: openToIntermediaries)
        outgoing.caption = caption
        outgoing.releasers = releaseBy?.names.map(\.delegate) ?? []
        return outgoing
    }

    /// The text from the file, from standard input or from the editor, for as long as `body` runs. A text from the
    /// editor that could not be sent is there again the next time.
    func withText<T>(_ desk: Desk, _ body: ([UInt8]?) async throws -> T) async throws -> T {
        guard wantsEditor else { return try await body(try file.map { try TextInput.read($0) }) }
        let text = try ComposeEditor().compose(draft: try await desk.unsentText() ?? [])
        do {
            let result = try await body(text)
            try desk.dropUnsent()
            return result
        } catch let error as CommandFailure where error.code == SentView.keptInOutbox {
            // The outbox has it: to show it again would send it twice.
            try desk.dropUnsent()
            throw error
        } catch {
            try await desk.keepUnsent(text)
            Output.diagnostics.note("Your text is kept, encrypted: the editor shows it again the next time.")
            throw error
        }
    }
}

/// The text of a message from where the command line says.
enum TextInput {
    /// A text of at most 4 MiB; larger things are attached.
    static func read(_ file: String) throws -> [UInt8] {
        let limit = ComposeEditor.limit
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
