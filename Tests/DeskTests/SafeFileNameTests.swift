import Testing

@testable import Desk

@Suite("Names that strangers gave to files")
struct SafeFileNameTests {
    @Test(
        "become one harmless path component",
        arguments: [
            ("annex.pdf", "annex.pdf"), ("../../etc/passwd", "_.._etc_passwd"), ("..", "attachment"),
            ("", "attachment"),
            (".bashrc", "bashrc"), ("-rf", "rf"), ("~root", "root"), ("a/b\\c", "a_b_c"),
            ("a\u{202E}fdp.exe", "a_fdp.exe"),
            ("a\u{0007}b\nc", "a_b_c"), ("con:aux|x?", "con_aux_x_"), ("پیش‌نویس.pdf", "پیش‌نویس.pdf"),
            ("מסמך.txt", "מסמך.txt"), ("trailing. ", "trailing"), ("\u{E0041}x", "_x"),
        ])
    func harmless(_ given: String, _ made: String) { #expect(SafeFileName.make(given) == made) }

    @Test("a long name is cut and keeps its extension")
    func long() {
        let name = SafeFileName.make(String(repeating: "ش", count: 300) + ".pdf")
        #expect(name.utf8.count <= SafeFileName.limit && name.hasSuffix("ش.pdf"))
    }

    @Test(
        "a number goes before the extension",
        arguments: [("annex.pdf", "annex (2).pdf"), ("annex", "annex (2)"), ("a.tar.gz", "a.tar (2).gz")])
    func numbered(_ name: String, _ made: String) { #expect(SafeFileName.numbered(name, 2) == made) }
}
