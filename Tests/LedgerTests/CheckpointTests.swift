import Ledger
import Testing

@Suite("Checkpoints")
struct CheckpointTests {
    private func sample(_ size: TreeSize = 7) throws -> Checkpoint {
        try Checkpoint(origin: #require(NoteName("log.example/a")), size: size, root: Hash.sha256([1]))
    }

    @Test("a checkpoint is three lines")
    func text() throws {
        let origin = try #require(NoteName("log.example/a"))
        let empty = try Checkpoint(origin: origin, size: 0, root: Merkle.emptyRoot)
        #expect(
            String(decoding: empty.text, as: UTF8.self)
                == "log.example/a\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n")
        #expect(try Checkpoint(text: empty.text) == empty)
        #expect(try Checkpoint(text: sample().text) == sample())
    }

    @Test(
        "other spellings are refused",
        arguments: [
            "", "\n", "a\n", "a\n1\n", "a\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
            "\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
            "a\n01\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
            "a\n+1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
            "a\n9223372036854775808\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
            "a\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=\n", "a\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hS\n",
            "a\n0\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
            "a b\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
            "a\r\n1\r\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\r\n",
        ])
    func malformed(text: String) {
        #expect(throws: NoteError.malformedCheckpoint) { try Checkpoint(text: Array(text.utf8)) }
    }

    @Test("extension lines are refused by name", arguments: ["x\n", "\n", "a\nb\n"])
    func extensionLines(tail: String) throws {
        let text = try sample().text + Array(tail.utf8)
        #expect(throws: NoteError.extensionLines) { try Checkpoint(text: text) }
    }

    @Test("a log signs its own checkpoint, and only its own")
    func opens() throws {
        let log = try SignedNoteTests.signer("log.example/a", .ed25519)
        let other = try SignedNoteTests.signer("log.example/b", .ed25519)
        let note = try sample().signed(by: log)
        let opened = try Checkpoint.open(SignedNote(parsing: note.bytes), log: log.key)
        #expect(try opened.checkpoint == sample())
        #expect(opened.cosignatures.isEmpty)
        #expect(throws: NoteError.wrongOrigin(expected: "log.example/b", found: "log.example/a")) {
            try sample().signed(by: other)
        }
        #expect(throws: NoteError.noKnownSignature) { try Checkpoint.open(note, log: other.key) }
        let text = try sample().text
        let foreign = try SignedNote(text: text, signature: other.sign(text: text))
        #expect(throws: NoteError.wrongOrigin(expected: "log.example/b", found: "log.example/a")) {
            try Checkpoint.open(foreign, log: other.key)
        }
    }

    @Test("a witness's cosignature holds for its text and time, and does not stand for the log's")
    func cosignature() throws {
        let log = try SignedNoteTests.signer("log.example/a", .ed25519)
        let witness = try SignedNoteTests.signer("witness.example", .cosignature, seed: 3)
        let time = try #require(CosignatureTime(seconds: 1_700_000_000))
        let later = try #require(CosignatureTime(seconds: 1_700_000_060))
        let checkpoint = try sample()
        let line = try witness.cosign(text: checkpoint.text, at: time)
        #expect(line.signature.count == 72)
        #expect(try line.verify(text: checkpoint.text, key: witness.key) == time)
        var note = try checkpoint.signed(by: log)
        try note.append(witness.cosign(text: checkpoint.text, at: later))
        try note.append(line)
        let opened = try Checkpoint.open(SignedNote(parsing: note.bytes), log: log.key, cosigners: [witness.key])
        #expect(opened.cosignatures.map(\.key) == [witness.key])
        #expect(opened.cosignatures.map(\.time) == [later])
        let unsigned = try SignedNote(text: checkpoint.text, signature: line)
        #expect(throws: NoteError.noKnownSignature) {
            try Checkpoint.open(unsigned, log: log.key, cosigners: [witness.key])
        }
        #expect(throws: NoteError.invalidSignature(name: "witness.example")) {
            try line.verify(text: sample(8).text, key: witness.key)
        }
    }

    @Test("every single-bit change of a cosignature line fails")
    func cosignatureBits() throws {
        let witness = try SignedNoteTests.signer("witness.example", .cosignature, seed: 3)
        let text = try sample().text
        let time = try #require(CosignatureTime(seconds: 1_700_000_000))
        let line = Array(try witness.cosign(text: text, at: time).line.dropLast())
        for bit in 0..<(line.count * 8) {
            var changed = line
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            guard let parsed = NoteSignature(line: changed[...]) else { continue }
            #expect(throws: NoteError.invalidSignature(name: "witness.example"), "bit \(bit)") {
                try parsed.verify(text: text, key: witness.key)
            }
        }
    }

    @Test("keys serve one purpose")
    func purposes() throws {
        let log = try SignedNoteTests.signer("log.example/a", .ed25519)
        let witness = try SignedNoteTests.signer("log.example/a", .cosignature)
        let time = try #require(CosignatureTime(seconds: 1))
        let note = try sample().signed(by: log)
        #expect(throws: NoteError.wrongKeyType(name: "log.example/a")) { try witness.sign(text: [0x0a]) }
        #expect(throws: NoteError.wrongKeyType(name: "log.example/a")) { try log.cosign(text: [0x0a], at: time) }
        #expect(throws: NoteError.wrongKeyType(name: "log.example/a")) { try Checkpoint.open(note, log: witness.key) }
        #expect(throws: NoteError.wrongKeyType(name: "log.example/a")) {
            try Checkpoint.open(note, log: log.key, cosigners: [log.key])
        }
        #expect(CosignatureTime(seconds: 0) == nil)
        #expect(CosignatureTime(seconds: 1 << 63) == nil)
    }

    @Test("a signer that returns something else than a signature is noticed")
    func badSigner() throws {
        let key = try SignedNoteTests.signer("log.example/a", .ed25519).key
        let broken = NoteSigner(key: key) { _ in [1, 2, 3] }
        #expect(throws: NoteError.signingFailed(name: "log.example/a")) { try sample().signed(by: broken) }
    }
}
