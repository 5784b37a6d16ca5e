import Ledger
import Rules
import Statements
import Store
import TestKit
import Testing

@Suite("A store erases contents")
struct ErasureConformance {
    @Test("settled messages are named from their time on, the longest settled first", arguments: StoreDriver.all)
    func settled(driver: StoreDriver) async throws {
        let place = try driver.makePlace()
        defer { place.remove() }
        var scene = try ErasureScene()
        let store = try await place.open()
        try await scene.begin(store)
        for number in 0..<4 { try await scene.submit(.inline([UInt8(number)]), 1, to: store) }
        let (first, second, third) = (scene.messages[2], scene.messages[0], scene.messages[3])
        try await scene.settle(first, in: store)
        let time = scene.log.now
        for message in [second, third] { try await scene.settle(message, in: store) }
        let (before, end) = (time - TimeSpan(milliseconds: 1), scene.log.now)
        #expect(try await store.settled(before: before, limit: 9).isEmpty)
        #expect(try await store.settled(before: time, limit: 9) == [first])
        #expect(try await store.settled(before: end, limit: 9) == [first, second, third])
        #expect(try await store.settled(before: end, limit: 2) == [first, second])
        scene.log.wait(ErasureScene.retention)
        try await store.commit(scene.erasure([second, first]))
        try await store.close()
        try await place.withStore { store async throws in
            #expect(try await store.settled(before: end, limit: 9) == [third])
        }
    }

    @Test("under a charter without a retention no account is kept", arguments: StoreDriver.all)
    func without(driver: StoreDriver) async throws {
        let place = try driver.makePlace()
        defer { place.remove() }
        let scene = try Scene()
        try await place.withStore { store in
            try await scene.commit(to: store)
            #expect(try await store.settled(before: Timestamp(milliseconds: .max), limit: 9).isEmpty)
        }
    }

    @Test("an erased envelope is gone for good, its custody chain is not", arguments: StoreDriver.all)
    func erased(driver: StoreDriver) async throws {
        let place = try driver.makePlace()
        defer { place.remove() }
        var scene = try ErasureScene()
        let store = try await place.open()
        try await scene.begin(store)
        let bytes = FixtureWorld.bytes("large", 400_000)
        let small = try await scene.submit(.inline([1, 2, 3]), 3, to: store)
        let large = try await scene.submit(
            .staged(try await EnvelopeConformance.stage(bytes, in: store)), bytes.count, to: store)
        let other = try await scene.submit(.inline([4, 5, 6]), 3, to: store)
        for message in [small, large] { try await scene.settle(message, in: store) }
        #expect(try await store.envelope(large, 399_990..<400_000) == Array(bytes[399_990...]))
        let chain = try await store.chain(small)
        scene.log.wait(ErasureScene.retention)
        try await store.commit(scene.erasure([small, large]))
        #expect(try await store.finishErasures())
        let entry = StoredEntry(
            index: LogIndex(scene.log.head.size.rawValue - 1), bytes: try #require(scene.log.entries.last).bytes)
        try await store.close()
        try await place.withStore { store async throws in
            for message in [small, large] {
                #expect(try await store.envelopeSize(message) == nil)
                try await expect(.notFound) { _ = try await store.envelope(message, 0..<1) }
                #expect(try await store.erasure(message) == entry)
            }
            #expect(try await store.chain(small) == chain)
            #expect(try await store.erasure(other) == nil)
            #expect(try await store.envelope(other, 0..<9) == [4, 5, 6])
            if let folder = (place as? SQLitePlace)?.store {
                #expect(SQLitePlace.names(folder + "/envelopes").isEmpty)
            }
        }
    }

    @Test("the rules are told where each content is in its life", arguments: StoreDriver.all)
    func stages(driver: StoreDriver) async throws {
        let place = try driver.makePlace()
        defer { place.remove() }
        var scene = try ErasureScene()
        let store = try await place.open()
        try await scene.begin(store)
        for number in 0..<3 { try await scene.submit(.inline([UInt8(number)]), 1, to: store) }
        try await scene.settle(scene.messages[0], in: store)
        try await scene.settle(scene.messages[1], in: store)
        let since = scene.log.now
        scene.log.wait(ErasureScene.retention)
        try await store.commit(scene.erasure([scene.messages[0]]))
        let erasure = LogIndex(scene.log.head.size.rawValue - 1)
        var wanted = Facts.Wanted()
        wanted.contents = Set(scene.messages + [MessageID(.zero)])
        let facts = try await store.facts(wanted, standing: scene.log.facts.standing)
        #expect(
            facts.contents == [
                scene.messages[0]: .erased(erasure), scene.messages[1]: .settled(since),
                scene.messages[2]: .unsettled,
            ])
        try await store.close()
    }
}
