import Statements
import Testing

@testable import Desk

@Suite("The source of a charter is read strictly")
struct CharterSourceTests {
    let desks: Desks
    init() throws { desks = try Desks() }

    @Test("a good source gives exactly the charter that it says")
    func good() throws {
        let charter = try desks.compile()
        #expect(charter.title == "Three desks")
        #expect(charter.madeAt == Desks.made)
        #expect(charter.parties.map(\.id.description) == ["north", "south", "watch"])
        #expect(charter.parties[0].capabilities == Capabilities(intermediary: true, steward: true))
        #expect(charter.parties.map(\.releaseQuorum) == [1, 1, 1])
        let channel = try #require(charter.channels.first)
        #expect(channel.direction == .both && channel.highestPrecedence == .flash)
        #expect(channel.closesAt - channel.opensAt == .days(60) && channel.largestPayload == 25 << 20)
        #expect(charter.bars.map { $0.first.description + $0.second.description } == ["southwatch"])
        #expect(charter.limits.longestLifetime == .hours(48))
        #expect(charter.limits.keyGrace == Limits.standard.keyGrace)
        #expect(charter.stewardThreshold == 1 && charter.rosterDelay == .hours(12))
        #expect(charter.relay.url == Desks.relay.url && charter.relay.logKey == Desks.relay.logKey)
        #expect(CharterCheck.findings(charter).isEmpty)
    }

    @Test("contents are kept for 30 days, for as long as is said, or for ever")
    func retention() throws {
        let charter = try desks.compile()
        #expect(charter.rulesVersion == 2 && charter.limits.retention == .days(30))
        func limits(_ line: String) throws -> Limits {
            try desks.compile(Desks.source.replacing("limits:\n", with: "limits:\n  retention: \(line)\n")).limits
        }
        #expect(try limits("90d").retention == .days(90))
        #expect(try limits("forever").retention == nil)
        for line in ["0s", "never", "30"] {
            let error = #expect(throws: CharterSourceError.self) { try limits(line) }
            #expect(error?.code == .badDuration, "\(line)")
        }
    }

