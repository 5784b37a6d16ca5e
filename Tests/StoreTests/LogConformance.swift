import Ledger
import Rules
import Statements
import Store
import TestKit
import Testing

@Suite("A store keeps the log whole")
struct LogConformance {
    @Test("an empty store loads nothing and answers every question with nothing", arguments: StoreDriver.all)
    func empty(driver: StoreDriver) async throws {
        let scene = try Scene()
        let place = try driver.makePlace()
        defer { place.remove() }
        try await place.twice({ _ in }) { store async throws in
            #expect(try await store.load() == nil)
            #expect(try await store.tile(level: 0, index: 0) == nil)
            #expect(try await store.entries(0..<10).isEmpty)
            #expect(try await store.inbox(Scene.parties[0], after: ArrivalNumber(0), limit: 10).isEmpty)
            #expect(try await store.chain(scene.carried).isEmpty)
            #expect(try await store.latestTick(Scene.parties[0]) == nil)
            #expect(try await store.due(at: scene.log.now + .days(300), limit: 10).isEmpty)
            #expect(try await store.envelopeSize(scene.carried) == nil)
        }
    }

    @Test("after every batch the log loads as the rules have it", arguments: StoreDriver.all)
    func roundTrip(driver: StoreDriver) async throws {
        let scene = try Scene()
        let place = try driver.makePlace()
        defer { place.remove() }
        for batch in scene.batches {
            try await place.twice({ if try await $0.load()?.head != batch.head { try await $0.commit(batch) } }) {
                let loaded = try #require(try await $0.load())
                #expect(loaded.head == batch.head)
                #expect(loaded.checkpoint == batch.checkpoint)
                #expect(loaded.standing.size == batch.head.size)
                #expect(loaded.standing.lastAcceptedAt == batch.entries.last?.entry.acceptedAt)
            }
        }
        let loaded = try #require(try await place.withStore { try await $0.load() }).standing
        let expected = scene.log.facts.standing
        #expect(loaded.charter.signed == expected.charter.signed)
        #expect(loaded.keys == expected.keys && loaded.keys.count == 5)
        #expect(loaded.counters == expected.counters)
    }

    @Test("a loaded log can be gone on with", arguments: StoreDriver.all)
    func goingOn(driver: StoreDriver) async throws {
        var scene = try Scene()
        let place = try driver.makePlace()
        defer { place.remove() }
        try await place.withStore { try await scene.commit(to: $0) }
        let next = try scene.log.batch([Scene.receipt(scene.log, scene.hurried, .opened)])
        try await place.twice({ try await $0.commit(next) }) { store async throws in
            #expect(try await store.load()?.head == next.head)
            #expect(try await store.chain(scene.hurried) == scene.chain(scene.hurried))
        }
    }

    @Test("entries and tiles are given as they were committed", arguments: StoreDriver.all)
    func entriesAndTiles(driver: StoreDriver) async throws {
        let scene = try Scene()
        let bytes = scene.log.entries.map(\.bytes)
        let count = UInt64(bytes.count)
        let place = try driver.makePlace()
        defer { place.remove() }
        try await place.twice({ try await scene.commit(to: $0) }) { store async throws in
            #expect(try await store.entries(0..<count) == bytes)
            #expect(try await store.entries(2..<4) == Array(bytes[2..<4]))
            #expect(try await store.entries(count - 1..<count + 200) == [bytes[Int(count) - 1]])
            #expect(try await store.entries(count..<UInt64.max).isEmpty)
            #expect(try await store.entries(3..<3).isEmpty)
            let tile = bytes.flatMap { Merkle.leafHash($0).bytes }
            #expect(try await store.tile(level: 0, index: 0) == tile)
            #expect(try await store.tile(level: 0, index: 1) == nil)
            #expect(try await store.tile(level: 1, index: 0) == nil)
            #expect(try await store.tile(level: 255, index: .max) == nil)
        }
    }

    @Test("a log of several tiles loads, and its tiles give its root", arguments: StoreDriver.all)
    func manyTiles(driver: StoreDriver) async throws {
        let place = try driver.makePlace()
        defer { place.remove() }
        let store = try await place.open()
        var log = try LogFixture(world: FixtureWorld())
        try await store.commit(log.founding)
        for count in [200, 55, 1, 300] {
            var ticks: [LogFixture.Item] = []
            for _ in 0..<count {
                log.wait(TimeSpan(milliseconds: 1))
                ticks.append(try log.tick(Scene.parties[0]))
            }
            try await store.commit(log.batch(ticks))
            #expect(try await store.load()?.head == log.head)
        }
        let size = log.head.size
        #expect(size == 557)
        for id in TileID.tiles(for: size) {
            #expect(try await store.tile(level: id.level, index: id.index)?.count == id.byteCount)
        }
        try await store.close()
    }

