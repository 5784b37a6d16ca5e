import Foundation
import Testing

/// Cheats of one kind: a file of this folder.
struct Family: Sendable {
    let name: String
    let rows: [Cheat]
    init(_ name: String, _ rows: [Cheat]) {
        self.name = name
        self.rows = rows
    }
}

/// Every cheat that is known: the section "Catalogue" of `Docs/ThreatModel.md` is written from here.
enum Catalogue {
    /// A new family is added here.
    static let families = [
        RuleCheats.family, StatementCheats.family, EntryCheats.family, TickCheats.family, HistoryCheats.family,
        MirrorCheats.family, InboxCheats.family, ChainCheats.family, KeyCheats.family, IntakeCheats.family,
        RejectionCheats.family, ContentCheats.family, CustodyCheats.family, ReleaseCheats.family, TimeCheats.family,
        RefusedCheats.family, FollowCheats.family, WitnessCheats.family, DraftCheats.family,
        VerdictCheats.family, ScopeCheats.family, ErasureCheats.family, OlderCopyCheats.family,
    ]
    static var rows: [Cheat] { families.flatMap(\.rows) }

    static let opening = "<!-- catalogue: written by `make catalogue` from Tests/CheatTests -->"
    static let closing = "<!-- catalogue: end -->"

    /// What stands between the marks in the document.
    static var text: String {
        var parts: [String] = []
        let columns = ["cheat", "who", "what"]
        parts.append(
            table(
                "Caught by replay",
                "An auditor finds it at the next audit, whoever else is deceived, and names the entry.",
                columns + ["finding", "at"]
            ) { if case .replayed(let code, let place) = $0 { ["`\(code)`", place.rawValue] } else { nil } })
        parts.append(
            table(
                "Noticed by a party", "A program says so, with this code.", columns + ["by", "code", "how soon"]
            ) {
                if case .noticed(let watcher, let code, let soon) = $0 {
                    [watcher.rawValue, "`\(code)`", soon.rawValue]
                } else {
                    nil
                }
            })
        parts.append(
            table("Not detectable", "The tests show that nobody notices.", columns + ["why"]) {
                if case .unnoticed(let reason) = $0 { [reason] } else { nil }
            })
        parts.append(
            table(
                "Not noticed yet", "Somebody could: these are gaps. The tests show that nobody does.",
                columns + ["who could"]
            ) { if case .gap(let reason) = $0 { [reason] } else { nil } })
        return parts.joined(separator: "\n")
    }

    /// The rows with the outcome that `cells` knows, in the order of the families.
    private static func table(
        _ title: String, _ sentence: String, _ columns: [String], _ cells: (Outcome) -> [String]?
    ) -> String {
        let found = rows.compactMap { row in cells(row.outcome).map { (row, $0) } }
        guard !found.isEmpty else { return "" }
        var lines = ["### \(title)", "", "\(sentence) \(found.count) cheats.", ""]
        lines.append("| \(columns.joined(separator: " | ")) |")
        lines.append("| \(columns.map { _ in "---" }.joined(separator: " | ")) |")
        for (row, cells) in found {
            let who = row.who.map(\.rawValue).joined(separator: ", ")
            lines.append("| \((["`\(row.id)`", who, row.what] + cells).joined(separator: " | ")) |")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

@Suite("The catalogue of cheats")
struct CatalogueTests {
    private static let path = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Docs/ThreatModel.md").path

    @Test("the document says what the rows say; make catalogue writes it again")
    func document() throws {
        let document = try String(contentsOfFile: Self.path, encoding: .utf8)
        let opening = try #require(document.range(of: Catalogue.opening), "the mark is missing: \(Catalogue.opening)")
        let closing = try #require(document.range(of: Catalogue.closing), "the mark is missing: \(Catalogue.closing)")
        let wanted = "\n\n\(Catalogue.text)\n"
        if ProcessInfo.processInfo.environment["VALISE_WRITE_CATALOGUE"] == "1" {
            let written = document[..<opening.upperBound] + wanted + document[closing.lowerBound...]
            try String(written).write(toFile: Self.path, atomically: true, encoding: .utf8)
            return
        }
        let found = document[opening.upperBound..<closing.lowerBound]
        let differing = zip(wanted.split(separator: "\n"), found.split(separator: "\n")).first { $0 != $1 }
        #expect(found == wanted, "run make catalogue; first difference: \(String(describing: differing))")
    }

    @Test("every cheat has a name of its own, and there are at least 40")
    func names() {
        let ids = Catalogue.rows.map(\.id)
        #expect(Set(ids).count == ids.count, "\(ids.filter { id in ids.count { $0 == id } > 1 })")
        #expect(ids.allSatisfy { $0.wholeMatch(of: /[a-z0-9]+(-[a-z0-9]+)*/) != nil })
        #expect(ids.count >= 40)
        #expect(Catalogue.rows.allSatisfy { !$0.who.isEmpty && !$0.what.hasSuffix(".") && !$0.what.contains("|") })
        #expect(Catalogue.families.allSatisfy { !$0.rows.isEmpty })
    }
}
