import Desk
import Statements
import Terminal

/// What `valise` alone prints: three commands, one session, and the next step of this very desk.
enum Teaching {
    static func print(on output: Output) {
        output.note("valise carries sealed messages between parties that do not talk to each other directly.")
        section("Three commands are the daily work", commands, output)
        section("A session at a desk", session, output)
        section("This desk", desk, output)
        output.line()
        output.note("valise --help lists every command; valise help COMMAND explains one.")
    }

    private static func section(_ title: String, _ lines: [String], _ output: Output) {
        output.line()
        output.line(output.styled(title, .heading))
        for line in lines {
            // What is to be typed stays in one piece; the explanation goes under it where the terminal is narrow.
            let parts = line.split(separator: "#", maxSplits: 1).map { String($0) }
            guard parts.count == 2 else {
                output.line(line.isEmpty ? "" : output.prose("  \(line)"))
                continue
            }
            let comment = output.styled("#" + parts[1], .quiet)
            let fits = !output.isTerminal || DisplayWidth.columns(of: line) + 2 <= output.width
            var command = parts[0][...]
            if !fits { while command.last == " " { command.removeLast() } }
            output.line(fits ? "  \(command)\(comment)" : "  \(comment)\n  \(command)")
        }
    }

    private static let commands = [
        "valise inbox                          # what has reached you",
        "valise read MESSAGE                   # the receipt first, then the text, verified",
        "valise send --to PARTY FILE           # sealed here, opened only by its recipients",
    ]

    private static let session = [
        "$ valise unlock                       # the passphrase once, for 15 minutes",
        "$ valise inbox",
        "MESSAGE       FROM      PRECEDENCE  STATE",
        "kq4d7m2x3n5p  us-envoy  priority    available",
        "$ valise read kq4d                    # the first letters are enough",
        "from     us-envoy",
        "subject  Proposal",
        "",
        "We propose that both sides ...",
        "$ valise reply kq4d answer.txt        # back by the way it came",
        "message  zm3q2ab7c4d5...",
        "$ valise track zm3q                   # where it is, and who has signed for it",
    ]

    /// The next step from here; what cannot be read counts as not there, since its own command says what is wrong.
    private static var desk: [String] {
        guard let home = try? DeskHome.locate(option: nil) else {
            return ["valise keys new --home FOLDER   # makes one"]
        }
        guard let card = try? home.card() else {
            return [
                "None yet in \(SafeText.display(home.path)). To set one up:",
                "valise keys new --party PARTY --delegate NAME -o CARD   # the charter needs the card",
                "valise join charter.signed                              # once every party has signed it",
                "valise keys publish                                     # so that others can seal to you",
            ]
        }
        guard let charter = try? PinnedCharter.load(home) else {
            return [
                "\(card.id), in \(SafeText.display(home.path)), has joined no charter yet. Next:",
                "valise join charter.signed                      # from the steward; compare its fingerprint",
            ]
        }
        return [
            "\(card.id), in \(SafeText.display(home.path)), joined to \"\(SafeText.display(charter.charter.title))\"."
        ]
    }
}
