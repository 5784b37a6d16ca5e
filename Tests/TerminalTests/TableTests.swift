import Terminal
import Testing

@Suite("A table suits who reads it")
struct TableTests {
    static func inbox() -> Table {
        var table = Table([.init("ID"), .init("SUBJECT", mayShrink: true), .init("SIZE", .trailing)])
        table.add(["v1", "Terms for the second round of talks", "12 KiB"])
        table.add(["v200", "条約草案", "3 B"])
        return table
    }

    @Test("columns line up by display width")
    func wide() {
        #expect(
            Self.inbox().aligned(width: 80) == """
                ID    SUBJECT                                SIZE
                v1    Terms for the second round of talks  12 KiB
                v200  条約草案                                3 B

                """)
    }

    @Test("a narrow terminal cuts only what may be cut")
    func narrow() {
        #expect(
            Self.inbox().aligned(width: 30) == """
                ID    SUBJECT             SIZE
                v1    Terms for the s…  12 KiB
                v200  条約草案             3 B

                """)
    }

    @Test("a table never cuts below eight columns", arguments: [1, 5, 20])
    func tiny(width: Int) {
        #expect(Self.inbox().aligned(width: width).contains("v1    Terms f…  12 KiB\n"))
    }

    @Test("away from a terminal there are tabs, whole values and a header")
    func tabSeparated() {
        let text = Capture.text { Self.inbox().text(on: $0) }
        #expect(text == "ID\tSUBJECT\tSIZE\nv1\tTerms for the second round of talks\t12 KiB\nv200\t条約草案\t3 B\n")
    }

    @Test("the header is bold only with colour", arguments: [true, false])
    func heading(colour: Bool) {
        let output = Output(descriptor: -1, isTerminal: true, usesColour: colour, width: 80)
        #expect(Self.inbox().text(on: output).hasPrefix(colour ? "\u{1B}[1mID    SUBJECT" : "ID    SUBJECT"))
    }

    @Test("a cell cannot break its row or its column")
    func hostileCell() {
        var table = Table([.init("A"), .init("B")])
        table.add(["x\ty\nz", "\u{1B}[31m", "surplus"])
        table.add(["only"])
        #expect(table.tabSeparated == "A\tB\nx<U+0009>y<U+000A>z\t<U+001B>[31m\nonly\t\n")
    }

    @Test("where the columns cannot fit, each row is a block and nothing is lost")
    func stacked() {
        var table = Table([.init("MESSAGE"), .init("FROM"), .init("ROLE"), .init("SUBJECT", mayShrink: true)])
        table.add(["kq4d7m2x3n5p", "israel-strategic-affairs", "", "Terms for the second round of talks"])
        table.add(["zz4d7m2x3n5p", "us-envoy", "carry", "x"])
        let output = Output(descriptor: -1, isTerminal: true, usesColour: false, width: 40)
        #expect(
            table.text(on: output) == """
                MESSAGE  kq4d7m2x3n5p
                FROM     israel-strategic-affairs
                SUBJECT  Terms for the second round of
                         talks

                MESSAGE  zz4d7m2x3n5p
                FROM     us-envoy
                ROLE     carry
                SUBJECT  x

                """)
    }

    static func arrivals() -> Table {
        var table = Table([
            .init("FROM"), .init("PRECEDENCE", short: "PREC."), .init("ROLE"), .init("SUBJECT", mayShrink: true),
        ])
        table.add(
            ["north (lead)", "flash", "carry to south", "Terms for the second round of talks"],
            short: ["FROM": "north", "ROLE": "to south"])
        table.add(["middle", "routine", "for you", "x"])
        return table
    }

    @Test(
        "free text is cut to 24 columns, then the longer forms go from the left, then free text is cut further",
        arguments: [
            (90, "north (lead)  flash       carry to south  Terms for the second round of talks\n"),
            (66, "north (lead)  flash       carry to south  Terms for the second ro…\n"),
            (65, "north   flash       carry to south  Terms for the second ro…\n"),
            (59, "north   flash    carry to south  Terms for the second ro…\n"),
            (51, "north   flash    to south  Terms for the second ro…\n"),
            (44, "north   flash    to south  Terms for the se…\n"),
        ])
    func abridged(width: Int, first: String) {
        let table = Self.arrivals()
        #expect(table.aligned(width: width).split(separator: "\n")[1] == first.dropLast())
        #expect(table.fits(width))
        #expect(table.tabSeparated.contains("north (lead)\tflash\tcarry to south\t"))
    }

    @Test("what stands in blocks is whole, and what cannot be abridged makes blocks")
    func abridgedBlocks() {
        let table = Self.arrivals()
        #expect(!table.fits(34))
        let output = Output(descriptor: -1, isTerminal: true, usesColour: false, width: 34)
        let block = "FROM        north (lead)\nPRECEDENCE  flash\nROLE        carry to south\n"
        #expect(table.text(on: output).hasPrefix(block))
    }

    @Test("right-to-left cells are isolated and keep their columns")
    func rightToLeft() {
        var table = Table([.init("NAME"), .init("SIZE", .trailing)])
        table.add(["ورقة", "3 B"])
        table.add(["plain", "3 B"])
        #expect(table.aligned(width: 80) == "NAME   SIZE\n\u{2068}ورقة\u{2069}    3 B\nplain   3 B\n")
        #expect(!table.aligned(width: nil).contains("\u{2068}"))
    }

    @Test(
        "width counts columns",
        arguments: [
            ("abc", 3), ("条約", 4), ("e\u{301}", 1), ("한국", 4), ("שָׁלוֹם", 4), ("🇱🇧", 2), ("👩‍🚀", 2), ("❤\u{FE0F}", 2),
            ("…", 1), ("", 0), ("Ａ", 2), ("سلام", 4), ("سَلَامٌ", 4), ("می\u{200C}خواهم", 7), ("\u{600}۱۲", 3),
            ("각", 2),
        ])
    func width(text: String, columns: Int) {
        #expect(DisplayWidth.columns(of: text) == columns)
    }

    @Test("a cut never splits a wide character")
    func cut() {
        #expect(DisplayWidth.cut("条約草案", to: 6) == "条約…")
        #expect(DisplayWidth.cut("条約草案", to: 8) == "条約草案")
        #expect(DisplayWidth.cut("abc", to: 0) == "")
    }
}
