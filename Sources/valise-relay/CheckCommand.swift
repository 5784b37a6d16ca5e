import ArgumentParser
import Daemon
import Ledger
import Statements
import Store
import StoreSQLite
import Terminal
import Wording

/// `valise-relay check`: holds a data directory against its own entries.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check a data directory: every entry, tile, view and payload.",
        discussion: """
            Everything that follows from the entries is made again and compared; each difference is named by table and \
            row. Ends with exit code 2 if there is one. Beside a running relay it reads one commit and changes \
            nothing; the write-ahead log grows meanwhile, so a large relay is better checked in a backup.
            """)

    @Option(help: ArgumentHelp("The data directory, or a backup.", valueName: "folder"), completion: .directory)
    var data: String
    @Flag(help: "Make tiles and views again from the entries, if these fit the signed root; the relay must be stopped.")
    var repair = false
    @Flag(help: "Print one JSON document.") var json = false

    func run() async throws {
        try RelayFiles.requireLog(data)
        let lock = try lockUnlessServed()
        let bar = ProgressBar("checking", unit: .items("entries"), enabled: !json)
        defer { bar.finish() }
        let check = StoreCheck(directory: data) { step in
            switch step {
            case .entries(let done, let all): bar.update(done: done, of: all)
            case .payloads(let done): bar.update(done: done, of: nil)
            }
        }
        let before: StoreCheckReport
        let after: StoreCheckReport
        if repair {
            (before, after) = try check.repair()
        } else {
            before = try check.run()
            after = before
        }
        bar.finish()
        let report = StoreReport(before: before, after: after, isServed: lock == nil)
        withExtendedLifetime(lock) {}
        if json { Output.standard.json(report.json) } else { report.print(to: .standard) }
        guard after.isGood else {
            throw CommandFailure(
                code: "store-differs", message: report.verdict, hints: report.hints(data),
                status: .verificationFailed)
        }
    }

    /// A relay that starts while it is checked would have to wait, and views that are repaired must be nobody else's.
    private func lockUnlessServed() throws -> DirectoryLock? {
        do { return try DirectoryLock(directory: data) } catch {
            guard error.code == "data-directory-in-use", !repair else { throw error }
            return nil
        }
    }
}

/// A check's report as a person and as a program read it.
struct StoreReport {
    let before: StoreCheckReport
    let after: StoreCheckReport
    /// Whether a relay had the folder open.
    let isServed: Bool

    var verdict: String {
        guard !after.isGood else {
            return before.isGood
                ? "the store is what its entries say" : "the store is what its entries say again"
        }
        let count = UInt64(after.differences.count) + after.omitted
        let things = count == 1 ? "1 difference" : "\(count) differences"
        return after.isSound ? "\(things) beside sound entries" : "the entries are not what was signed: \(things)"
    }

    func hints(_ data: String) -> [String] {
        var hints: [String] = []
        guard after.isSound else {
            return [
                "copy the folder away, and restore the newest backup into an empty one: valise-relay restore --help"
            ]
        }
        if after.differences.contains(where: \.isRepairable) {
            let folder = ShellWord.quoted(data)
            hints.append(
                "stop the relay, then make tiles and views again: valise-relay check --data \(folder) --repair")
        }
        if after.differences.contains(where: { !$0.ask.isEmpty }) {
            hints.append("ask the parties that are named: no entry has what is missing, and nobody else here")
        }
        if hints.isEmpty { hints = ["copy the folder away, and restore the newest backup into an empty one"] }
        return hints
    }

    func print(to output: Output) {
        var list = FieldList()
        if let head = before.head {
            list.add("checkpoint", "\(head.size) entries, root \(Base64.encode(head.root.bytes))")
        }
        list.add("tables", "version \(before.schema)" + (isServed ? ", of a running relay" : ""))
        list.add("entries", "\(before.entries) hashed, \(before.decided) decided again")
        list.add("tiles, views", "\(before.rows) rows compared")
        list.add("payloads", "\(before.payloads) read, \(ByteSize(bytes: before.payloadBytes))")
        if !before.repaired.isEmpty {
            list.add("made again", before.repaired.joined(separator: ", "))
        }
        output.fields(list)
        for difference in before.differences { line(difference, output) }
        if before.omitted > 0 { output.note(.caution, "\(before.omitted) more are not listed") }
        for part in before.unjudged { output.note(.caution, "not judged: \(part)") }
        if !before.repaired.isEmpty, !after.isGood {
            for difference in after.differences { line(difference, output) }
        }
        output.line(output.styled(output.prose("verdict: \(verdict)"), after.isGood ? .good : .bad))
    }

    private func line(_ difference: StoreDifference, _ output: Output) {
        output.note(Label("difference", .bad), "\(difference.sentence) [\(difference.kind.rawValue)]")
    }

    var json: JSONValue {
        [
            "schema": "valise/relay-check/v1",
            "size": before.head.map { .unsigned($0.size.rawValue) } ?? .null,
            "root": .optional(before.head.map { Base64.encode($0.root.bytes) }),
            "tables": .string(before.schema),
            "served": .bool(isServed),
            "entries": .unsigned(before.entries),
            "decided": .unsigned(before.decided),
            "rows": .unsigned(before.rows),
            "payloads": .unsigned(before.payloads),
            "payloadBytes": .unsigned(before.payloadBytes),
            "differences": .array(before.differences.map { Self.json($0, before) }),
            "omitted": .unsigned(before.omitted),
            "unjudged": .array(before.unjudged.map { .string($0) }),
            "repaired": .array(before.repaired.map { .string($0) }),
            "remaining": .array(after.differences.map { Self.json($0, after) }),
            "consistent": .bool(after.isGood),
            "verdict": .string(verdict),
        ]
    }

    private static func json(_ difference: StoreDifference, _ report: StoreCheckReport) -> JSONValue {
        [
            "code": .string(difference.kind.rawValue),
            "table": .string(difference.table),
            "row": .optional(difference.row),
            "expected": .string(difference.expected),
            "found": .string(difference.found),
            "ask": .array(difference.ask.map { .string($0) }),
            "repairable": .bool(report.isSound && difference.isRepairable),
        ]
    }
}
