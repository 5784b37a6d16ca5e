import Statements
import Testing
import Wire

@Suite("JSON")
struct JSONTests {
    func read(_ text: String, limit: Int = 1 << 20) throws(FormError) -> JSON {
        try JSON(parsing: Array(text.utf8), limit: limit, form: "test")
    }

    @Test(
        "values are written in their shortest form",
        arguments: [
            (JSON.null, "null"), (.bool(true), "true"), (.bool(false), "false"), (.integer(-7), "-7"),
            (.integer(0), "0"), (.string("a\"b\\c\n\u{1}\u{1f}"), #""a\"b\\c\n\u0001\u001f""#),
            (.string("Beirut \u{1f54a} \u{e9}/"), "\"Beirut \u{1f54a} \u{e9}/\""), (.array([]), "[]"),
            (.object([]), "{}"), (.array([.null, .array([.integer(1)])]), "[null,[1]]"),
            (.object([.init("b", .integer(1)), .init("a", .string(""))]), #"{"b":1,"a":""}"#),
        ])
    func written(_ value: JSON, _ text: String) throws {
        #expect(String(decoding: value.bytes, as: UTF8.self) == text)
        #expect(try read(text) == value)
    }

    @Test(
        "other spellings of the same are read",
        arguments: [
            (" \t\r\n{ \"a\" : [ 1 , 2 ] } ", JSON.object([.init("a", .array([.integer(1), .integer(2)]))])),
            (#""\u0041\/\b\f\r\t""#, .string("A/\u{8}\u{c}\r\t")), (#""\ud83d\udd4A""#, .string("\u{1f54a}")),
            ("9007199254740991", .integer(9_007_199_254_740_991)),
            ("-9007199254740991", .integer(-9_007_199_254_740_991)),
        ])
    func readable(_ text: String, _ value: JSON) throws {
        #expect(try read(text) == value)
    }

    static let hostile: [String] = [
        "", " ", "nul", "nulll", "True", "'a'", "01", "-", "-0", "+1", "1.0", "1e3", "1E3", ".5", "0x1", "NaN",
        "9007199254740992", "-9007199254740992", "99999999999999999999999999", "[1,]", "[,1]", "[1 2]", "[", "]",
        "[1]]", "{\"a\":1,}", "{\"a\"}", "{\"a\":}", "{a:1}", "{1:1}", "{\"a\":1 \"b\":2}", "{\"a\":1,\"a\":1}",
        "{\"a\":1,\"\\u0061\":1}", "{", "}", "\"", "\"a", "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"",
        "\"\\ud800\"", "\"\\ud800x\"", "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"a\nb\"", "\"\u{0}\"", "/*x*/1", "1//",
        "\u{feff}1", "1\u{0}", "null null", "\"\\",
    ]

    @Test("what is not strict JSON of whole numbers is refused", arguments: hostile)
    func refused(_ text: String) {
        #expect(throws: FormError.self) { try read(text) }
    }

    @Test(
        "what is not UTF-8 is refused",
        arguments: [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82]] as [[UInt8]])
    func notUTF8(_ bytes: [UInt8]) {
        #expect(throws: FormError.self) { try JSON(parsing: [0x22] + bytes + [0x22], limit: 100, form: "test") }
        #expect(throws: FormError.self) {
            try JSON(parsing: [0x22, 0x5c, 0x6e] + bytes + [0x22], limit: 100, form: "test")
        }
    }

    @Test("arrays and objects nest 32 deep and no deeper")
    func depth() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + "1" + String(repeating: "]", count: depth)
        }
        #expect(throws: Never.self) { try read(nested(JSON.deepest)) }
        #expect(throws: FormError.self) { try read(nested(JSON.deepest + 1)) }
        #expect(throws: FormError.self) { try read(String(repeating: "[", count: 1 << 20)) }
        #expect(throws: FormError.self) { try read(String(repeating: "{\"a\":", count: 100_000)) }
    }

    @Test("size, number of values and number of members are bounded")
    func bounds() throws {
        #expect(throws: Never.self) { try read("[1]", limit: 3) }
        do {
            _ = try read("[1] ", limit: 3)
            Issue.record("four bytes were read")
        } catch { #expect(error.code == .oversized) }
        let many = "[" + String(repeating: "0,", count: JSON.mostValues) + "0]"
        #expect(throws: FormError.self) { try read(many) }
        let members = (0...JSON.mostMembers).map { "\"\($0)\":0" }
        #expect(throws: FormError.self) { try read("{" + members.joined(separator: ",") + "}") }
        #expect(throws: Never.self) { try read("{" + members.dropLast().joined(separator: ",") + "}") }
    }

    @Test("every prefix of a text is refused, and random bytes never crash the reader", arguments: [UInt64(20_260_101)])
    func noise(_ seed: UInt64) throws {
        let text = #"{"a":[1,-2,true,null,"x\u00e9\ud83d\udd4a\n"],"b":{"c":"d"}}"#
        let bytes = Array(text.utf8)
        for end in 0..<bytes.count {
            #expect(throws: FormError.self) { try JSON(parsing: Array(bytes[..<end]), limit: 1 << 10, form: "test") }
        }
        var state = seed
        for _ in 0..<20_000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            var changed = bytes
            changed[Int(state >> 33) % bytes.count] = UInt8(truncatingIfNeeded: state >> 24)
            guard let value = try? JSON(parsing: changed, limit: 1 << 10, form: "test") else { continue }
            #expect(try JSON(parsing: value.bytes, limit: 1 << 12, form: "test") == value, "seed \(seed)")
        }
    }
}