    @Test("a batch on another size than the log's writes nothing", arguments: StoreDriver.all)
    func conflict(driver: StoreDriver) async throws {
        let scene = try Scene()
        let place = try driver.makePlace()
        defer { place.remove() }
        let store = try await place.open()
        try await expect(.conflict) { try await store.commit(scene.batches[1]) }
        #expect(try await store.load() == nil)
        try await store.commit(scene.batches[0])
        try await store.commit(scene.batches[1])
        for wrong in [0, 1, 3, 5] {
            try await expect(.conflict) { try await store.commit(scene.batches[wrong]) }
        }
        try await store.close()
        try await place.withStore { store in
            let loaded = try #require(try await store.load())
            #expect(loaded.head == scene.batches[1].head)
            #expect(try await store.entries(0..<100).count == 6)
            #expect(try await store.chain(scene.carried).isEmpty)
            #expect(loaded.standing.counters.isEmpty)
            try await store.commit(scene.batches[2])
        }
    }

    @Test(
        "a batch that was decided for other indexes, or is not as long as it says, is refused",
        arguments: StoreDriver.all)
    func wrongIndexes(driver: StoreDriver) async throws {
        let scene = try Scene()
        let place = try driver.makePlace()
        defer { place.remove() }
        let store = try await place.open()
        try await store.commit(scene.batches[0])
        let good = scene.batches[1]
        let moved = CommitBatch(
            base: good.base, entries: good.entries.reversed(), tiles: good.tiles, head: good.head,
            checkpoint: good.checkpoint)
        let short = CommitBatch(
            base: good.base, entries: good.entries.dropLast(), tiles: good.tiles, head: good.head,
            checkpoint: good.checkpoint)
        try await expect(.conflict) { try await store.commit(moved) }
        try await expect(.conflict) { try await store.commit(short) }
        #expect(try await store.load()?.head == scene.batches[0].head)
        try await store.close()
    }

    @Test("a batch that fails in its middle leaves nothing behind", arguments: StoreDriver.all)
    func rollback(driver: StoreDriver) async throws {
        let scene = try Scene()
        // Another log of the same charter, which accepts as its seventh entry what this one has as its first.
        var fork = try LogFixture(world: FixtureWorld())
        _ = try fork.batch((10..<15).map { try fork.publishKey(FixtureWorld.deputy, number: $0) })
        let known = try #require(scene.batches[1].entries[0].entry.signed)
        let broken = try fork.batch([fork.publishKey(FixtureWorld.speaker, number: 16), LogFixture.Item(known)])
        let place = try driver.makePlace()
        defer { place.remove() }
        try await place.twice({ store in
            try await store.commit(scene.batches[0])
            try await store.commit(scene.batches[1])
            try await expect(.damaged) { try await store.commit(broken) }
        }) { store async throws in
            #expect(try await store.entries(0..<10).count == 6)
            let loaded = try #require(try await store.load())
            #expect(loaded.head == scene.batches[1].head)
            #expect(loaded.standing.keys.count == 5)
        }
    }

    @Test("of two commits on one size exactly one wins", arguments: StoreDriver.all)
    func race(driver: StoreDriver) async throws {
        let place = try driver.makePlace()
        defer { place.remove() }
        let store = try await place.open()
        var log = try LogFixture(world: FixtureWorld())
        try await store.commit(log.founding)
        for round in 0..<20 {
            let rivals = try FixtureWorld.delegates.map { delegate in
                var rival = log
                let batch = try rival.batch([rival.publishKey(delegate, number: round, lasting: .minutes(5))])
                return (log: rival, batch: batch)
            }
            let outcomes = await withTaskGroup(of: (Int, StoreError?).self) { group in
                for (number, batch) in rivals.map(\.batch).enumerated() {
                    group.addTask {
                        do throws(StoreError) { try await store.commit(batch) } catch { return (number, error) }
                        return (number, nil)
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            let winners = outcomes.filter { $0.1 == nil }.map(\.0)
            try #require(winners.count == 1)
            #expect(outcomes.allSatisfy { $0.1 == nil || $0.1?.code == .conflict })
            log = rivals[winners[0]].log
            log.wait(.minutes(10))
            #expect(try await store.load()?.head == log.head)
        }
        try await store.close()
    }
}

/// That a call fails with this code.
func expect(
    _ code: StoreError.Code, sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> Void
) async throws {
    let error = await #expect(throws: StoreError.self, sourceLocation: sourceLocation) { try await body() }
    #expect(error?.code == code, sourceLocation: sourceLocation)
}
