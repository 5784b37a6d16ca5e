import Foundation
import Ledger
import Testing

@Suite("Proof files")
struct TlogProofTests {
    private func proof(
        _ scene: WitnessScene, _ index: Int, _ size: Int, extra: [UInt8]? = nil, cosigned: Bool = true
    ) throws -> TlogProof {
        let inclusion = try InclusionProof.make(
            index: LogIndex(UInt64(index)), size: TreeSize(UInt64(size)), from: scene.tree)
        var note = try scene.note(size)
        if cosigned { try note.append(scene.witness.cosign(text: note.text, at: WitnessScene.time(2_000))) }
        return try TlogProof(index: LogIndex(UInt64(index)), inclusion: inclusion, checkpoint: note, extra: extra)
    }

    private func policy(_ scene: WitnessScene, threshold: Int = 1) throws -> WitnessPolicy {
        try WitnessPolicy(
            logs: [scene.log.key], witnesses: [scene.witness.key, scene.second.key], threshold: threshold)
    }

    @Test("every entry of small trees is proved, and no other")
    func everyEntry() throws {
        let scene = try WitnessScene()
        let policy = try policy(scene)
        for size in 1...20 {
            for index in 0..<size {
                let file = try proof(scene, index, size)
                let read = try TlogProof(parsing: file.bytes)
                #expect(read == file)
                let verified = try read.verify(leaf: scene.tree.leaves[index], policy: policy)
                #expect(verified.checkpoint.size == TreeSize(UInt64(size)))
                #expect(verified.cosignatures.map(\.key) == [scene.witness.key])
                let other = scene.tree.leaves[index + 1]
                #expect(throws: TlogProofError.proof(.rootMismatch)) { try read.verify(leaf: other, policy: policy) }
            }
        }
    }

    @Test("a file is a title, an index, hashes, an empty line and the checkpoint")
    func text() throws {
        let scene = try WitnessScene()
        let file = try proof(scene, 0, 1)
        let head = "c2sp.org/tlog-proof@v1\nindex 0\n\n"
        #expect(file.bytes == Array(head.utf8) + file.checkpoint.bytes)
        let extra = try proof(scene, 1, 2, extra: [1, 2, 3])
        let hash = Base64.encode(scene.tree.leaves[0].bytes)
        let withExtra = "c2sp.org/tlog-proof@v1\nextra AQID\nindex 1\n\(hash)\n\n"
        #expect(extra.bytes == Array(withExtra.utf8) + extra.checkpoint.bytes)
        #expect(try TlogProof(parsing: extra.bytes).extra == [1, 2, 3])
        #expect(try proof(scene, 0, 1, extra: []).extra == nil)
    }

