import Audit
import Foundation
import Ledger
import Statements
import Synchronization
import Testing
import TestKit

@Suite("A mirror is a whole, proven copy at every moment")
struct MirrorTests {
    /// A source that serves given files, and fails at one fetch.
    final class Served: LogSource {
        private let files: [String: [UInt8]]
        private let failing: Int?
        private let count = Mutex(0)

        init(_ files: [String: [UInt8]], failingAt failing: Int? = nil) {
            self.files = files
            self.failing = failing
        }

        var fetches: Int { count.withLock { $0 } }

        func fetch(path: String, limit: Int) async throws -> [UInt8] {
            let number = count.withLock { count in
                count += 1
                return count
            }
            if number == failing { throw AuditError(.sourceUnavailable, "the line is dead", hint: "try again") }
            guard let bytes = files[path] else { throw AuditError(.notServed, "no \(path)", hint: "none") }
            return bytes
        }
    }

    private func mirror(_ bench: Bench, _ charter: TrustedCharter, _ source: any LogSource) async throws
        -> Mirror.Outcome
    {
        try await Mirror(folder: MirrorFolder(path: bench.mirror()), charter: charter, source: source).run()
    }

    private func refusal(_ bench: Bench, _ charter: TrustedCharter, _ source: any LogSource) async throws -> Finding? {
        do {
            _ = try await mirror(bench, charter, source)
            return nil
        } catch let finding as Finding {
            return finding
        }
    }

    @Test("it is byte for byte what the log publishes", arguments: [1, 8, 255, 256, 257, 520])
    func same(count: Int) async throws {
        let bench = try Bench()
        let forge = LogForge(try Talks.long(520))
        let charter = try TrustedCharter(forge.world.charter.derBytes())
        let outcome = try await mirror(bench, charter, Served(forge.files(count)))
        #expect(outcome.checkpoint.size == TreeSize(UInt64(count)))
        #expect(outcome.previous == nil)
        #expect(try bench.files() == forge.files(count))
        #expect(try await bench.audit(charter).isGood)
        let again = Served(try forge.files(count))
        #expect(try await mirror(bench, charter, again).fetched == 0)
        #expect(again.fetches == 1)
    }