    @Test("limited auditors are named with the channels that they may see")
    func limitedAuditors() throws {
        let charter = try desks.compile(Desks.source + "limited-auditors:\n  south: [[south, north]]\n")
        let pair = PartyPair(charter.parties[0].id, charter.parties[1].id)
        #expect(charter.limitedAuditors == [LimitedAuditor(party: charter.parties[1].id, channels: [pair])])
        #expect(CharterCheck.findings(charter).isEmpty)
        let wrong: [(String, CharterSourceError.Code)] = [
            ("  South: [[south, north]]", .badName), ("  south: []", .wrongType), ("  south: [[south]]", .wrongType),
            ("  south: [[south, south]]", .conflict), ("  south: [[south, north, watch]]", .wrongType),
            ("  south: north", .wrongType), ("  south: [[south, North]]", .badName),
        ]
        for (line, code) in wrong {
            let error = #expect(throws: CharterSourceError.self, "\(line)") {
                try desks.compile(Desks.source + "limited-auditors:\n\(line)\n")
            }
            #expect(error?.code == code, "\(line)")
        }
    }

    @Test("a plain word that YAML would take for something else stays the text that stands there")
    func noGuessing() throws {
        for word in ["no", "0o17", "1e3", "2026-11-22", "~", "null", "0x1F"] {
            let charter = try desks.compile(Desks.source.replacing("title: Three desks", with: "title: \(word)"))
            #expect(charter.title == word)
        }
    }

    struct Bad: Sendable, CustomTestStringConvertible {
        let code: CharterSourceError.Code
        let line: Int?
        let find: String
        let put: String
        init(_ code: CharterSourceError.Code, _ line: Int?, _ find: String, _ put: String) {
            self.code = code
            self.line = line
            self.find = find
            self.put = put
        }
        var testDescription: String { "\(put) -> \(code.rawValue)" }
    }

    static let table: [Bad] = [
        Bad(.unknownKey, 2, "title: Three desks", "titel: Three desks"),
        Bad(.missingKey, 2, "title: Three desks\n", ""),
        Bad(.duplicateKey, 2, "title: Three desks", "title: Three desks\ntitle: Four"),
        Bad(.duplicateKey, 7, "title: The north", "title: The north\n    \"title\": The other"),
        Bad(.wrongType, 2, "title: Three desks", "title:"),
        Bad(.wrongType, 2, "title: Three desks", "title: [Three, desks]"),
        Bad(.wrongType, 2, "title: Three desks", "title: \"Three\\ndesks\""),
        Bad(.wrongType, 2, "title: Three desks", "title: !!binary QUJD"),
        Bad(.wrongType, 2, "title: Three desks", "title: !desk Three"),
        Bad(.wrongType, 8, "[intermediary, steward]", "intermediary"),
        Bad(.badChoice, 8, "[intermediary, steward]", "[intermediary, king]"),
        Bad(.badName, 6, "  north:", "  North:"),
        Bad(.badName, 18, "[north, south]", "[north, s--outh]"),
        Bad(.wrongType, 18, "[north, south]", "[north, south, watch]"),
        Bad(.badDuration, 19, "60d", "60"),
        Bad(.badDuration, 19, "60d", "1.5d"),
        Bad(.badDuration, 19, "60d", "060d"),
        Bad(.badDuration, 19, "60d", "0d"),
        Bad(.badDuration, 19, "60d", "-60d"),
        Bad(.badDuration, 19, "60d", "4000d"),
        Bad(.badDuration, 24, "48h", "99999999999999999999h"),
        Bad(.badSize, 20, "25MiB", "25MB"),
        Bad(.badSize, 20, "25MiB", "2TiB"),
        Bad(.badSize, 20, "25MiB", "0B"),
        Bad(.badTime, 19, "window: 60d", "closes: 2026-02-29"),
        Bad(.badTime, 19, "window: 60d", "closes: 2026-11-22T18:00:00"),
        Bad(.badTime, 19, "window: 60d", "closes: 2026-11-22T24:00:00Z"),
        Bad(.conflict, 18, "window: 60d", "window: 60d\n    closes: 2027-01-01"),
        Bad(.conflict, 18, "window: 60d", "window: 60d\n    from: north"),
        Bad(.missingKey, 18, "window: 60d\n    ", ""),
        Bad(.missingKey, 18, "between: [north, south]\n    ", ""),
        Bad(.conflict, 22, "[south, watch]", "[south, south]"),
        Bad(.badNumber, 26, "threshold: 1", "threshold: one"),
        Bad(.badNumber, 26, "threshold: 1", "threshold: 01"),
        Bad(.badNumber, 26, "threshold: 1", "threshold: 0"),
        Bad(.badCard, 12, "[south.card]", "[north.card]"),
        Bad(.badCard, 12, "[south.card]", "[gone.card]"),
        Bad(.badCard, 9, "[north.card]", "[north.card, north.card]"),
        Bad(.badRelay, 4, "relay.public", "north.card"),
        Bad(.anchor, 2, "Three desks", "&a Three desks"),
        Bad(.anchor, 2, "Three desks", "*a"),
        Bad(.anchor, 8, "[intermediary, steward]", "[intermediary,*a]"),
        Bad(.anchor, 4, "title: Three desks", "title: \"Three\n  \" # \"\nmade: &a 2026-11-22"),
        Bad(.syntax, 6, "  north:", "\tnorth:"),
        Bad(.syntax, nil, "Three desks", "Three\u{7}desks"),
        Bad(.syntax, 1, "# A charter", "--- \na: b\n---\n# A charter"),
    ]

    @Test("each mistake is an error with its code and its line", arguments: table)
    func bad(_ bad: Bad) throws {
        let source = Desks.source
        let range = try #require(source.firstRange(of: bad.find))
        let changed = String(source[..<range.lowerBound]) + bad.put + source[range.upperBound...]
        let error = #expect(throws: CharterSourceError.self) { try desks.compile(changed) }
        #expect(error?.code == bad.code)
        if bad.code != .syntax { #expect(error?.line == bad.line) }
    }

    @Test("comments, quotes and ampersands between words are ordinary text")
    func ordinary() throws {
        let source = Desks.source.replacing("Three desks", with: "\"Three & four *desks\"  # see *note*, &c")
        #expect(try desks.compile(source).title == "Three & four *desks")
    }

    @Test("an anchor that hides behind a text of several lines is found")
    func hiddenAnchor() throws {
        let text = "{title: \"x\n # y\", made: &a 2026-11-22}"
        #expect(SourceAnchors.firstLine(in: text) == nil)
        let error = #expect(throws: CharterSourceError.self) {
            try CharterSource.read(Array(text.utf8), name: "c", now: Desks.made) { _ in [] }
        }
        #expect(error?.code == .anchor)
    }

    @Test("a source over 256 KiB, one that is empty and one that is not UTF-8 are refused")
    func whole() throws {
        let read = { (bytes: [UInt8]) throws(CharterSourceError) in
            try CharterSource.read(bytes, name: "c", now: Desks.made) { _ in [] }
        }
        let large = #expect(throws: CharterSourceError.self) { try read([UInt8](repeating: 35, count: 262_145)) }
        #expect(large?.code == .tooLarge)
        #expect(#expect(throws: CharterSourceError.self) { try read([]) }?.code == .missingKey)
        #expect(#expect(throws: CharterSourceError.self) { try read([0xFF]) }?.code == .notText)
    }

    @Test("deep nesting ends as an error, not as a crash")
    func deep() throws {
        for text in [String(repeating: "[", count: 100_000), String(repeating: "- ", count: 100_000)] {
            #expect(throws: CharterSourceError.self) {
                try CharterSource.read(Array(text.utf8), name: "c", now: Desks.made) { _ in [] }
            }
        }
    }

    @Test("of several cards the founder must be named, and must be one of them")
    func founder() throws {
        let second = try Desks.looseCard("south", "deputy")
        let read = { (founder: String) in
            let cards = "[south.card, deputy.card]\(founder)"
            return try CharterSource.read(
                Array(Desks.source.replacing("[south.card]", with: cards).utf8), name: "c", now: Desks.made
            ) { name in
                if name == "relay.public" { return Array(Desks.relay.text.utf8) }
                if name == "deputy.card" { return Array((second.text).utf8) }
                return Array(try desks.card(String(name.dropLast(5))).text.utf8)
            }
        }
        #expect(#expect(throws: CharterSourceError.self) { _ = try read("") }?.code == .missingKey)
        let other = #expect(throws: CharterSourceError.self) { _ = try read("\n    founder: chief") }
        #expect(other?.code == .badName && other?.line == 13)
        let party = try read("\n    founder: deputy").parties[1]
        #expect(party.founder.description == "deputy")
        #expect(party.delegates.map(\.name.description) == ["deputy", "lead"])
    }
}
