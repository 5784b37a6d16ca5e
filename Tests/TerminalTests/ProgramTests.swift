import ArgumentParser
import Foundation
import Terminal
import Testing

@Suite("A program ends with the right code and words")
struct ProgramTests {
    @Test(
        "each exit code means one thing",
        arguments: [
            (.done, 0), (.failed, 1), (.verificationFailed, 2), (.refused, 3), (.notFound, 4),
            (.unavailable, 5), (.locked, 6), (.usage, 64), (.interrupted, 130),
        ] as [(Terminal.ExitStatus, Int32)])
    func exitTable(status: Terminal.ExitStatus, code: Int32) {
        #expect(status.rawValue == code)
        #expect(Terminal.ExitStatus.table.contains("\(code)\t\(status.summary)\n"))
        #expect(!status.summary.isEmpty && !status.summary.contains("\n"))
    }

    @Test("the table has no row besides these")
    func exitTableIsComplete() {
        #expect(Terminal.ExitStatus.allCases.map(\.rawValue) == [0, 1, 2, 3, 4, 5, 6, 7, 64, 130])
    }

    struct Ending { let code: Int32, output: String, diagnostics: String }

    static func run(_ arguments: [String], colour: Bool = false) async -> Ending {
        let (output, diagnostics) = (Capture(), Capture(isTerminal: colour, usesColour: colour))
        let code = await Program.perform(
            Root.self, arguments, output: output.output, diagnostics: diagnostics.output,
            convert: { $0 is Known ? CommandFailure(code: "known", message: "Known.", status: .refused) : nil })
        return Ending(code: code, output: output.finish(), diagnostics: diagnostics.finish())
    }

    @Test("a failure is a sentence with its code, then the hints, on standard error")
    func failure() async {
        let ending = await Self.run(["end", "failure"])
        #expect(ending.code == 4)
        #expect(ending.output == "")
        #expect(
            ending.diagnostics
                == "error: No party 'x<U+001B>[2J' here. [party-unknown]\nhint: valise parties\nhint: valise join F\n")
    }

    @Test("with colour only the words error and hint are styled")
    func colour() async {
        let ending = await Self.run(["end", "failure"], colour: true)
        #expect(ending.diagnostics.hasPrefix("\u{1B}[1;31merror:\u{1B}[0m No party 'x<U+001B>"))
    }

    @Test("with --json a failure is one JSON object on standard error")
    func json() async throws {
        let ending = await Self.run(["end", "failure", "--json"])
        #expect(ending.code == 4)
        #expect(
            ending.diagnostics
                == #"{"schema":"valise/error/v1","code":"party-unknown","message":"No party 'x\u001b[2J' here.","#
                + #""hints":["valise parties","valise join F"]}"# + "\n")
    }

    @Test(
        "every other end has its code",
        arguments: [
            ("done", 0, ""), ("known", 3, "[known]"), ("unknown", 1, "[internal]"), ("cancelled", 130, "[interrupted]"),
            ("code", 7, ""), ("validation", 64, "[usage]"),
        ] as [(String, Int32, String)])
    func endings(how: String, code: Int32, words: String) async {
        let ending = await Self.run(["end", how])
        #expect(ending.code == code)
        #expect(words.isEmpty ? ending.diagnostics.isEmpty : ending.diagnostics.contains(words))
    }

    @Test("a command line that does not parse exits 64 and shows the usage")
    func usage() async {
        let ending = await Self.run(["end"])
        #expect(ending.code == 64)
        #expect(ending.output == "")
        #expect(ending.diagnostics.hasPrefix("error: Missing expected argument '<how>' [usage]\n"))
        #expect(ending.diagnostics.contains("Usage: root end"))
        #expect(!ending.diagnostics.contains("Error:"))
    }

    @Test("what a command itself finds wrong comes with its own usage")
    func misuse() async {
        let ending = await Self.run(["end", "validation"])
        #expect(ending.diagnostics.hasPrefix("error: Give one of two. [usage]\nUsage: root end "))
    }

    @Test("a bad option value is named with what was expected")
    func optionValue() async {
        let ending = await Self.run(["end", "done", "--for", "5x"])
        #expect(ending.code == 64)
        #expect(ending.diagnostics.contains("'5x' is not a duration"))
    }

    @Test("with --json a usage error is an object too")
    func usageJSON() async throws {
        let ending = await Self.run(["end", "--json"])
        #expect(ending.code == 64)
        let object = try JSONSerialization.jsonObject(with: Data(ending.diagnostics.utf8)) as? [String: Any]
        #expect(object?["schema"] as? String == "valise/error/v1")
        #expect(object?["code"] as? String == "usage")
    }

    @Test("help is a result")
    func help() async {
        let ending = await Self.run(["--help"])
        #expect(ending.code == 0)
        #expect(ending.output.contains("USAGE: root"))
        #expect(ending.diagnostics == "")
    }

    @Test("a result that cannot be written is a failure")
    func fullDisk() async throws {
        let full = try #require(FileHandle(forWritingAtPath: "/dev/full"))
        let output = Output(descriptor: full.fileDescriptor, isTerminal: false, usesColour: false)
        output.line("result")
        let diagnostics = Capture()
        let code = await Program.perform(
            Root.self, ["end", "done"], output: output, diagnostics: diagnostics.output, convert: { _ in nil })
        #expect(code == 1)
        #expect(diagnostics.finish().contains("[output-not-written]"))
    }
}

private struct Known: Error {}
private struct Unknown: Error {}

private struct Root: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "root", subcommands: [End.self])
}

private struct End: AsyncParsableCommand {
    @Argument var how: String
    @Flag var json = false
    @Option(name: .customLong("for"), transform: { try SpanOption.parse($0) }) var span: SpanOption?

    func run() async throws {
        switch how {
        case "failure":
            throw CommandFailure(
                code: "party-unknown", message: "No party 'x\u{1B}[2J' here.",
                hints: ["valise parties", "valise join F"], status: .notFound)
        case "known": throw Known()
        case "unknown": throw Unknown()
        case "cancelled": throw CancellationError()
        case "code": throw ExitCode(7)
        case "validation": throw ValidationError("Give one of two.")
        default: break
        }
    }
}
