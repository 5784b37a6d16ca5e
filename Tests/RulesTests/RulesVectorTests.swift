import Foundation
import Ledger
import Rules
import Statements
import Testing

/// `Tests/Vectors/valise/rules.json` and `rules-2.json`: logs, statements and moments, each with its verdict. Written
/// with `VALISE_WRITE_VECTORS=1`, compared on every run, and decided again from the file alone.
@Suite("Known verdicts", .serialized)
struct RulesVectorTests {
    struct File: Decodable {
        let entries: [EntryLine]
        let cases: [Case]
        struct EntryLine: Decodable {
            let leaf: String
            let der: String
        }
        struct Case: Decodable {
            let name: String
            let log: [String]
            let at: Int64
            let statement: String
            let verdict: String
        }
    }

    /// What a version of the rules decides in its own way.
    static func attempts(_ version: UInt64) throws -> [(name: String, attempt: Attempt)] {
        version == 1 ? try attempts() : try ErasureRows.attempts()
    }

    static func file(_ version: UInt64) -> URL { Talks.vectors(version == 1 ? "rules.json" : "rules-\(version).json") }

    private static func attempts() throws -> [(name: String, attempt: Attempt)] {
        var all: [(name: String, attempt: Attempt)] = []
        for row in try Rows.all() {
            all.append(("\(row.testDescription): rejected", row.refused))
            all.append(("\(row.testDescription): not rejected", row.accepted))
        }
        for stage in LegLifeTests.stages {
            let (world, message) = try LegLifeTests.world(stage)
            for move in LegLifeTests.Move.allCases {
                let attempt = Attempt(world, try world.made(move.party, move.act(message)))
                all.append(("leg \(stage.name): \(move.rawValue)", attempt))
            }
        }
        var world = try World.withKeys()
        let submission = world.submission(legs: [World.viaSpeaker], to: World.openly)
        let statement = try world.made("us-envoy", .submission(submission))
        try world.log(statement)
        all.append(("repeated: the same statement", Attempt(world, statement)))
        let again = try world.made("us-envoy", .submission(submission), by: ["deputy"])
        all.append(("repeated: signed again with the same nonce", Attempt(world, again)))
        return all
    }

    static func text(_ version: UInt64) throws -> String {
        var entries: [(leaf: String, der: String)] = []
        var known: Set<String> = []
        var cases: [String] = []
        for (name, attempt) in try attempts(version) {
            let log = attempt.world.entries.map { entry in
                let leaf = String(Merkle.leafHash(entry).hex.prefix(16))
                if known.insert(leaf).inserted { entries.append((leaf, Base64.encode(entry))) }
                return leaf
            }
            let signed = Base64.encode(try attempt.statement.signed.derBytes())
            cases.append(
                "{\"name\": \"\(name)\", \"at\": \(attempt.time.milliseconds), \"verdict\": \"\(attempt.verdict)\", "
                    + "\"log\": [\(log.map { "\"\($0)\"" }.joined(separator: ", "))], \"statement\": \"\(signed)\"}")
        }
        let lines = entries.map { "{\"leaf\": \"\($0.leaf)\", \"der\": \"\($0.der)\"}" }
        return "{\"entries\": [\n" + lines.joined(separator: ",\n") + "\n], \"cases\": [\n"
            + cases.joined(separator: ",\n") + "\n]}\n"
    }

    @Test("the code decides what the committed file says, byte for byte", arguments: RulesVersions.known)
    func committed(version: UInt64) throws {
        let text = try Self.text(version)
        let path = Self.file(version)
        if ProcessInfo.processInfo.environment["VALISE_WRITE_VECTORS"] == "1" {
            try text.write(to: path, atomically: true, encoding: .utf8)
        }
        let committed = try String(contentsOf: path, encoding: .utf8)
        let differing = zip(text.split(separator: "\n"), committed.split(separator: "\n")).first { $0 != $1 }
        #expect(text == committed, "first difference: \(String(describing: differing).prefix(400))")
    }

    @Test("replaying each log of the file and deciding its statement gives the verdict", arguments: RulesVersions.known)
    func replayed(version: UInt64) throws {
        let file = try JSONDecoder().decode(File.self, from: Data(contentsOf: Self.file(version)))
        let entries = try Dictionary(
            uniqueKeysWithValues: file.entries.map { ($0.leaf, try #require(Base64.decode($0.der))) })
        var worlds: [[String]: World] = [:]
        for known in file.cases {
            let world = try worlds[known.log] ?? World(replaying: known.log.map { try #require(entries[$0]) })
            worlds[known.log] = world
            let bytes = try #require(Base64.decode(known.statement))
            let signed = try SignedStatement(der: bytes, limit: Bounds.signedStatement)
            let verdict = world.verdict(world.examine(signed), at: Timestamp(milliseconds: known.at))
            #expect(verdict == known.verdict, "\(known.name)")
        }
        let codes = version == 1 ? RejectionCode.allCases : ErasureRows.codes
        #expect(Set(file.cases.map(\.verdict)).isSuperset(of: codes.map(\.rawValue)))
    }
}
