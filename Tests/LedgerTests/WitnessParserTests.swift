import Ledger
import Testing

@Suite("Damaged texts of the witness formats")
struct WitnessParserTests {
    static let seed: UInt64 = 4_04

    @Test("5,000 damaged texts each: none traps, and what is accepted has one spelling")
    func damaged() throws {
        let scene = try WitnessScene()
        var note = try scene.note(40)
        try note.append(scene.witness.cosign(text: note.text, at: WitnessScene.time(2_000)))
        let inclusion = try InclusionProof.make(index: 7, size: 40, from: scene.tree)
        let proof = try TlogProof(index: 7, inclusion: inclusion, checkpoint: note, extra: [1, 2, 3]).bytes
        let request = try AddCheckpointRequest(oldSize: 5, proof: scene.proof(5, 40), note: note).bytes
        let policy = Array(try WitnessPolicyTests.example().text.utf8)
        let answer = WitnessAnswer(cosignatures: note.signatures).body
        var random = SeededNumbers(Self.seed)
        var accepted = [0, 0, 0, 0]
        for _ in 0..<5_000 {
            let one = random.damaged(proof)
            if let read = try? TlogProof(parsing: one) {
                accepted[0] += 1
                #expect(read.bytes == one, "seed \(Self.seed)")
            }
            let two = random.damaged(request)
            if let read = try? AddCheckpointRequest(parsing: two) {
                accepted[1] += 1
                #expect(read.bytes == two, "seed \(Self.seed)")
            }
            let three = random.damaged(policy)
            if let read = try? WitnessPolicy(text: three) {
                accepted[2] += 1
                let again = try? WitnessPolicy(text: read.text)
                #expect(again == read, "seed \(Self.seed)")
            }
            let four = random.damaged(answer)
            let heard = WitnessAnswer(status: 200, contentType: WitnessAnswer.sizeType, body: four)
            if let lines = heard.signatureLines {
                accepted[3] += 1
                #expect(lines.flatMap(\.line) == four, "seed \(Self.seed)")
            }
            if let size = heard.namedSize { #expect(Array("\(size)\n".utf8) == four) }
        }
        // The damage is small enough that some of it is not noticed by the form alone.
        #expect(accepted.allSatisfy { $0 > 5 && $0 < 4_750 }, "\(accepted)")
    }
}
