import Ledger
import Statements
import TestKit
import Testing

@testable import Desk

@Suite("A desk remembers how new an auditor's word was")
struct KeptVerdictsTests {
    private static func verdict(_ auditor: DelegateID, _ world: FixtureWorld, at seconds: Int64) -> Verdict {
        Verdict(
            charter: world.charter.id, auditor: auditor, rulesVersion: 1,
            head: LogHead(size: 1, root: Hash.sha256([1])), at: world.start + .seconds(seconds), finding: nil,
            scopes: [])
    }

    @Test("an older word, and none, is told of whom it is, run after run, until the newer one is shown again")
    func takenBack() throws {
        let folder = try TemporaryFolder()
        let home = DeskHome(path: "\(folder.path)/desk")
        try home.prepare()
        let world = try FixtureWorld()
        let (one, other) = (FixtureWorld.envoy, FixtureWorld.deputy)
        func compare(_ shown: [(DelegateID, Int64)]) throws -> [DelegateID] {
            try KeptVerdicts(home).compare(shown.map { Self.verdict($0.0, world, at: $0.1) })
        }
        #expect(try compare([]) == [])
        #expect(try compare([(one, 5), (other, 9)]) == [])
        #expect(try compare([(one, 5), (other, 9)]) == [])
        for _ in 0..<2 { #expect(try compare([(one, 4), (other, 10)]) == [one]) }
        #expect(try compare([]) == [one, other].sorted())
        #expect(try compare([(one, 6)]) == [other])
        #expect(try compare([(one, 6), (other, 10)]) == [])
    }
}
