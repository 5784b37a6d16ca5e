import Foundation
import Terminal
import Testing

@Suite("JSON output is exact")
struct JSONValueTests {
    @Test("members keep their order and the compact form has no space")
    func compact() {
        let value: JSONValue = [
            "schema": "valise/x/v1", "b": [1, -2, true, nil], "a": [:], "big": .unsigned(.max), "half": .number(0.5),
            "none": .number(.infinity), "empty": [],
        ]
        #expect(
            value.compact
                == #"{"schema":"valise/x/v1","b":[1,-2,true,null],"a":{},"big":18446744073709551615,"half":0.5,"#
                + #""none":null,"empty":[]}"#)
    }

    @Test("the form for a terminal is indented by two")
    func indented() {
        let value: JSONValue = ["a": [1, ["b": "c"]], "d": []]
        #expect(
            value.indented == """
                {
                  "a": [
                    1,
                    {
                      "b": "c"
                    }
                  ],
                  "d": []
                }
                """)
    }

    @Test(
        "strings are escaped",
        arguments: [
            ("say \"hi\"", #""say \"hi\"""#), ("a\\b", #""a\\b""#), ("\n\r\t", #""\n\r\t""#),
            ("\u{1B}[0m", #""\u001b[0m""#), ("\0", #""\u0000""#), ("\u{202E}", #""\u202e""#), ("\u{7F}", #""\u007f""#),
            ("\u{E0041}", #""\udb40\udc41""#), ("سلام 条", #""سلام 条""#), ("\u{2028}", #""\u2028""#), ("/", #""/""#),
        ])
    func escapes(text: String, quoted: String) {
        #expect(JSONValue.string(text).compact == quoted)
    }

    @Test("every character is read back by another implementation")
    func roundTrip() throws {
        var text = ""
        for value in Array(0...0x2100 as ClosedRange<UInt32>) + Array(0xFE00...0xFFFD) + Array(0x1F300...0x1F400) {
            if let scalar = Unicode.Scalar(value) { text.unicodeScalars.append(scalar) }
        }
        let document: JSONValue = ["text": .string(text)]
        for printed in [document.compact, document.indented] {
            let read = try JSONSerialization.jsonObject(with: Data(printed.utf8)) as? [String: String]
            #expect(read.map { Array(($0["text"] ?? "").unicodeScalars) } == Array(text.unicodeScalars))
        }
    }
}
