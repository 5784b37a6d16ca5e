import Foundation
import Ledger
import Statements
import Testing

/// The known answers of this project: written with `VALISE_WRITE_VECTORS=1`, compared on every run.
@Suite("Known answers")
struct VectorTests {
    static let fileNames = [
        "charter.json", "statements.json", "changes.json", "parts.json", "log.json", "contexts.json", "drafts.json",
        "keys.json", "verdicts.json", "scopes.json",
    ]

    static func path(_ file: String, from here: String = #filePath) -> String {
        URL(fileURLWithPath: here).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Vectors").appendingPathComponent(file).path
    }

    @Test("the code encodes what the committed files say, byte for byte", arguments: fileNames)
    func committed(file: String) throws {
        let values = try #require(try KnownValues.files().first { $0.name == file }).values
        let text = "[\n" + values.map(Self.line).joined(separator: ",\n") + "\n]\n"
        let path = Self.path("valise/\(file)")
        if ProcessInfo.processInfo.environment["VALISE_WRITE_VECTORS"] == "1" {
            try text.write(toFile: path, atomically: true, encoding: .utf8)
        }
        let committed = try String(contentsOfFile: path, encoding: .utf8)
        let differing = zip(text.split(separator: "\n"), committed.split(separator: "\n")).first { $0 != $1 }
        #expect(text == committed, "first difference: \(String(describing: differing))")
    }

    @Test("every format, every act and every change has a known answer")
    func complete() throws {
        let values = try KnownValues.all()
        #expect(Set(values.map(\.type)) == Set(Recoder.all.keys))
        #expect(Set(try KnownValues.files().map(\.name)) == Set(Self.fileNames))
        let kinds = try Acts.statements().map(\.statement.act.kind)
        #expect(Set(kinds) == Set(Act.Kind.allCases))
        #expect(try Acts.changes().map(\.change.tag) == Array(0...16))
    }

    private static func line(_ value: KnownValue) -> String {
        let fields =
            [("name", value.name), ("type", value.type), ("der", Base64.encode(value.der))]
            + value.more.map { ($0.key, $0.value) }
        return "{" + fields.map { "\"\($0)\": \"\(escaped($1))\"" }.joined(separator: ", ") + "}"
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}
