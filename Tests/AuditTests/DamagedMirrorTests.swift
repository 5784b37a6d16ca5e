import Audit
import Foundation
import Ledger
import Statements
import Testing
import TestKit

@Suite("The audit finds a mirror that is not the signed log")
struct DamagedMirrorTests {
    @Test("an entry that was taken out of the mirror", arguments: 0..<8)
    func removed(index: Int) async throws {
        let bench = try Bench()
        let talks = try Talks()
        var files = try LogForge(talks.log).files()
        var forge = LogForge(talks.log)
        forge.entries.remove(at: index)
        // All tiles fit the entries that are left, and the honest checkpoint stays.
        let honest = files["checkpoint"]
        files = try forge.files()
        files["checkpoint"] = honest
        for (path, bytes) in files { try LogForge.write(bytes, to: "\(bench.mirror())/\(path)") }
        #expect(try await bench.audit(talks.charter).firstFinding == "missing-file@0")

        // Under the names of the honest ones.
        for kind in ["0", "entries"] {
            try LogForge.write(
                try #require(files["tile/\(kind)/000.p/7"]), to: "\(bench.mirror())/tile/\(kind)/000.p/8")
        }
        let report = try await bench.audit(talks.charter)
        #expect(report.firstFinding == "bundle-malformed@7")
    }

    @Test("entries that changed places, with tiles made to fit", arguments: 0..<7)
    func reordered(index: Int) async throws {
        let bench = try Bench()
        let talks = try Talks()
        var forge = LogForge(talks.log)
        forge.entries.swapAt(index, index + 1)
        try forge.write(to: bench.mirror())
        try LogForge.write(talks.log.checkpoint, to: "\(bench.mirror())/checkpoint")
        let report = try await bench.audit(talks.charter)
        #expect(report.findings.contains { $0.code == .rootMismatch })
    }

    @Test("entries that changed places, with the honest tiles", arguments: 0..<7)
    func reorderedUnderTiles(index: Int) async throws {
        let bench = try Bench()
        let talks = try Talks()
        var forge = LogForge(talks.log)
        try forge.write(to: bench.mirror())
        forge.entries.swapAt(index, index + 1)
        let bundle = "tile/entries/000.p/8"
        try LogForge.write(try #require(forge.files()[bundle]), to: "\(bench.mirror())/\(bundle)")
        #expect(try await bench.audit(talks.charter).firstFinding == "tile-mismatch@\(index)")
    }

    @Test("every file that is missing")
    func missing() async throws {
        let bench = try Bench()
        let forge = LogForge(try Talks.long(530))
        let charter = try TrustedCharter(forge.world.charter.derBytes())
        try forge.write(to: bench.mirror())
        for (path, bytes) in try forge.files() {
            try FileManager.default.removeItem(atPath: "\(bench.mirror())/\(path)")
            let report = try await bench.audit(charter)
            #expect(report.findings.contains { $0.code == .missingFile && $0.path == path }, "\(path)")
            try LogForge.write(bytes, to: "\(bench.mirror())/\(path)")
        }
        #expect(try await bench.audit(charter).isGood)
    }

    @Test(
        "files that are longer or shorter",
        arguments: ["checkpoint", "tile/0/000", "tile/1/000.p/2", "tile/entries/001"])
    func lengths(path: String) async throws {
        let bench = try Bench()
        let forge = LogForge(try Talks.long(530))
        let charter = try TrustedCharter(forge.world.charter.derBytes())
        try forge.write(to: bench.mirror())
        let bytes = try #require(forge.files()[path])
        for changed in [bytes + [0], Array(bytes.dropLast()), [], bytes + bytes] {
            try LogForge.write(changed, to: "\(bench.mirror())/\(path)")
            let first = try #require(try await bench.audit(charter).findings.first)
            #expect(first.path == path)
            let codes: Set<Finding.Code> = [
                .checkpointMalformed, .checkpointSignature, .tileMismatch, .bundleMalformed,
            ]
            #expect(codes.contains(first.code))
        }
    }

    @Test("the charter must be the one in entry 0")
    func foreignCharter() async throws {
        let bench = try Bench()
        let talks = try Talks()
        // The same relay and keys, with another title page: its publication mode.
        let other = try FixtureWorld(publication: .always)
        try LogForge(talks.log).write(to: bench.mirror())
        let report = try await bench.audit(TrustedCharter(other.charter.derBytes()))
        #expect(report.firstFinding == "charter-mismatch@0")
    }

    @Test("the charter's fingerprint is compared when one is given")
    func fingerprint() throws {
        let charter = try FixtureWorld().charter
        let bytes = try charter.derBytes()
        for good in [charter.id.fingerprint, charter.id.description, charter.id.fingerprint.uppercased()] {
            #expect(throws: Never.self) { try TrustedCharter(bytes, fingerprint: good) }
        }
        for bad in [String(charter.id.fingerprint.dropLast()), "", "aaaa"] {
            #expect { try TrustedCharter(bytes, fingerprint: bad) } throws: {
                ($0 as? Finding)?.code == .charterMismatch
            }
        }
    }

    @Test("a charter that lacks a founder's signature is not audited under")
    func unsigned() throws {
        let world = try FixtureWorld()
        let cut = try SignedCharter(
            charterBytes: world.charter.charterBytes, signatures: Array(world.charter.signatures.dropLast()))
        #expect { try TrustedCharter(try cut.derBytes()) } throws: { ($0 as? Finding)?.code == .charterMismatch }
        #expect { try TrustedCharter([0x30, 0]) } throws: { ($0 as? AuditError)?.code == .charterMalformed }
    }

    @Test("a log of another key")
    func otherKey() async throws {
        let bench = try Bench()
        let talks = try Talks()
        try LogForge(talks.log).write(to: bench.mirror())
        let note = try SignedNote(parsing: talks.log.checkpoint)
        let stranger = try SignedNote(text: note.text, signature: Self.stranger(note.text))
        try LogForge.write(stranger.bytes, to: "\(bench.mirror())/checkpoint")
        #expect(try await bench.audit(talks.charter).firstFinding == "checkpoint-signature")

        var both = note
        try both.append(Self.stranger(note.text))
        try LogForge.write(both.bytes, to: "\(bench.mirror())/checkpoint")
        let report = try await bench.audit(talks.charter)
        #expect(report.isGood)
        #expect(report.remarks.map(\.code) == [.unexpectedSignature])
    }

    private static func stranger(_ text: [UInt8]) throws -> NoteSignature {
        let name = try #require(NoteName("stranger.example/log"))
        let key = try FixtureWorld.noteKey("stranger", name: name)
        return try key.sign(text: text)
    }

    @Test("a checkpoint that someone kept shows a log that was rolled back")
    func rolledBack() async throws {
        let bench = try Bench()
        let forge = LogForge(try Talks().log)
        let kept = Verification.KeptCheckpoint(name: "kept", note: try forge.note())
        var cut = forge
        cut.entries.removeLast()
        #expect(try await bench.audit(cut, against: [kept]).firstFinding == "rolled-back-log")
    }

    @Test("a checkpoint that someone kept shows a fork", arguments: [8, 7])
    func forked(count: Int) async throws {
        let bench = try Bench()
        let talks = try Talks()
        var other = LogForge(talks.log)
        other.entries[6] = other.entries[7]
        let kept = Verification.KeptCheckpoint(name: "kept", note: try other.note(count))
        let report = try await bench.audit(LogForge(talks.log), against: [kept])
        #expect(report.firstFinding == "forked-log")
        #expect(report.findings.count == 1)
    }

    @Test("a note that is no checkpoint of this log is said to be none")
    func notKept() async throws {
        let bench = try Bench()
        let kept = Verification.KeptCheckpoint(name: "kept", note: Array("hello\n".utf8))
        let report = try await bench.audit(LogForge(try Talks().log), against: [kept])
        #expect(report.firstFinding == "checkpoint-malformed")
        #expect(report.findings.first?.path == "kept")
    }

    @Test("a checkpoint of a size that nobody could hold ends at the first missing file")
    func hugeSize() async throws {
        let bench = try Bench()
        let talks = try Talks()
        try LogForge(talks.log).write(to: bench.mirror())
        let note = try talks.world.checkpoint(LogHead(size: TreeSize(1 << 62), root: .zero))
        try LogForge.write(note, to: "\(bench.mirror())/checkpoint")
        let report = try await bench.audit(talks.charter)
        #expect(report.findings.contains { $0.code == .missingFile && $0.path == "tile/entries/000" })
    }

    @Test("an empty log has no charter")
    func empty() async throws {
        let bench = try Bench()
        let talks = try Talks([])
        try LogForge.write(
            try talks.world.checkpoint(LogHead(size: 0, root: Merkle.emptyRoot)), to: "\(bench.mirror())/checkpoint")
        #expect(try await bench.audit(talks.charter).firstFinding == "charter-mismatch")
    }
}
