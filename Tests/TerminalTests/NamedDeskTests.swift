import ArgumentParser
import Synchronization
import Terminal
import Testing
import Wording

@Suite("A suggested command can be typed as it stands")
struct NamedDeskTests {
    @Test(
        "the desk is read from the arguments, whether they parse or not",
        arguments: [
            ("inbox", nil), ("inbox --profile north", "valise inbox --profile north"),
            ("inbox --profile=north --all", "valise inbox --profile north"),
            ("--home /tmp/x inbox", "valise inbox --home /tmp/x"),
            ("search -- --profile north", nil), ("inbox --profile", nil),
            ("inbox --home a --profile b", "valise inbox --profile b"),
        ] as [(String, String?)])
    func arguments(line: String, expected: String?) {
        let desk = NamedDesk(arguments: line.split(separator: " ").map { String($0) })
        #expect(desk?.named(in: "valise inbox") == expected)
    }

    @Test("a desk's name is quoted where a shell needs it")
    func quoted() {
        let desk = NamedDesk(arguments: ["--home", "/tmp/my desk"])
        #expect(desk?.named(in: "valise parties") == "valise parties --home '/tmp/my desk'")
    }

    @Test(
        "it follows the command's own words, and nothing else",
        arguments: [
            ("valise track kq4d7m2x3n5p follows it", "valise track --profile n kq4d7m2x3n5p follows it"),
            (
                "valise outbox shows why; valise outbox flush tries again",
                "valise outbox --profile n shows why; valise outbox flush --profile n tries again"
            ),
            (
                "valise keys show prints the card; another delegate needs another --home",
                "valise keys show --profile n prints the card; another delegate needs another --home"
            ),
            (
                "Run `valise lock` and `valise unlock` again, or give it.",
                "Run `valise lock --profile n` and `valise unlock --profile n` again, or give it."
            ),
            ("(valise inbox), then valise status.", "(valise inbox --profile n), then valise status --profile n."),
            ("ask south to run \"valise keys publish\"", "ask south to run \"valise keys publish\""),
            ("valise keys new --home FOLDER makes one", "valise keys new --home FOLDER makes one"),
            ("valise-audit verify --mirror m", "valise-audit verify --mirror m"),
            ("valise-audit mirror --out m", "valise-audit mirror --profile n --out m"),
            ("valise-relay serve --data d", "valise-relay serve --data d"),
            ("valise carries messages", "valise carries messages"), ("  valise", "  valise"), ("", ""),
        ])
    func sentences(text: String, expected: String) {
        #expect(NamedDesk(arguments: ["--profile", "n"])?.named(in: text) == expected)
    }

    @Test("a program names it in its notes, its hints and its error documents")
    func program() async {
        for (arguments, ending) in [
            (["--profile", "n"], "hint: valise track --profile n kq4d\n"),
            ([], "hint: valise track kq4d\n"),
            (["--fail", "--profile", "n"], "error: It failed. [failed]\nhint: valise list --profile n\n"),
        ] {
            #expect(await Self.run(arguments) == ending)
        }
        let document = await Self.run(["--fail", "--json", "--profile", "n"])
        #expect(document.contains(#""hints":["valise list --profile n"]"#))
        let usage = await Self.run(["--nonsense", "--json", "--profile", "n"])
        #expect(usage.contains("Usage: valise inbox [") && !usage.contains("inbox --profile n"))
    }

    private static func run(_ arguments: [String]) async -> String {
        let diagnostics = Capture()
        Suggesting.place.withLock { $0 = diagnostics.output }
        _ = await Program.perform(
            Suggesting.self, arguments, output: diagnostics.output, diagnostics: diagnostics.output,
            convert: { _ in nil })
        return diagnostics.finish()
    }

    @Test(
        "a word is quoted as a shell reads it back",
        arguments: [
            ("charter.signed", "charter.signed"), ("/tmp/a-b_c/d.der", "/tmp/a-b_c/d.der"), ("a b", "'a b'"),
            ("", "''"), ("it's", "'it'\\''s'"), ("$HOME", "'$HOME'"), ("~/x", "'~/x'"), ("ورقة.pdf", "ورقة.pdf"),
            ("a\u{202E}b", "'a\u{202E}b'"), ("a*", "'a*'"), ("$(x)", "'$(x)'"), ("a;b", "'a;b'"), ("[x]", "'[x]'"),
            ("-o", "-o"),
            ("/tmp/my desk/x", "'/tmp/my desk/x'"),
        ])
    func shellWords(word: String, expected: String) {
        #expect(ShellWord.quoted(word) == expected)
    }

    @Test(
        "a noun goes with its number",
        arguments: [(0, "0 messages"), (1, "1 message"), (2, "2 messages")])
    func nouns(number: Int, words: String) {
        #expect(Counted.words(number, "message") == words)
        #expect(Counted.words(number, "entry", "entries").hasSuffix(number == 1 ? " entry" : " entries"))
    }
}

/// Suggests a command, or fails with one as its hint.
private struct Suggesting: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "valise inbox")
    static let place = Mutex<Output?>(nil)

    @Option var profile: String?
    @Flag var fail = false
    @Flag var json = false

    func run() throws {
        if fail { throw CommandFailure(code: "failed", message: "It failed.", hints: ["valise list"]) }
        Self.place.withLock { $0 }?.note(.hint, "valise track kq4d")
    }
}
