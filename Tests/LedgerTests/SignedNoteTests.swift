import Crypto
import Ledger
import Testing

@Suite("Signed notes")
struct SignedNoteTests {
    static let exampleKey = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
    static let exampleText = "This is an example message.\n"
    static let exampleNote =
        exampleText
        + "\n— example.com/foo "
        + "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"

    static func signer(_ name: String, _ kind: VerifierKey.Kind, seed: UInt8 = 1) throws -> NoteSigner {
        let key = try Curve25519.Signing.PrivateKey(rawRepresentation: [UInt8](repeating: seed, count: 32))
        return try NoteSigner(name: #require(NoteName(name)), kind: kind, privateKey: key)
    }

    @Test("the example of the specification verifies and is printed as it was read")
    func knownAnswer() throws {
        let key = try VerifierKey(text: Self.exampleKey)
        #expect(key.text == Self.exampleKey)
        #expect(key.id.description == "530d903a")
        let note = try SignedNote(parsing: Array(Self.exampleNote.utf8))
        #expect(note.text == Array(Self.exampleText.utf8))
        #expect(note.bytes == Array(Self.exampleNote.utf8))
        #expect(try note.verify(keys: [key]).map(\.key) == [key])
    }

    @Test("every single-bit change of the example fails")
    func singleBits() throws {
        let (bytes, key) = (Array(Self.exampleNote.utf8), try VerifierKey(text: Self.exampleKey))
        for bit in 0..<(bytes.count * 8) {
            var changed = bytes
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: NoteError.self, "bit \(bit)") { try SignedNote(parsing: changed).verify(keys: [key]) }
        }
    }

    @Test(
        "what is not a note is refused",
        arguments: [
            "", "\n", "\n\n", "text\n", "text\n\n", "text\n\n\n", "text\n— a AAAAAAA=\n", "text\n\n— a AAAAAAA=",
            "text\n\n— a AAAAAA==\n", "text\n\n—  AAAAAAA=\n", "text\n\n- a AAAAAAA=\n", "text\n\n—a AAAAAAA=\n",
            "text\n\n— a  AAAAAAA=\n", "text\n\n— a AAAAAAA= \n", "text\n\n— a AAAAAAA\n", "text\n\n— a AAAAAAB=\n",
            "text\n\n— a+b AAAAAAA=\n", "text\n\n— a\n", "te\txt\n\n— a AAAAAAA=\n", "te\rxt\n\n— a AAAAAAA=\n",
            "text\r\n\r\n— a AAAAAAA=\r\n", "te\0xt\n\n— a AAAAAAA=\n", "text\n\n— a AAAAAAA=\n\n",

            "text\n\n— a AAAAAAA=\nx\n",
            "\n— a AAAAAAA=\n", "text\n\n— a\u{a0}b AAAAAAA=\n",
        ])
    func malformed(text: String) {
        #expect(throws: NoteError.malformed) { try SignedNote(parsing: Array(text.utf8)) }
    }

    @Test("text may have empty lines: the last one ends it")
    func emptyLines() throws {
        let note = try SignedNote(parsing: Array("a\n\n— a AAAAAAA=\n\n— a AAAAAAA=\n".utf8))
        #expect(note.text == Array("a\n\n— a AAAAAAA=\n".utf8))
        #expect(note.signatures.count == 1)
        let bad: [UInt8] = Array("a".utf8) + [0xff] + Array("\n\n— a AAAAAAA=\n".utf8)
        #expect(throws: NoteError.malformed) { try SignedNote(parsing: bad) }
    }

    @Test("a note has at most 100 signatures and 64 KiB")
    func bounds() throws {
        let line = "— a AAAAAAA=\n"
        let hundred = "x\n\n" + String(repeating: line, count: 100)
        #expect(try SignedNote(parsing: Array(hundred.utf8)).signatures.count == 100)
        #expect(throws: NoteError.tooLarge) { try SignedNote(parsing: Array((hundred + line).utf8)) }
        let padding = String(repeating: "x", count: 65_536 - 3 - line.utf8.count)
        let full = Array((padding + "\n\n" + line).utf8)
        #expect(throws: Never.self) { try SignedNote(parsing: Array(full.dropFirst())) }
        #expect(throws: NoteError.tooLarge) { try SignedNote(parsing: [0x78, 0x78] + full) }
    }

