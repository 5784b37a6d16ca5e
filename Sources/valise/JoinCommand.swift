import ArgumentParser
import Desk
import Statements
import Terminal

/// `valise join`.
struct JoinCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "join", abstract: "Check a signed charter, compare its fingerprint, and keep to it.",
        discussion: """
            Everything this desk later believes comes from this one file: compare its fingerprint with another party \
            over a way that the relay has no part in, before you agree.
            """)
    @Argument(help: "The signed charter.", completion: .file()) var charter: String
    @Option(help: "The fingerprint as another party read it to you; join only if it is the same.")
    var fingerprint: String?
    @Flag(help: "Do not ask: the fingerprint was compared already.") var yes = false
    @Flag(help: "Forget the charter that this desk has joined before.") var replace = false
    @OptionGroup var options: HomeOptions

    func run() throws {
        let home = try options.located()
        let pinned = try PinnedCharter(checking: CharterFiles.readSigned(charter))
        let card = try home.card()
        try pinned.checkMembership(of: card)
        let earlier = replace ? nil : try PinnedCharter.pinned(home)
        if earlier == nil || earlier == pinned.id { try agree(pinned) }
        try pinned.pin(in: home, replacing: replace)
        if options.json {
            return Output.standard.json([
                "schema": "valise/join/v1", "charter": .string(pinned.id.description),
                "fingerprint": .string(pinned.id.fingerprint), "delegate": .string(card.id.description),
                "joinedBefore": .bool(earlier == pinned.id),
            ])
        }
        Output.standard.note("\(card.id) has joined \"\(pinned.charter.title)\".")
        let known = try KeyRecords(home).load()
        let isPublished = try home.sealingKeyNames().contains { known.record(named: $0) != nil }
        let publish = "valise keys publish, so that others can seal to this desk"
        Output.diagnostics.note(.next, isPublished ? "valise parties" : publish)
    }

    private func agree(_ pinned: PinnedCharter) throws {
        if let fingerprint {
            guard Self.letters(fingerprint) == Self.letters(pinned.id.fingerprint) else {
                throw CommandFailure(
                    code: "fingerprint-differs",
                    message: "The fingerprint of \(charter) is \(pinned.id.fingerprint), and another one was expected.",
                    hints: ["do not use this file; ask a steward for the charter again"], status: .verificationFailed)
            }
            return
        }
        if !options.json {
            var list = FieldList()
            list.add("Charter", "\"\(pinned.charter.title)\"")
            list.add("Parties", pinned.charter.parties.map(\.id.description).joined(separator: ", "))
            list.add("Fingerprint", pinned.id.fingerprint, style: .heading)
            Output.diagnostics.fields(list)
            Output.diagnostics.note(
                "Call another party on a number you know, and read the eight groups to each other in turn.")
        }
        if yes { return }
        let same = try Confirmation.ask(
            "Are all eight groups the same? [yes/no] ",
            insteadGive: "give --fingerprint with the one that was read to you, or --yes if it was compared already")
        guard same else {
            throw CommandFailure(
                code: "not-confirmed", message: "The charter was not joined.",
                hints: ["compare the fingerprint, then run the command again"], status: .refused)
        }
    }

    /// Groups may be written with spaces or hyphens, in any case; all 32 letters count.
    private static func letters(_ text: String) -> String {
        text.lowercased().filter { $0 != " " && $0 != "-" }
    }
}
