import Audit
import Foundation
import Ledger
import Statements
import Testing
import TestKit

@Suite("One flipped bit anywhere in a mirror is found")
struct FlippedBitTests {
    /// A file of a mirror that is changed one byte at a time, in place.
    private final class Victim {
        private let handle: FileHandle
        let bytes: [UInt8]

        init(_ path: String) throws {
            handle = try #require(FileHandle(forUpdatingAtPath: path))
            bytes = Array(try handle.readToEnd() ?? Data())
        }

        func set(_ position: Int, to byte: UInt8) throws {
            try handle.seek(toOffset: UInt64(position))
            try handle.write(contentsOf: [byte])
        }

        deinit { try? handle.close() }
    }

    /// Flips bits of one file and tells which were not found, or found as something else than the file's kind allows.
    private func flip(
        _ bits: some Sequence<Int>, of path: String, in bench: Bench, _ charter: TrustedCharter
    ) async throws -> [String] {
        let victim = try Victim("\(bench.mirror())/\(path)")
        var wrong: [String] = []
        for bit in bits {
            let byte = victim.bytes[bit / 8]
            try victim.set(bit / 8, to: byte ^ (1 << UInt8(bit % 8)))
            let report = try await bench.audit(charter)
            try victim.set(bit / 8, to: byte)
            let codes = Set(report.findings.map(\.code))
            let allowed: Set<Finding.Code> =
                path == "checkpoint"
                ? [.checkpointMalformed, .checkpointSignature]
                : path.hasPrefix("tile/entries/") ? [.tileMismatch, .bundleMalformed, .rootMismatch] : [.tileMismatch]
            if codes.isEmpty || !codes.isSubset(of: allowed) { wrong.append("\(path) bit \(bit): \(codes)") }
        }
        return wrong
    }

    @Test("every single bit of a small mirror", arguments: ["checkpoint", "tile/0/000.p/4", "tile/entries/000.p/4"])
    func everyBit(path: String) async throws {
        let talks = try Talks([.convey])
        let charter = try talks.charter
        let count = try #require(LogForge(talks.log).files()[path]).count * 8
        let wrong = try await withThrowingTaskGroup(of: [String].self) { group in
            for part in 0..<2 {
                group.addTask {
                    let bench = try Bench()
                    try LogForge(talks.log).write(to: bench.mirror())
                    let wrong = try await self.flip(stride(from: part, to: count, by: 2), of: path, in: bench, charter)
                    // Put back as it was, it is good: each finding came from its one bit.
                    #expect(try await bench.audit(charter).isGood)
                    return wrong
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(wrong.isEmpty, "\(wrong.count) bits: \(wrong.prefix(5))")
        #expect(count > 1_000)
    }

    @Test("bits here and there in every file of a larger mirror", arguments: [UInt64(1), 20_261_122])
    func sampled(seed: UInt64) async throws {
        var random = LogNumbers(seed: seed)
        let bench = try Bench()
        let forge = LogForge(try Talks.long(530))
        let charter = try TrustedCharter(forge.world.charter.derBytes())
        #expect(try await bench.audit(forge).isGood)
        for (path, bytes) in try forge.files().sorted(by: { $0.key < $1.key }) {
            let bits = (0..<4).map { _ in Int.random(in: 0..<bytes.count * 8, using: &random) }
            let wrong = try await flip(bits, of: path, in: bench, charter)
            #expect(wrong.isEmpty, "seed \(seed): \(wrong)")
        }
        #expect(try await bench.audit(charter).isGood)
    }

    @Test("an altered entry is told from an altered tile")
    func whichOfBoth() async throws {
        let bench = try Bench()
        let talks = try Talks()
        let files = try LogForge(talks.log).files()
        try LogForge(talks.log).write(to: bench.mirror())
        let bundle = "tile/entries/000.p/8"
        var bytes = try #require(files[bundle])
        bytes[bytes.count - 1] ^= 1
        try LogForge.write(bytes, to: "\(bench.mirror())/\(bundle)")
        let altered = try await bench.audit(talks.charter)
        #expect(altered.firstFinding == "tile-mismatch@7")
        #expect(altered.findings.map(\.code) == [.tileMismatch, .rootMismatch])
        #expect(altered.findings.first?.path == bundle)
        try LogForge.write(try #require(files[bundle]), to: "\(bench.mirror())/\(bundle)")

        let tile = "tile/0/000.p/8"
        bytes = try #require(files[tile])
        bytes[40] ^= 1
        try LogForge.write(bytes, to: "\(bench.mirror())/\(tile)")
        let report = try await bench.audit(talks.charter)
        #expect(report.firstFinding == "tile-mismatch")
        #expect(report.findings.map(\.code) == [.tileMismatch])
        #expect(report.findings.first?.path == tile)
    }
}
