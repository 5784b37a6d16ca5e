import Ledger
import Rules
import Statements
import Store
import TestKit
import Testing

@Suite("A store keeps envelopes")
struct EnvelopeConformance {
    @Test("an envelope that came with its commit is given in ranges", arguments: StoreDriver.all)
    func inline(driver: StoreDriver) async throws {
        let scene = try Scene()
        let submission = scene.log.entries.first { $0.entry.message == scene.carried }
        guard case .inline(let bytes) = submission?.envelope else {
            Issue.record("no envelope")
            return
        }
        let place = try driver.makePlace()
        defer { place.remove() }
        try await place.twice({ try await scene.commit(to: $0) }) { store async throws in
            #expect(try await store.envelopeSize(scene.carried) == 6_000)
            try await Self.checkRanges(of: bytes, scene.carried, store)
        }
    }

    @Test("a staged envelope is given in ranges once a commit refers to it", arguments: StoreDriver.all)
    func staged(driver: StoreDriver) async throws {
        let bytes = FixtureWorld.bytes("a large envelope", 2_500_000)
        let stage = try Stage()
        let place = try driver.makePlace()
        defer { place.remove() }
        try await place.twice({ store in
            let batch = try await stage.submit(Self.stage(bytes, in: store))
            try await stage.commit(to: store)
            #expect(try await store.envelopeSize(stage.message(batch)) == nil)
            try await store.commit(batch)
        }) { store async throws in
            let message = try #require(
                try await store.inbox(FixtureWorld.speaker.party, after: ArrivalNumber(0), limit: 1).first
            )
            .message
            #expect(try await store.envelopeSize(message) == 2_500_000)
            try await Self.checkRanges(of: bytes, message, store)
        }
    }

    private static func checkRanges(of bytes: [UInt8], _ message: MessageID, _ store: any Store) async throws {
        let count = UInt64(bytes.count)
        let most: UInt64 = 1 << 20
        for range in [0..<1, 0..<count, 1..<count - 1, count - 1..<count, 17..<17, 0..<UInt64.max] {
            let start = Int(range.lowerBound)
            let end = Int(min(range.upperBound, count, range.lowerBound + most))
            #expect(try await store.envelope(message, range) == Array(bytes[start..<end]), "\(range)")
        }
        #expect(try await store.envelope(message, count..<count + 5).isEmpty)
        #expect(try await store.envelope(message, UInt64.max - 1..<UInt64.max).isEmpty)
    }

    @Test("an envelope nobody has is not found", arguments: StoreDriver.all)
    func unknown(driver: StoreDriver) async throws {
        let scene = try Scene()
        let place = try driver.makePlace()
        defer { place.remove() }
        try await place.withStore { store in
            try await store.commit(scene.batches[0])
            #expect(try await store.envelopeSize(scene.carried) == nil)
            try await expect(.notFound) { _ = try await store.envelope(scene.carried, 0..<1) }
        }
    }

    @Test(
        "what was staged and never committed is gone after reopening, what was committed is not",
        arguments: StoreDriver.all)
    func orphans(driver: StoreDriver) async throws {
        let stage = try Stage()
        let bytes = FixtureWorld.bytes("kept", 200_000)
        let place = try driver.makePlace()
        defer { place.remove() }
        let (orphan, batch) = try await place.withStore { store in
            try await stage.commit(to: store)
            let orphan = try await Self.stage(FixtureWorld.bytes("orphan", 200_000), in: store)
            let batch = try await stage.submit(Self.stage(bytes, in: store))
            try await store.commit(batch)
            return (orphan, batch)
        }
        for _ in 0..<2 {
            try await place.withStore { store in
                #expect(try await store.envelope(stage.message(batch), 0..<200_000) == bytes)
                let second = try stage.after(batch, orphan)
                try await expect(.notFound) { try await store.commit(second) }
                #expect(try await store.load()?.head == batch.head)
            }
        }
    }

    @Test("a discarded envelope cannot be committed, a committed one cannot be discarded", arguments: StoreDriver.all)
    func discard(driver: StoreDriver) async throws {
        let stage = try Stage()
        let place = try driver.makePlace()
        defer { place.remove() }
        try await place.withStore { store in
            try await stage.commit(to: store)
            let unfinished = try await store.stageEnvelope()
            try await unfinished.write([1, 2, 3])
            await unfinished.discard()
            try await expect(.unavailable) { try await unfinished.write([4]) }
            try await expect(.unavailable) { _ = try await unfinished.finish() }

            let finished = try await store.stageEnvelope()
            try await finished.write([1, 2, 3])
            let dropped = try await finished.finish()
            #expect(try await finished.finish() == dropped)
            await finished.discard()
            try await expect(.notFound) { try await store.commit(stage.submit(dropped)) }

            let writer = try await store.stageEnvelope()
            try await writer.write([1, 2, 3])
            let batch = try await stage.submit(writer.finish())
            try await store.commit(batch)
            await writer.discard()
            #expect(try await store.envelope(stage.message(batch), 0..<9) == [1, 2, 3])
        }
    }

    @Test("a batch that names a file of another size or name is refused", arguments: StoreDriver.all)
    func wrongName(driver: StoreDriver) async throws {
        let stage = try Stage()
        let place = try driver.makePlace()
        defer { place.remove() }
        try await place.withStore { store in
            try await stage.commit(to: store)
            let good = try await Self.stage([1, 2, 3], in: store)
            let wrong = [
                StagedEnvelope(name: good.name, size: 4), StagedEnvelope(name: "../log.sqlite", size: 3),
                StagedEnvelope(name: "", size: 3), StagedEnvelope(name: String(repeating: "0", count: 32), size: 3),
            ]
            for staged in wrong { try await expect(.notFound) { try await store.commit(stage.submit(staged)) } }
            try await store.commit(stage.submit(good))
        }
    }

    static func stage(_ bytes: [UInt8], in store: any Store) async throws -> StagedEnvelope {
        let writer = try await store.stageEnvelope()
        for start in stride(from: 0, to: bytes.count, by: 300_000) {
            try await writer.write(Array(bytes[start..<min(start + 300_000, bytes.count)]))
        }
        return try await writer.finish()
    }
}