    @Test("signatures by others are ignored, also when the name or the ID is that of a configured key")
    func ignoresOthers() throws {
        let (mine, other) = (
            try Self.signer("log.example", .ed25519), try Self.signer("log.example", .ed25519, seed: 2)
        )
        let text = Array("hello\n".utf8)
        var note = try SignedNote(text: text, signature: other.sign(text: text))
        #expect(throws: NoteError.noKnownSignature) { try note.verify(keys: [mine.key]) }
        #expect(throws: NoteError.noKnownSignature) { try note.verify(keys: []) }
        try note.append(mine.sign(text: text))
        #expect(try note.verify(keys: [mine.key]).map(\.key) == [mine.key])
        #expect(try note.verify(keys: [mine.key, other.key]).count == 2)
        let before = note
        try note.append(mine.sign(text: text))
        #expect(note == before)
        #expect(try SignedNote(parsing: note.bytes) == note)
    }

    @Test("one bad signature by a configured key makes the whole note fail")
    func badSignature() throws {
        let (mine, other) = (try Self.signer("a.example", .ed25519), try Self.signer("b.example", .ed25519, seed: 2))
        let text = Array("hello\n".utf8)
        var note = try SignedNote(text: text, signature: mine.sign(text: text))
        try note.append(other.sign(text: Array("another\n".utf8)))
        #expect(throws: NoteError.invalidSignature(name: "b.example")) { try note.verify(keys: [mine.key, other.key]) }
        #expect(try note.verify(keys: [mine.key]).count == 1)
    }

    @Test("names are compared and checked by their bytes")
    func names() throws {
        #expect(NoteName("caf\u{e9}") != NoteName("cafe\u{301}"))
        for bad in ["", "a+b", "a b", "a\u{a0}b", "a\nb", "a\u{2028}b", "a\u{85}b", "a\u{7f}", "a\0", "\u{3000}"] {
            #expect(NoteName(bad) == nil, "\(bad.debugDescription)")
        }
        #expect(NoteName([0x61, 0xff]) == nil)
        #expect(NoteName(String(repeating: "a", count: 255)) != nil)
        #expect(NoteName(String(repeating: "a", count: 256)) == nil)
    }
}

@Suite("Verifier keys")
struct VerifierKeyTests {
    @Test(
        "other spellings of a verifier key are refused",
        arguments: [
            "", "example.com/foo", "example.com/foo+530d903a", "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            "example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            "example.com/fop+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2",
            "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k\n",
            "example.com/foo+530d903a0+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            "example.com/foo+530d903a+", "example.com/foo+530d903a+AQ==",
        ])
    func malformed(text: String) {
        #expect(throws: NoteError.malformedKey) { try VerifierKey(text: text) }
    }

    @Test("other types are named and refused", arguments: [0, 2, 3, 5, 6, 0xff] as [UInt8])
    func otherTypes(type: UInt8) {
        let material = Base64.encode([type] + [UInt8](repeating: 9, count: 32))
        #expect(throws: NoteError.unknownKeyType(type)) { try VerifierKey(text: "a+00000000+\(material)") }
    }

    @Test("both types survive, and have different IDs for one key")
    func roundTrip() throws {
        let log = try SignedNoteTests.signer("log.example", .ed25519).key
        let witness = try SignedNoteTests.signer("log.example", .cosignature).key
        #expect(try VerifierKey(text: log.text) == log)
        #expect(try VerifierKey(text: witness.text) == witness)
        #expect(log.id != witness.id)
        #expect(log != witness)
    }

    @Test("keys of small order and non-canonical keys are refused")
    func weakKeys() throws {
        let name = try #require(NoteName("weak.example"))
        let identity = [1] + [UInt8](repeating: 0, count: 31)
        let nonCanonical = [0xf0] + [UInt8](repeating: 0xff, count: 30) + [0x7f]
        for key in [identity, nonCanonical, [UInt8](repeating: 0, count: 32), []] {
            #expect(throws: NoteError.weakKey(name: "weak.example")) {
                try VerifierKey(name: name, kind: .ed25519, publicKey: key)
            }
        }
    }
}
