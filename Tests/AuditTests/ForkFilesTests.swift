import Ledger
import Statements
import TestKit
import Testing
import Transport

@testable import Audit

@Suite("Checkpoints that contradict each other are kept with the proof that did not hold")
struct ForkFilesTests {
    @Test("a limited auditor's folder keeps both notes and the proof, each under a name of its own")
    func kept() throws {
        let bench = try Bench()
        let world = try FixtureWorld()
        let folder = ScopeFolder(path: bench.mirror(), charter: world.charter)
        func shown(_ size: TreeSize, _ number: UInt8) throws -> RememberedCheckpoint {
            let head = LogHead(size: size, root: Hash.sha256([number]))
            return RememberedCheckpoint(head: head, note: try world.checkpoint(head))
        }
        let (one, two) = (try shown(4, 1), try shown(6, 2))
        let hashes = [Hash.sha256([3]), Hash.sha256([4])]
        try folder.keep(
            ForkEvidence(remembered: one, presented: two, failedProof: ConsistencyProof(hashes: hashes)))
        let first = try bench.files().filter { $0.key.hasPrefix("evidence/") }
        let proof = Array(hashes.map { "\(Base64.encode($0.bytes))\n" }.joined().utf8)
        #expect(Set(first.values) == [one.note, two.note, proof])
        // Of one size: the notes are the proof.
        let three = try shown(6, 5)
        try folder.keep(ForkEvidence(remembered: two, presented: three, failedProof: nil))
        let second = try bench.files().filter { $0.key.hasPrefix("evidence/") }
        #expect(second == first.merging(second.filter { $0.value == three.note }) { old, _ in old })
        #expect(second.count == 4)
    }
}
