import Ledger
import Statements
import Store
import TestKit
import Testing

@Suite("A store has what limited auditors are shown")
struct ScopeConformance {
    @Test("their entries come in order, from an index on and up to a limit", arguments: StoreDriver.all)
    func scope(driver: StoreDriver) async throws {
        let (envoy, speaker, observer) = (FixtureWorld.envoy, FixtureWorld.speaker, FixtureWorld.observer.party)
        var log = try LogFixture(world: FixtureWorld(observes: [PartyPair(envoy.party, speaker.party)]))
        var batches = [log.founding, try log.batch([log.publishKey(FixtureWorld.hezbollah)])]
        let hezbollah = FixtureWorld.hezbollah.party
        for number in 0..<6 {
            log.wait(.seconds(1))
            let watched = Leg(intermediaries: [speaker.party], recipient: hezbollah)
            let other = Leg(intermediaries: [], recipient: hezbollah)
            let isWatched = number.isMultiple(of: 2)
            let item = try log.submit(by: isWatched ? envoy : speaker, legs: [isWatched ? watched : other])
            batches.append(try log.batch([item]))
            batches.append(try log.batch([log.tick(speaker.party)]))
        }
        let shown = log.entries.enumerated().filter { $1.entry.signed?.statement.party == envoy.party }
            .map { StoredEntry(index: LogIndex(UInt64($0)), bytes: $1.bytes) }
        #expect(shown.count == 3)
        let place = try driver.makePlace()
        defer { place.remove() }
        try await place.twice { store in
            for batch in batches { try await store.commit(batch) }
        } check: { store async throws in
            #expect(try await store.scope(of: observer, after: 0, limit: 100) == shown)
            #expect(try await store.scope(of: observer, after: shown[0].index, limit: 1) == [shown[1]])
            #expect(try await store.scope(of: observer, after: shown[2].index, limit: 9).isEmpty)
            #expect(try await store.scope(of: observer, after: LogIndex(.max), limit: 9).isEmpty)
            #expect(try await store.scope(of: observer, after: 0, limit: -1).isEmpty)
            #expect(try await store.scope(of: envoy.party, after: 0, limit: 9).isEmpty)
        }
    }
}
