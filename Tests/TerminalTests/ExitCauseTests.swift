import Foundation
import Terminal
import Testing

@Suite("The same cause ends every program the same way")
struct ExitCauseTests {
    @Test(
        "a code decides, whatever the program had in mind",
        arguments: [
            ("key-file-exists", .refused), ("file-missing", .notFound), ("charter-unsigned", .verificationFailed),
            ("charter-signature-bad", .verificationFailed), ("no-terminal", .locked), ("confirmation-needed", .usage),
            ("log-exists", .refused), ("malformed", .verificationFailed), ("key-file-open-to-others", .locked),
        ] as [(String, Terminal.ExitStatus)])
    func decided(code: String, status: Terminal.ExitStatus) {
        for meant in Terminal.ExitStatus.allCases {
            #expect(CommandFailure(code: code, message: "x", status: meant).status == status)
        }
    }

    @Test("other codes keep the status that the program gave", arguments: ["barred", "charter-signed-already"])
    func own(code: String) {
        #expect(CommandFailure(code: code, message: "x", status: .usage).status == .usage)
    }
}

@Suite("The documents say what the programs do")
struct DocumentedTests {
    static let page = #filePath.replacing("/Tests/TerminalTests/ExitCauseTests.swift", with: "/Docs/CLI.md")

    @Test("Docs/CLI.md has every exit code with its meaning, and no other")
    func exitCodes() throws {
        let text = try String(contentsOfFile: Self.page, encoding: .utf8)
        let rows = text.split(separator: "\n").compactMap { line -> String? in
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            return cells.count == 2 && Int32(cells[0]) != nil ? "\(cells[0])\t\(cells[1])\n" : nil
        }
        #expect(rows.joined() == Terminal.ExitStatus.table)
    }

    @Test("Docs/CLI.md's causes end as it says")
    func causes() throws {
        let text = try String(contentsOfFile: Self.page, encoding: .utf8)
        let rows = text.split(separator: "\n").filter { $0.hasPrefix("| `") }
        var found = 0
        for row in rows {
            let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard cells.count == 2, let number = Int32(cells[1]) else { continue }
            for code in cells[0].split(separator: "`").map(String.init)
            where code.allSatisfy({ $0.isLetter || $0 == "-" }) {
                found += 1
                #expect(CommandFailure(code: code, message: "").status.rawValue == number, "\(code)")
            }
        }
        #expect(found > 20)
    }
}

@Suite("Times read well")
struct TimeTextTests {
    @Test(
        "what is left is counted down",
        arguments: [
            (97_200_000, "1 d 3 h left"), (720_000, "12 min left"), (41_000, "41 s left"), (500, "less than 1 s left"),
            (0, "ended just now"), (-300_000, "ended 5 min ago"),
        ] as [(Int64, String)])
    func countdown(left: Int64, text: String) {
        #expect(TimeText.countdown(to: 1_800_000_000_000 + left, now: 1_800_000_000_000) == text)
    }

    @Test(
        "how long ago",
        arguments: [(180_000, "3 min ago"), (10, "just now"), (-300_000, "in 5 min")] as [(Int64, String)])
    func ago(age: Int64, text: String) {
        #expect(TimeText.ago(1_800_000_000_000 - age, now: 1_800_000_000_000) == text)
    }

    @Test("absurd times do not trap", arguments: [Int64.min, Int64.max])
    func absurd(time: Int64) {
        #expect(!TimeText.countdown(to: time, now: 0).isEmpty)
        #expect(!TimeText.ago(time, now: 0).isEmpty)
        #expect(!TimeText.both(milliseconds: time).isEmpty)
        #expect(!TimeText.brief(milliseconds: time).isEmpty)
    }
}
