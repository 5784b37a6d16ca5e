import Ledger
import Rules
import Statements
import Store
import Synchronization
import TestKit
import Testing
import Transport

@testable import Desk

@Suite("A content that the relay has erased", .timeLimit(.minutes(1)))
struct ErasedContentTests {
    private static let retention = TimeSpan.days(3)

    private static func run(_ body: (DeskBench, RelayInABox) async throws -> Void) async throws {
        var limits = Limits.standard
        limits.retention = retention
        try await DeskBench.run(limits: limits) { bench in
            try await RelayInABox.run(bench.site, RelayInABox.Options { $0.runsActs = false }) { box in
                await box.round()
                try await body(bench, box)
            }
        }
    }

    @Test("is read from the archive; a desk without it says why it cannot, and logs nothing")
    func erased() async throws {
        try await Self.run { bench, box in
            let scene = KeptPayloadScene(bench: bench)
            let id = try await scene.send()
            let desk = try bench.desk(FixtureWorld.speaker)
            _ = try await desk.read(id)
            #expect(try await desk.message(id).erasure == nil)
            box.clock.pass(Self.retention)
            await box.round()
            let tracked = try await desk.message(id)
            let erasure = try #require(tracked.erasure)
            #expect(erasure.at == box.clock.now && erasure.party == .relay && erasure.act == .erasure([id]))
            #expect(tracked.steps.count == 3)
            let read = try await desk.read(id, scene.options)
            #expect(read.text == Array("See the annex.".utf8))
            #expect(try scene.bytes("annex-0.bin") == scene.annex)
            let size = box.head
            let other = try bench.desk(FixtureWorld.speaker, machine: "second")
            let error = await #expect(throws: DeskError.self) { _ = try await other.read(id) }
            #expect(error?.code == "erased")
            #expect(
                error?.message == "The relay has erased its copy of message \(id.short), as entry \(erasure.index) of "
                    + "the log says.")
            #expect(error?.hint.contains("ask us-envoy to send it again") == true)
            #expect(box.head == size)
        }
    }

    @Test("is only what the log says: a relay's word alone counts as content that is not served")
    func unlogged() async throws {
        try await Self.run { bench, box in
            let scene = KeptPayloadScene(bench: bench)
            let (first, second) = (try await scene.send(), try await scene.send())
            let foreign = StoredEntry(index: 1, bytes: try #require(try await box.store.entries(1..<2).first))
            let desk = try bench.desk(FixtureWorld.speaker)
            // Asked for when the desk looks at the message, for its content, and when it looks again.
            let asked = Mutex(0)
            box.store.lies.tell { told in
                told.envelopeSize = { _ in nil }
                told.erasure = { _ in
                    asked.withLock {
                        $0 += 1
                        return $0 == 2 ? foreign : nil
                    }
                }
            }
            let error = await #expect(throws: DeskError.self) { _ = try await desk.read(first) }
            #expect(error?.code == "unreadable-not-served", "\(asked.withLock { $0 }) times")
            box.store.lies.tell { $0.erasure = { _ in foreign } }
            let wrong = await #expect(throws: TransportError.self) { _ = try await desk.message(second) }
            #expect(wrong?.code == .proofWrong)
        }
    }
}
