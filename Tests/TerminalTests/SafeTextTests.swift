import Terminal
import Testing

@Suite("Text that strangers wrote is safe to show")
struct SafeTextTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let text: String
        let shown: String
        var testDescription: String { name }
    }

    static let rows: [Row] = [
        Row(name: "plain", text: "Proposal 4, final", shown: "Proposal 4, final"),
        Row(name: "escape sequence", text: "a\u{1B}[2Jb", shown: "a<U+001B>[2Jb"),
        Row(name: "null", text: "a\0b", shown: "a<U+0000>b"),
        Row(name: "delete", text: "a\u{7F}b", shown: "a<U+007F>b"),
        Row(name: "C1 introducer", text: "a\u{9B}31m", shown: "a<U+009B>31m"),
        Row(name: "next line", text: "a\u{85}b", shown: "a<U+0085>b"),
        Row(name: "line feed and tab", text: "a\nb\tc", shown: "a<U+000A>b<U+0009>c"),
        Row(name: "carriage return", text: "ok\rno", shown: "ok<U+000D>no"),
        Row(name: "override", text: "gpj.\u{202E}exe", shown: "gpj.<U+202E>exe"),
        Row(name: "embedding and pop", text: "\u{202A}\u{202C}", shown: "<U+202A><U+202C>"),
        Row(name: "isolates", text: "\u{2066}\u{2069}", shown: "<U+2066><U+2069>"),
        Row(name: "marks", text: "\u{200E}\u{200F}\u{061C}", shown: "<U+200E><U+200F><U+061C>"),
        Row(
            name: "zero-width space, word joiner, BOM", text: "\u{200B}\u{2060}\u{FEFF}",
            shown: "<U+200B><U+2060><U+FEFF>"),
        Row(name: "separators", text: "\u{2028}\u{2029}", shown: "<U+2028><U+2029>"),
        Row(name: "tag characters", text: "a\u{E0041}", shown: "a<U+E0041>"),
        Row(name: "Hangul filler", text: "\u{3164}", shown: "<U+3164>"),
        Row(name: "soft hyphen", text: "a\u{AD}b", shown: "a<U+00AD>b"),
        Row(name: "joiner between Latin letters", text: "pay\u{200D}pal", shown: "pay<U+200D>pal"),
        Row(name: "two joiners", text: "می\u{200C}\u{200C}خ", shown: "می\u{200C}<U+200C>خ"),
        Row(name: "Persian with non-joiner", text: "می\u{200C}خواهم", shown: "می\u{200C}خواهم"),
        Row(name: "Arabic with vowels", text: "السَّلَامُ عَلَيْكُمْ", shown: "السَّلَامُ عَلَيْكُمْ"),
        Row(name: "Hebrew with points", text: "שָׁלוֹם", shown: "שָׁלוֹם"),
        Row(name: "Arabic end of verse", text: "\u{06DD}٧", shown: "\u{06DD}٧"),
        Row(name: "emoji with joiner", text: "👩\u{200D}🚀❤\u{FE0F}\u{200D}🔥", shown: "👩\u{200D}🚀❤\u{FE0F}\u{200D}🔥"),
        Row(
            name: "seven marks", text: "a" + String(repeating: "\u{301}", count: 7),
            shown: "a" + String(repeating: "\u{301}", count: 6) + "<U+0301>"),
        Row(name: "empty", text: "", shown: ""),
    ]

    @Test("one line shows what is hidden and keeps every script", arguments: rows)
    func display(_ row: Row) {
        // Scalars are compared, since == on strings takes canonically equivalent texts as equal.
        #expect(Array(SafeText.display(row.text).unicodeScalars) == Array(row.shown.unicodeScalars))
    }

    @Test("nothing that display returns holds an unsafe character")
    func everyScalar() {
        for value in (0...0x10FFFF as ClosedRange<UInt32>) {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let shown = SafeText.display(String(Character(scalar))).unicodeScalars
            let isControl = value < 0x20 || (0x7F...0x9F).contains(value)
            let isBidirectional =
                (0x202A...0x202E).contains(value) || (0x2066...0x2069).contains(value)
                || [0x200E, 0x200F, 0x061C].contains(value)
            #expect(!(isControl || isBidirectional) || !shown.contains(scalar))
        }
    }

    @Test("a body keeps its lines and nothing else")
    func lines() {
        #expect(SafeText.displayLines("a\r\n\tb\u{1B}c\rd\n") == "a\n\tb<U+001B>c<U+000D>d\n")
    }
}
