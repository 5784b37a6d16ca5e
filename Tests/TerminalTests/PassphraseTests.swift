import Glibc
import Terminal
import Testing

@Suite("A passphrase comes from a private place")
struct PassphraseTests {
    let directory = ScratchDirectory()

    @Test(
        "a file's first line is the passphrase",
        arguments: [("secret\n", "secret"), ("secret", "secret"), ("a b\r\nrest\n", "a b"), ("كلمة\n", "كلمة")])
    func file(content: String, passphrase: String) throws {
        #expect(try PassphraseFile.read(path: directory.file("p", content)) == Array(passphrase.utf8))
    }

    @Test("a file that others can read is refused with the cure", arguments: [0o644, 0o640, 0o604] as [mode_t])
    func readable(mode: mode_t) {
        let path = directory.file("p", "secret\n", mode: mode)
        let failure = #expect(throws: CommandFailure.self) { try PassphraseFile.read(path: path) }
        #expect(failure?.code == "passphrase-file-readable")
        #expect(failure?.hints == ["chmod 600 \(path)"])
        #expect(failure?.status == .locked)
    }

    @Test(
        "an empty, endless or missing passphrase has its own code",
        arguments: [
            ("", "passphrase-empty"), ("\n", "passphrase-empty"),
            (String(repeating: "x", count: 1025), "passphrase-too-long"),
            (String(repeating: "x", count: 5000), "passphrase-too-long"),
        ])
    func bad(content: String, code: String) {
        let path = directory.file("p", content)
        let failure = #expect(throws: CommandFailure.self) { try PassphraseFile.read(path: path) }
        #expect(failure?.code == code)
    }

    @Test("a missing file is named")
    func missing() {
        let failure = #expect(throws: CommandFailure.self) { try PassphraseFile.read(path: "/nowhere/p") }
        #expect(failure?.code == "passphrase-file-unreadable")
        #expect(failure?.message.contains("/nowhere/p") == true)
    }

    @Test("the longest passphrase is 1024 bytes")
    func longest() throws {
        let path = directory.file("p", String(repeating: "x", count: 1024) + "\r\n")
        #expect(try PassphraseFile.read(path: path).count == 1024)
    }

    @Test("from a descriptor only the first line is taken")
    func descriptor() throws {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        defer { ends.forEach { close($0) } }
        #expect(write(ends[1], "one\ntwo\n", 8) == 8)
        #expect(try PassphraseFile.read(descriptor: ends[0], name: "descriptor") == Array("one".utf8))
        #expect(try PassphraseFile.read(descriptor: ends[0], name: "descriptor") == Array("two".utf8))
    }
}
