import Ledger
import Statements
import TestKit
import Testing
import Transport

@testable import Desk

@Suite("Two runs of one desk do not lose each other's checkpoint unchecked")
struct CheckpointFileTests {
    private func checkpoint(_ world: FixtureWorld, _ size: UInt64, _ root: String) throws -> RememberedCheckpoint {
        let head = LogHead(size: TreeSize(rawValue: size), root: Hash.sha256(Array(root.utf8)))
        return RememberedCheckpoint(head: head, note: try world.checkpoint(head))
    }

    @Test("a store that was verified against something else changes nothing and gives that back")
    func compares() async throws {
        try await DeskBench.atRelay { bench, box in
            let desk = try bench.desk(FixtureWorld.speaker)
            try desk.home.prepare()
            let file = CheckpointFile(desk.home, desk.charter)
            let (five, nine, twelve) = (
                try checkpoint(box.world, 5, "a"), try checkpoint(box.world, 9, "b"),
                try checkpoint(box.world, 12, "c")
            )
            #expect(try file.store(five, replacing: nil) == nil)
            #expect(try file.store(nine, replacing: nil)?.head == five.head)
            #expect(try file.load()?.head == five.head)
            #expect(try file.store(nine, replacing: five) == nil)
            #expect(try file.store(twelve, replacing: five)?.head == nine.head)
            #expect(try file.load()?.head == nine.head)
            #expect(try file.store(nine, replacing: five) == nil, "the same head again is no conflict")
        }
    }

    /// Another run stores a checkpoint between this one's look and its store.
    private final class Overtaken: CheckpointMemory {
        let other: RememberedCheckpoint
        init(_ other: RememberedCheckpoint) { self.other = other }
        func load() async throws -> RememberedCheckpoint? { nil }
        func store(
            _ checkpoint: RememberedCheckpoint, replacing known: RememberedCheckpoint?
        ) async throws -> RememberedCheckpoint? { known == nil ? other : nil }
        func keep(_ fork: ForkEvidence) async throws {}
    }

    @Test("what another run kept meanwhile is held against what the relay shows", arguments: [true, false])
    func overtaken(isForked: Bool) async throws {
        try await RelayInABox.run { box in
            let head = box.head
            let other = isForked ? LogHead(size: head.size, root: Hash.sha256([1])) : head
            let memory = Overtaken(RememberedCheckpoint(head: other, note: try box.world.checkpoint(other)))
            let client = try box.client(FixtureWorld.speaker, memory: memory)
            if isForked {
                let error = await #expect(throws: TransportError.self) { try await client.head() }
                #expect(error?.code == .fork)
            } else {
                #expect(try await client.head().head == head)
            }
            try await client.shutdown()
        }
    }
}
