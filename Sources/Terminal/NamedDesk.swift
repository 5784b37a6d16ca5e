import Wording

/// The desk that a command line names by `--profile` or `--home`, for the commands that are suggested next: each can be
/// typed as it stands.
///
/// A command in a sentence, `valise track kq4d7m2x follows it`, gets the option after its own words. One in quotes,
/// `ask south to run "valise keys publish"`, is for another desk and stays as it is.
package struct NamedDesk: Sendable, Hashable {
    /// What the running program was given; nil where the desk is the usual one. `Program` sets it.
    @TaskLocal package static var current: NamedDesk?

    /// `--profile north`, quoted where a shell needs it.
    let option: String

    /// Nil where the arguments name no desk. They need not parse.
    package init?(arguments: some Sequence<String>) {
        var found: String?
        var before = ""
        for argument in arguments.prefix(while: { $0 != "--" }) {
            for name in Self.options {
                if before == name { found = "\(name) \(ShellWord.quoted(argument))" }
                if argument.hasPrefix("\(name)=") {
                    found = "\(name) \(ShellWord.quoted(String(argument.dropFirst(name.count + 1))))"
                }
            }
            before = argument
        }
        guard let found else { return nil }
        option = found
    }

    private static let options = ["--profile", "--home"]

    /// The text with the desk of the running command in every command that takes one.
    package static func naming(_ text: String) -> String { current?.named(in: text) ?? text }

    package func named(in text: String) -> String {
        var words = text.split(separator: " ", omittingEmptySubsequences: false).map { String($0) }
        var position = 0
        while position < words.count {
            if let last = SuggestedCommand.lastName(words, from: position), !Self.isNamed(words[(last + 1)...]) {
                let end = words[last].drop { !SuggestedCommand.isClosing($0) }
                words[last] = String(words[last].dropLast(end.count)) + " \(option)" + end
                position = last
            }
            position += 1
        }
        return words.joined(separator: " ")
    }

    /// Whether the rest of the clause names a desk already.
    private static func isNamed(_ rest: ArraySlice<String>) -> Bool {
        for word in rest {
            if options.contains(String(word.prefix { !SuggestedCommand.isClosing($0) })) { return true }
            if word.last.map(SuggestedCommand.isClosing) ?? false, !word.hasSuffix("...") { return false }
        }
        return false
    }
}

/// The commands that take a desk, as they are named in sentences.
private enum SuggestedCommand {
    /// By program and first word, the second words.
    static let takingDesk: [String: [String: Set<String>]] = [
        "valise": [
            "archive": ["drop", "list"],
            "charter": ["collect", "compile", "show", "sign", "verify"],
            "drafts": ["list", "show", "withdraw"],
            "keys": ["export", "import", "list", "new", "publish", "show"],
            "outbox": ["cancel", "flush", "list"],
            "rejections": ["list", "save"],
            "convey": [], "cosign": [], "fetch": [], "inbox": [], "join": [], "list": [], "lock": [], "open": [],
            "parties": [], "passphrase": [], "read": [], "recall": [], "refuse": [], "reject": [], "reply": [],
            "restate": [], "reveal": [], "seal": [], "search": [], "send": [], "status": [], "submit": [],
            "thread": [], "track": [], "unlock": [],
        ],
        "valise-audit": ["follow": [], "mirror": []],
    ]

    /// Where the words of the command end that begins at this word; nil if none does that takes a desk.
    static func lastName(_ words: [String], from start: Int) -> Int? {
        guard let commands = takingDesk[String(words[start].drop { $0 == "(" || $0 == "`" })],
            let first = name(words, start + 1), let seconds = commands[first]
        else { return nil }
        let isWhole = words[start + 1].last.map { !isClosing($0) } ?? false
        guard isWhole, let second = name(words, start + 2), seconds.contains(second) else { return start + 1 }
        return start + 2
    }

    private static func name(_ words: [String], _ position: Int) -> String? {
        position < words.count ? String(words[position].prefix { !isClosing($0) }) : nil
    }

    /// What ends a clause or a quotation after a word.
    static func isClosing(_ character: Character) -> Bool { ",;:.)`".contains(character) }
}
