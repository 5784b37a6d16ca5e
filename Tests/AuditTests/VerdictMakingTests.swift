import Audit
import Foundation
import Ledger
import Statements
import Testing
import TestKit

@Suite("What an auditor puts its name to")
struct VerdictMakingTests {
    private static let at = FixtureWorld.standardStart + .hours(1)

    private static func verdict(_ report: AuditReport) throws -> Verdict {
        try report.verdict(by: FixtureWorld.envoy, at: at)
    }

    @Test("an honest log is right up to its head, also when the replay went on from an earlier one")
    func sound() async throws {
        let bench = try Bench()
        let talks = try Talks()
        let verdict = try Self.verdict(await bench.audit(LogForge(talks.log)))
        #expect(verdict.isSound && verdict.head == talks.log.head && verdict.charter == talks.world.charter.id)
        #expect(verdict.auditor == FixtureWorld.envoy && verdict.at == Self.at && verdict.rulesVersion == 1)
        let folder = MirrorFolder(path: bench.mirror())
        let memory = AuditMemory(folder: folder, key: try AuditKey.kept(in: bench.path))
        for resumed in [nil, TreeSize(8)] {
            let again = try await Verification(folder: folder, charter: talks.charter, workers: 1, memory: memory).run()
            #expect(again.resumedFrom == resumed)
            #expect(try Self.verdict(again) == verdict)
        }
    }

    @Test("what the log's key has signed and the rules forbid is told with its entry")
    func broken() async throws {
        let bench = try Bench()
        let talks = try Talks()
        var forge = LogForge(talks.log)
        let direct = Leg(intermediaries: [], recipient: FixtureWorld.hezbollah.party)
        try ForgedLogTests.put(
            ForgedLogTests.submission(talks, legs: [direct]), by: FixtureWorld.envoy, talks, &forge)
        let finding = try #require(try Self.verdict(await bench.audit(forge)).finding)
        #expect(finding.code.text == "rule-broken" && finding.rule?.text == "barred" && finding.entry == 8)
    }

    @Test("a fork that a kept checkpoint shows is told, though the log itself is in order")
    func forked() async throws {
        let bench = try Bench()
        let talks = try Talks()
        let other = LogHead(size: 5, root: Hash.sha256([5]))
        let kept = Verification.KeptCheckpoint(name: "kept", note: try talks.world.checkpoint(other))
        let verdict = try Self.verdict(await bench.audit(LogForge(talks.log), against: [kept]))
        #expect(verdict.finding?.code.text == "forked-log" && verdict.finding?.entry == nil)
    }

    @Test(
        "of a copy that is damaged or incomplete nothing is said",
        arguments: ["tile/0/000.p/8", "tile/entries/000.p/8", "checkpoint"], [true, false])
    func damaged(_ path: String, isMissing: Bool) async throws {
        let bench = try Bench()
        let talks = try Talks()
        _ = try await bench.audit(LogForge(talks.log))
        let file = "\(bench.mirror())/\(path)"
        if isMissing {
            try FileManager.default.removeItem(atPath: file)
        } else {
            var bytes = try #require(try bench.files()[path])
            bytes[bytes.count / 2] ^= 4
            try LogForge.write(bytes, to: file)
        }
        let report = try await bench.audit(talks.charter)
        #expect(!report.isGood)
        let error = #expect(throws: AuditError.self) { try Self.verdict(report) }
        #expect(error?.code == .noVerdict)
    }
}
