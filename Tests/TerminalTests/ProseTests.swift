import Terminal
import Testing

@Suite("Sentences are broken between words, and only there")
struct ProseTests {
    @Test("a line is as full as its words allow, and the rest goes on below")
    func sentence() {
        let text = "nothing withheld up to entry 12, provided an auditor's replay reaches it"
        #expect(
            Prose.wrap(text, to: 30) == [
                "nothing withheld up to entry", "12, provided an auditor's", "replay reaches it",
            ])
        #expect(Prose.wrap(text, to: 200) == [text])
        #expect(Prose.wrap("", to: 30) == [""])
    }

    @Test("further lines keep the margin of the first, and hang as told")
    func margins() {
        #expect(Prose.wrap("    one two three", to: 12) == ["    one two", "    three"])
        #expect(Prose.wrap("a: one two three", to: 9, hanging: 3) == ["a: one", "   two", "   three"])
        #expect(Prose.wrap("one  two", to: 20) == ["one  two"])
        #expect(Prose.wrap(String(repeating: " ", count: 500) + "far", to: 10) == ["     far"])
    }

    @Test(
        "a command is never broken, at any width",
        arguments: [
            ("valise track kq4d7m2x3n5p follows it", "valise track kq4d7m2x3n5p"),
            ("valise track abcdefghijkl follows it", "valise track abcdefghijkl"),
            ("on every desk: valise join charter.signed", "valise join charter.signed"),
            ("on the desk of each: valise charter sign c", "valise charter sign c"),
            ("valise drafts show ID, then valise cosign ID or valise reject ID", "valise cosign ID"),
            (
                "valise open f.valise --receipt RECEIPT.valise opens it where the keys are",
                "valise open f.valise --receipt RECEIPT.valise"
            ),
            ("next comes (valise-relay serve --data data --keys keys)", "valise-relay serve --data data --keys keys)"),
            (
                "run valise charter collect FILE SIGNATURES... -o charter.signed",
                "valise charter collect FILE SIGNATURES... -o charter.signed"
            ),
            ("run `valise passphrase` with the same two to finish", "`valise passphrase`"),
            ("first chmod 600 /a/path/to/a/file", "chmod 600 /a/path/to/a/file"),
        ])
    func commands(text: String, command: String) {
        for width in 10...80 {
            #expect(Prose.wrap(text, to: width).contains { $0.contains(command) }, "\(width)")
        }
    }

    @Test("a date stays with its time, and quotes and brackets close where they can")
    func together() {
        for width in 24...60 {
            let lines = Prose.wrap("up to 2026-11-22 18:03:11 UTC (20:03:11 +02:00 here), or later", to: width)
            #expect(lines.contains { $0.contains("2026-11-22 18:03:11 UTC") }, "\(width)")
            #expect(lines.contains { $0.contains("(20:03:11 +02:00 here)") }, "\(width)")
        }
        #expect(Prose.wrap("until 2026-11-22 18:03:11 +02:00.", to: 27) == ["until", "2026-11-22 18:03:11 +02:00."])
        #expect(Prose.wrap("answers in 21 ms, or so", to: 13) == ["answers in", "21 ms, or so"])
        #expect(Prose.wrap("it has 'a b c' in it", to: 12) == ["it has", "'a b c' in", "it"])
        #expect(Prose.wrap("use [--via <x>] or", to: 12) == ["use", "[--via <x>]", "or"])
        #expect(Prose.wrap("'a b c d e f' is long", to: 8) == ["'a b c d", "e f' is", "long"])
    }

    @Test("a script without spaces is broken between its wide characters; a long word is not broken")
    func wide() {
        #expect(Prose.wrap("条約草案条約", to: 8) == ["条約草案", "条約"])
        #expect(Prose.wrap("a aaaaaaaaaaaaaaaaaaaa b", to: 8) == ["a", "aaaaaaaaaaaaaaaaaaaa", "b"])
    }

    private static let words = [
        "valise", "VALISE", "-o", "--to", "'", "\"", "[", "]", "a", "words", "12:30", "2026-11-22", "UTC", "条約草案条約草案条約",
        "ورقة", "x.valise,", "kq4d7m2x3n5p", "...", "(here)", "e\u{301}", "",
    ]

    @Test("nothing is lost and nothing is added, whatever the words", arguments: 0..<50)
    func anything(seed: UInt64) {
        var generator = SplitMix(seed: seed)
        let text = (0..<40).map { _ in Self.words.randomElement(using: &generator) ?? "" }.joined(separator: " ")
        for limit in [1, 2, 9, 20, 50, 120] {
            let lines = Prose.wrap(text, to: limit, hanging: 2)
            #expect(lines.joined().filter { $0 != " " } == text.filter { $0 != " " }, "seed \(seed)")
            for line in lines where !line.contains("valise") && !line.contains("VALISE") {
                let fits = DisplayWidth.columns(of: line) <= limit
                #expect(fits || line.split(separator: " ").count == 1, "seed \(seed), \(limit): \(line)")
            }
        }
    }

    @Test("a note is one line in a pipe and lines of words on a terminal")
    func note() {
        func printed(_ isTerminal: Bool) -> String {
            let capture = Capture(isTerminal: isTerminal, width: 24)
            capture.output.note("The relay is away\u{1B}[2J, trying again.")
            capture.output.note(.hint, "valise track zm3q follows it")
            return capture.finish()
        }
        #expect(
            printed(false)
                == "The relay is away<U+001B>[2J, trying again.\nhint: valise track zm3q follows it\n")
        #expect(
            printed(true)
                == "The relay is\naway<U+001B>[2J, trying\nagain.\nhint: valise track zm3q\n  follows it\n")
    }

    @Test("what somebody else wrote keeps its lines, and each is broken between words")
    func body() {
        func printed(_ text: String, _ isTerminal: Bool) -> String {
            let capture = Capture(isTerminal: isTerminal, width: 20)
            capture.output.body(text)
            return capture.finish()
        }
        let text = "  A long line about cedars.\n\nb\u{1B}\r\na\tlong line that has a tab"
        #expect(printed(text, false) == "  A long line about cedars.\n\nb<U+001B>\na\tlong line that has a tab\n")
        #expect(printed(text, true) == "  A long line about\n  cedars.\n\nb<U+001B>\na\tlong line that has a tab\n")
        #expect(printed("one\n", true) == "one\n")
        #expect(printed("", true) == "")
    }

    @Test("only the label of a note has its style")
    func label() {
        let capture = Capture(isTerminal: true, usesColour: true)
        capture.output.note(.caution, "look")
        #expect(capture.finish() == "\u{1B}[33mcaution:\u{1B}[0m look\n")
    }
}

/// Sebastiano Vigna's splitmix64: the same words from the same seed.
private struct SplitMix: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
