import Ledger
import Testing

@Suite("Requests to witnesses")
struct AddCheckpointRequestTests {
    /// The example of C2SP tlog-witness.
    static let example = """
        old 20852014
        PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
        jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
        5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
        /6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

        example.com/behind-the-sofa
        20852163
        CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

        — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/\
        Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
        — example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/\
        V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=

        """

    @Test("the example of the specification is read, and written as it was")
    func knownAnswer() throws {
        let request = try AddCheckpointRequest(parsing: Array(Self.example.utf8))
        #expect(request.oldSize == 20_852_014)
        #expect(request.proof.hashes.count == 4)
        #expect(request.checkpoint.size == 20_852_163)
        #expect(request.checkpoint.origin.description == "example.com/behind-the-sofa")
        #expect(request.note.signatures.count == 2)
        #expect(request.bytes == Array(Self.example.utf8))
    }

    @Test("a request without a proof, and one with 63 hashes, are read")
    func counts() throws {
        let scene = try WitnessScene()
        let first = try scene.request(0, 5)
        #expect(try AddCheckpointRequest(parsing: first.bytes) == first)
        let hashes = [Hash](repeating: .zero, count: 63)
        let most = try AddCheckpointRequest(
            oldSize: 1, proof: ConsistencyProof(hashes: hashes), note: scene.note(5))
        #expect(try AddCheckpointRequest(parsing: most.bytes) == most)
        #expect(throws: WitnessRefusal.malformedRequest) {
            try AddCheckpointRequest(oldSize: 1, proof: ConsistencyProof(hashes: hashes + [.zero]), note: scene.note(5))
        }
        let line = Array("\(Base64.encode(Hash.zero.bytes))\n".utf8)
        let tooMany = Array("old 1\n".utf8) + (0..<64).flatMap { _ in line } + [0x0a] + (try scene.note(5).bytes)
        #expect(throws: WitnessRefusal.malformedRequest) { try AddCheckpointRequest(parsing: tooMany) }
    }

    @Test(
        "other spellings of the head are refused",
        arguments: [
            "", "\n", "old\n\n", "old \n\n", "old 01\n\n", "old +1\n\n", "old -0\n\n", "old 1 \n\n", " old 1\n\n",
            "old  1\n\n", "Old 1\n\n", "old 1\r\n\r\n", "old 9223372036854775808\n\n", "old 1\n\n\n", "old 1\nx\n\n",
            "old 1\nPlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw\n\n",
            "old 1\nPlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkax=\n\n",
            "old 1\nPlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw= \n\n",
            "old 1\nPlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpka==\n\n", "old 1\n",
        ])
    func malformed(head: String) throws {
        let body = Array(head.utf8) + (try WitnessScene().note(5).bytes)
        #expect(throws: WitnessRefusal.self) { try AddCheckpointRequest(parsing: body) }
    }

    @Test("what follows must be a checkpoint without extension lines")
    func notes() throws {
        let scene = try WitnessScene()
        func body(_ note: [UInt8]) -> [UInt8] { Array("old 0\n\n".utf8) + note }
        #expect(throws: WitnessRefusal.badCheckpoint(.malformed)) { try AddCheckpointRequest(parsing: body([])) }
        let plain = try SignedNote(text: Array("hello\n".utf8), signature: scene.log.sign(text: Array("hello\n".utf8)))
        #expect(throws: WitnessRefusal.badCheckpoint(.malformedCheckpoint)) {
            try AddCheckpointRequest(parsing: body(plain.bytes))
        }
        let text = try scene.checkpoint(5).text + Array("more\n".utf8)
        let extended = try SignedNote(text: text, signature: scene.log.sign(text: text))
        #expect(throws: WitnessRefusal.badCheckpoint(.extensionLines)) {
            try AddCheckpointRequest(parsing: body(extended.bytes))
        }
    }

    @Test("an empty tree with another root is told from nonsense")
    func emptyTree() throws {
        let scene = try WitnessScene()
        let text = Array("log.example/a\n0\n\(Base64.encode(Hash.sha256([1]).bytes))\n".utf8)
        let note = try SignedNote(text: text, signature: scene.log.sign(text: text))
        #expect(throws: WitnessRefusal.emptyTreeRoot) {
            try AddCheckpointRequest(parsing: Array("old 0\n\n".utf8) + note.bytes)
        }
        #expect(throws: Never.self) { try AddCheckpointRequest(parsing: scene.request(0, 0).bytes) }
    }

    @Test("a body above the bound is refused for its length alone")
    func length() throws {
        let most = AddCheckpointRequest.maximumByteCount
        #expect(most == 68_396)
        #expect(throws: WitnessRefusal.requestTooLarge) {
            try AddCheckpointRequest(parsing: [UInt8](repeating: 0x0a, count: most + 1))
        }
        #expect(throws: WitnessRefusal.malformedRequest) {
            try AddCheckpointRequest(parsing: [UInt8](repeating: 0x0a, count: most))
        }
    }
}