/// A log with keys, ready for one submission.
private struct Stage {
    private let log: LogFixture
    private let batches: [CommitBatch]

    init() throws {
        var log = try LogFixture(world: FixtureWorld())
        let keys = try log.batch([log.publishKey(FixtureWorld.speaker)])
        batches = [log.founding, keys]
        self.log = log
    }

    func commit(to store: any Store) async throws { for batch in batches { try await store.commit(batch) } }

    func submit(_ staged: StagedEnvelope) throws -> CommitBatch {
        var log = log
        return try Self.submit(staged, to: &log)
    }

    /// A batch to follow the one that ``submit(_:)`` gave.
    func after(_ batch: CommitBatch, _ staged: StagedEnvelope) throws -> CommitBatch {
        var log = log
        _ = try log.batch(batch.entries.compactMap { $0.entry.signed.map { LogFixture.Item($0) } })
        _ = try log.submit(
            by: FixtureWorld.envoy, legs: [Leg(intermediaries: [], recipient: FixtureWorld.speaker.party)])
        return try Self.submit(staged, to: &log)
    }

    private static func submit(_ staged: StagedEnvelope, to log: inout LogFixture) throws -> CommitBatch {
        let leg = Leg(intermediaries: [], recipient: FixtureWorld.speaker.party)
        return try log.batch([
            log.submit(by: FixtureWorld.envoy, legs: [leg], payload: Int(staged.size), envelope: .staged(staged))
        ])
    }

    func message(_ batch: CommitBatch) -> MessageID {
        batch.entries.first?.changes?.message?.id ?? MessageID(.zero)
    }
}