    @Test("stopped after any fetch and run again, it ends the same", arguments: [0, 3, 256, 300])
    func interrupted(before: Int) async throws {
        let forge = LogForge(try Talks.long(520))
        let charter = try TrustedCharter(forge.world.charter.derBytes())
        let files = try forge.files()
        var number = 1
        var runs = 0
        while true {
            let bench = try Bench()
            if before > 0 { _ = try await mirror(bench, charter, Served(forge.files(before))) }
            let source = Served(files, failingAt: number)
            do {
                _ = try await mirror(bench, charter, source)
                break
            } catch let error as AuditError {
                #expect(error.code == .sourceUnavailable)
            }
            // What was there stays whole.
            if before > 0 { #expect(try await bench.audit(charter).isGood) }
            _ = try await mirror(bench, charter, Served(files))
            #expect(try bench.files() == files, "stopped at fetch \(number)")
            number += 1
            runs += 1
        }
        #expect(runs >= 4)
    }

    @Test("stopped at every fetch of every run, it still arrives")
    func crawling() async throws {
        let bench = try Bench()
        let forge = LogForge(try Talks.long(520))
        let charter = try TrustedCharter(forge.world.charter.derBytes())
        var runs = 0
        // Each run gets the checkpoint, the two edge tiles and one file more.
        while runs < 20, (try? await mirror(bench, charter, Served(forge.files(), failingAt: 5))) == nil { runs += 1 }
        #expect((3..<20).contains(runs))
        #expect(try bench.files() == forge.files())
    }

    @Test("it grows with the log and leaves no partial tile behind", arguments: [7, 256, 300])
    func grows(from old: Int) async throws {
        let bench = try Bench()
        let forge = LogForge(try Talks.long(520))
        let charter = try TrustedCharter(forge.world.charter.derBytes())
        _ = try await mirror(bench, charter, Served(forge.files(old)))
        let outcome = try await mirror(bench, charter, Served(forge.files()))
        #expect(outcome.previous == TreeSize(UInt64(old)))
        #expect(try bench.files() == forge.files())
    }

    @Test("a full tile serves where the partial one is gone")
    func wider() async throws {
        let bench = try Bench()
        let forge = LogForge(try Talks.long(300))
        let charter = try TrustedCharter(forge.world.charter.derBytes())
        var files = try forge.files()
        files["checkpoint"] = try forge.note(9)
        _ = try await mirror(bench, charter, Served(files))
        #expect(try bench.files() == forge.files(9))
    }

    @Test("a folder is a source too")
    func folder() async throws {
        let bench = try Bench()
        let forge = LogForge(try Talks.long(300))
        let charter = try TrustedCharter(forge.world.charter.derBytes())
        try forge.write(to: bench.mirror("other"))
        _ = try await mirror(bench, charter, FolderSource(path: bench.mirror("other")))
        #expect(try bench.files() == forge.files())
    }

    @Test("a smaller log is refused, and both checkpoints are kept")
    func rolledBack() async throws {
        let bench = try Bench()
        let forge = LogForge(try Talks.long(300))
        let charter = try TrustedCharter(forge.world.charter.derBytes())
        _ = try await mirror(bench, charter, Served(forge.files()))
        let before = try bench.files()
        #expect(try await refusal(bench, charter, Served(forge.files(299)))?.code == .rolledBackLog)
        try expectEvidence(in: bench, before, [try forge.note(), try forge.note(299)])
        // The smaller one is of the same history, so the mirror itself stays good.
        #expect(try await bench.audit(charter).isGood)
    }

    @Test("a log with another history is refused, and both checkpoints are kept", arguments: [299, 300, 320])
    func forked(count: Int) async throws {
        let bench = try Bench()
        let forge = LogForge(try Talks.long(320))
        var other = forge
        other.entries[270] = other.entries[271]
        let charter = try TrustedCharter(forge.world.charter.derBytes())
        _ = try await mirror(bench, charter, Served(forge.files(300)))
        let before = try bench.files()
        #expect(try await refusal(bench, charter, Served(other.files(count)))?.code == .forkedLog)
        try expectEvidence(in: bench, before, [try forge.note(300), try other.note(count)])
        let first = try await bench.audit(charter).firstFinding
        #expect(first == (count > 300 ? "rolled-back-log" : "forked-log"))
    }

    private func expectEvidence(in bench: Bench, _ before: [String: [UInt8]], _ notes: [[UInt8]]) throws {
        let after = try bench.files()
        let kept = after.filter { $0.key.hasPrefix("evidence/") }
        #expect(Set(kept.values) == Set(notes))
        for (path, bytes) in before { #expect(after[path] == bytes, "\(path)") }
    }

    @Test("nothing that the checkpoint does not sign is taken over")
    func liar() async throws {
        let forge = LogForge(try Talks.long(520))
        let charter = try TrustedCharter(forge.world.charter.derBytes())
        for (path, bytes) in try forge.files() {
            for position in [0, bytes.count / 2, bytes.count - 1] {
                let bench = try Bench()
                var files = try forge.files()
                files[path]?[position] ^= 0x10
                let finding = try await refusal(bench, charter, Served(files))
                #expect(finding != nil, "\(path) \(position)")
                let taken = try bench.files()
                #expect(taken["checkpoint"] == nil)
                let honest = try forge.files()
                for (path, bytes) in taken { #expect(honest[path] == bytes, "\(path)") }
            }
        }
    }

    @Test("a file that was damaged and moved away is fetched again")
    func healed() async throws {
        let bench = try Bench()
        let forge = LogForge(try Talks.long(520))
        let charter = try TrustedCharter(forge.world.charter.derBytes())
        let files = try forge.files()
        for path in files.keys where path != "checkpoint" {
            _ = try await mirror(bench, charter, Served(files))
            try FileManager.default.removeItem(atPath: "\(bench.mirror())/\(path)")
            _ = try await mirror(bench, charter, Served(files))
            #expect(try bench.files() == files, "\(path)")
        }
    }

    @Test("a size that nobody could hold is refused before anything is fetched")
    func tooLarge() async throws {
        let bench = try Bench()
        let talks = try Talks([])
        let source = Served(["checkpoint": try talks.world.checkpoint(LogHead(size: TreeSize(1 << 40), root: .zero))])
        do {
            _ = try await mirror(bench, talks.charter, source)
            Issue.record("a log of 2^40 entries was mirrored")
        } catch let error as AuditError {
            #expect(error.code == .logTooLarge)
        }
        #expect(source.fetches == 1)
    }

    @Test("a checkpoint by another key is refused")
    func stranger() async throws {
        let bench = try Bench()
        let talks = try Talks([])
        let name = talks.world.logSigner.key.name
        let signer = try FixtureWorld.noteKey("stranger", name: name)
        let note = try Checkpoint(origin: name, size: talks.log.head.size, root: talks.log.head.root).signed(by: signer)
        let finding = try await refusal(bench, talks.charter, Served(["checkpoint": note.bytes]))
        #expect(finding?.code == .checkpointSignature)
    }
}