    @Test("fewer cosignatures than the quorum, and another log, are refused by name")
    func quorum() throws {
        let scene = try WitnessScene()
        let leaf = scene.tree.leaves[3]
        let file = try proof(scene, 3, 9)
        #expect(throws: TlogProofError.quorumNotMet(cosigners: ["witness.example/w1"])) {
            try file.verify(leaf: leaf, policy: policy(scene, threshold: 2))
        }
        let bare = try proof(scene, 3, 9, cosigned: false)
        #expect(throws: TlogProofError.quorumNotMet(cosigners: [])) {
            try bare.verify(leaf: leaf, policy: policy(scene))
        }
        #expect(throws: Never.self) { try bare.verify(leaf: leaf, policy: policy(scene, threshold: 0)) }
        let other = try SignedNoteTests.signer("log.example/b", .ed25519, seed: 9)
        let foreign = try WitnessPolicy(logs: [other.key], witnesses: [], threshold: 0)
        #expect(throws: TlogProofError.note(.noKnownSignature)) { try file.verify(leaf: leaf, policy: foreign) }
    }

    @Test("the file that another implementation made is read, and the same is made here")
    func foreign() throws {
        let scene = try WitnessScene()
        let path = vectors("tlog-proof/entry-123-of-300.tlog-proof")
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        let file = try TlogProof(parsing: bytes)
        #expect(file.extra == Array("made twice".utf8))
        let verified = try file.verify(leaf: scene.tree.leaves[123], policy: policy(scene))
        #expect(verified.cosignatures.map(\.time?.seconds) == [1_767_225_600])
        var note = try scene.note(300)
        try note.append(scene.witness.cosign(text: note.text, at: WitnessScene.time(1_767_225_600)))
        let inclusion = try InclusionProof.make(index: 123, size: 300, from: scene.tree)
        let own = try TlogProof(index: 123, inclusion: inclusion, checkpoint: note, extra: file.extra)
        #expect(own.bytes == bytes)
    }

    @Test("every single-bit change of a file is refused")
    func bits() throws {
        let scene = try WitnessScene()
        let policy = try policy(scene)
        let bytes = try proof(scene, 5, 13).bytes
        for bit in 0..<(bytes.count * 8) {
            var changed = bytes
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: TlogProofError.self, "bit \(bit)") {
                try TlogProof(parsing: changed).verify(leaf: scene.tree.leaves[5], policy: policy)
            }
        }
    }

    @Test(
        "other spellings of the head are refused",
        arguments: [
            "", "\n\n", "c2sp.org/tlog-proof@v2\nindex 0\n\n", "c2sp.org/tlog-proof@v1\n\n",
            "c2sp.org/tlog-proof@v1\nindex\n\n", "c2sp.org/tlog-proof@v1\nindex 00\n\n",
            "c2sp.org/tlog-proof@v1\nindex -0\n\n", "c2sp.org/tlog-proof@v1\nindex 0 \n\n",
            "c2sp.org/tlog-proof@v1\nindex 9223372036854775808\n\n", "c2sp.org/tlog-proof@v1\nextra \nindex 0\n\n",
            "c2sp.org/tlog-proof@v1\nextra AQI\nindex 0\n\n", "c2sp.org/tlog-proof@v1\nextra AQJ=\nindex 0\n\n",
            "c2sp.org/tlog-proof@v1\nindex 0\nextra AQID\n\n", "c2sp.org/tlog-proof@v1\nextra AQID\n\n",
            "c2sp.org/tlog-proof@v1\nextra AQID\nextra AQID\nindex 0\n\n",
            "c2sp.org/tlog-proof@v1\r\nindex 0\r\n\r\n", "c2sp.org/tlog-proof@v1\nindex 0\nAQID\n\n",
            " c2sp.org/tlog-proof@v1\nindex 0\n\n", "c2sp.org/tlog-proof@v1\nindex 0\n",
        ])
    func malformed(head: String) throws {
        let note = try WitnessScene().note(1).bytes
        #expect(throws: TlogProofError.malformed) { try TlogProof(parsing: Array(head.utf8) + note) }
    }

    @Test("63 hashes and 32 KiB beside them are the most")
    func bounds() throws {
        let note = try WitnessScene().note(1)
        let hashes = [Hash](repeating: .zero, count: 63)
        let extra = [UInt8](repeating: 7, count: TlogProof.maximumExtraByteCount)
        let most = try TlogProof(
            index: 0, inclusion: InclusionProof(hashes: hashes), checkpoint: note, extra: extra)
        #expect(try TlogProof(parsing: most.bytes) == most)
        #expect(throws: TlogProofError.tooLarge) {
            try TlogProof(index: 0, inclusion: InclusionProof(hashes: hashes + [.zero]), checkpoint: note)
        }
        #expect(throws: TlogProofError.tooLarge) {
            try TlogProof(index: 0, inclusion: InclusionProof(hashes: []), checkpoint: note, extra: extra + [7])
        }
        let line = "\(Base64.encode(Hash.zero.bytes))\n"
        for (head, count) in [("", 64), ("extra AQID\n", 64), ("", 2_000)] {
            let text = "c2sp.org/tlog-proof@v1\n\(head)index 0\n" + String(repeating: line, count: count) + "\n"
            #expect(throws: TlogProofError.tooLarge) { try TlogProof(parsing: Array(text.utf8) + note.bytes) }
        }
        let long = "c2sp.org/tlog-proof@v1\nextra \(Base64.encode(extra + [7, 7, 7]))\nindex 0\n\n"
        #expect(throws: TlogProofError.tooLarge) { try TlogProof(parsing: Array(long.utf8) + note.bytes) }
        #expect(throws: TlogProofError.tooLarge) {
            try TlogProof(parsing: [UInt8](repeating: 0x0a, count: TlogProof.maximumByteCount + 1))
        }
    }
}
