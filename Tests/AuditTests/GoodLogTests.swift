import Audit
import Ledger
import Statements
import Testing
import TestKit

@Suite("An honest log passes the audit")
struct GoodLogTests {
    @Test("a small log is consistent, and everything in it is counted")
    func small() async throws {
        let bench = try Bench()
        let talks = try Talks()
        let report = try await bench.audit(LogForge(talks.log))
        #expect(report.isGood, "\(report.findings)")
        #expect(report.remarks.isEmpty)
        #expect(report.entries == 8)
        #expect(report.replayed == 8)
        #expect(report.checkpoint?.root == talks.log.head.root)
        #expect(
            report.statements.map { "\($0.kind) \($0.count)" } == [
                "submission 1", "conveyance 1", "receipt 2", "key-publication 1", "tick 2",
            ])
        #expect(report.signatures == 7 + 3)
        #expect(report.tiles == 1)
        #expect(report.bundles == 1)
        #expect(
            report.inboxes.map { "\($0.party) \($0.arrivals)" } == [
                "hezbollah 1", "lebanon-speaker 1", "us-envoy 0",
            ])
        #expect(report.first == talks.world.start)
        #expect(report.last == talks.log.now)
    }

    @Test("logs around the edges of tiles pass", arguments: [1, 2, 255, 256, 257, 511, 512, 513])
    func edges(count: Int) async throws {
        let bench = try Bench()
        let log = try Talks.long(513)
        var forge = LogForge(log)
        forge.entries = Array(forge.entries.prefix(count))
        let report = try await bench.audit(forge)
        #expect(report.isGood, "\(report.findings)")
        #expect(report.replayed == UInt64(count))
        #expect(report.tiles == UInt64(TileID.tiles(for: TreeSize(UInt64(count))).count))
    }

    @Test("older checkpoints of the same log are of this log")
    func against() async throws {
        let bench = try Bench()
        let forge = LogForge(try Talks.long(300))
        let kept = try [1, 5, 256, 300].map { (size: Int) in
            Verification.KeptCheckpoint(name: "kept-\(size)", note: try forge.note(size))
        }
        let report = try await bench.audit(forge, against: kept)
        #expect(report.isGood, "\(report.findings)")
        #expect(report.compared == 4)
    }

    @Test("partial tiles that have grown may stay, and are looked at")
    func older() async throws {
        let bench = try Bench()
        let forge = LogForge(try Talks().log)
        let charter = try TrustedCharter(forge.world.charter.derBytes())
        try forge.write(to: bench.mirror(), 5)
        #expect(try await bench.audit(forge).isGood)
        for path in ["tile/0/000.p/5", "tile/entries/000.p/5"] {
            var bytes = try #require(try bench.files()[path])
            bytes[bytes.count / 2] ^= 4
            try LogForge.write(bytes, to: "\(bench.mirror())/\(path)")
            let report = try await bench.audit(charter)
            #expect(report.firstFinding == "tile-mismatch")
            #expect(report.findings.first?.path == path)
            bytes[bytes.count / 2] ^= 4
            try LogForge.write(bytes, to: "\(bench.mirror())/\(path)")
        }
    }

    @Test("a file that belongs to no tree is remarked on")
    func unexpected() async throws {
        let bench = try Bench()
        try LogForge.write([1], to: "\(bench.mirror())/tile/0/001")
        let report = try await bench.audit(LogForge(try Talks().log))
        #expect(report.isGood)
        #expect(report.remarks.map(\.label) == ["unexpected-file"])
        #expect(report.remarks.first?.path == "tile/0/001")
    }
}
