import Ledger
import Rules
import Statements
import Store
import TestKit
import Testing

@Suite("A store's views show what was committed")
struct ViewConformance {
    @Test("an inbox has its arrivals in order, from a number on and up to a limit", arguments: StoreDriver.all)
    func inbox(driver: StoreDriver) async throws {
        let scene = try Scene()
        let place = try driver.makePlace()
        defer { place.remove() }
        try await place.twice({ try await scene.commit(to: $0) }) { store async throws in
            for party in Scene.parties {
                #expect(
                    try await store.inbox(party, after: ArrivalNumber(0), limit: 100) == scene.log.arrivals(at: party))
            }
            let speaker = FixtureWorld.speaker.party
            let all = scene.log.arrivals(at: speaker)
            #expect(all.map(\.message) == [scene.carried, scene.waiting, scene.recalled, scene.hurried])
            #expect(all.map(\.number.value) == [1, 2, 3, 4])
            #expect(try await store.inbox(speaker, after: ArrivalNumber(1), limit: 2) == Array(all[1...2]))
            #expect(try await store.inbox(speaker, after: ArrivalNumber(4), limit: 2).isEmpty)
            #expect(try await store.inbox(speaker, after: ArrivalNumber(.max), limit: 2).isEmpty)
            #expect(try await store.inbox(speaker, after: ArrivalNumber(0), limit: 0).isEmpty)
            #expect(try await store.inbox(speaker, after: ArrivalNumber(0), limit: -1).isEmpty)
            #expect(try await store.inbox(.relay, after: ArrivalNumber(0), limit: 9).isEmpty)
        }
    }

    @Test("a party's submissions come in order, from an index on and up to a limit", arguments: StoreDriver.all)
    func submissions(driver: StoreDriver) async throws {
        let scene = try Scene()
        let place = try driver.makePlace()
        defer { place.remove() }
        let envoy = FixtureWorld.envoy.party
        let first = try #require(scene.chain(scene.carried).first).index
        let last = try #require(scene.chain(scene.hurried).first).index
        try await place.twice({ try await scene.commit(to: $0) }) { store async throws in
            // The last one is the deputy's: an office is one originator.
            let all = [scene.carried, scene.recalled, scene.hurried]
            #expect(try await store.submissions(of: envoy, after: 0, limit: 100) == all)
            #expect(try await store.submissions(of: envoy, after: 0, limit: 2) == Array(all[..<2]))
            #expect(try await store.submissions(of: envoy, after: first, limit: 100) == Array(all[1...]))
            #expect(try await store.submissions(of: envoy, after: last, limit: 100).isEmpty)
            #expect(try await store.submissions(of: envoy, after: LogIndex(.max), limit: 100).isEmpty)
            #expect(try await store.submissions(of: envoy, after: 0, limit: -1).isEmpty)
            let hezbollah = FixtureWorld.hezbollah.party
            #expect(try await store.submissions(of: hezbollah, after: 0, limit: 100) == [scene.waiting])
            #expect(try await store.submissions(of: FixtureWorld.speaker.party, after: 0, limit: 100).isEmpty)
        }
    }

    @Test("a party's key publications are given until their keys are destroyed", arguments: StoreDriver.all)
    func publications(driver: StoreDriver) async throws {
        let scene = try Scene()
        let place = try driver.makePlace()
        defer { place.remove() }
        try await place.twice({ try await scene.commit(to: $0) }) { store async throws in
            for party in Scene.parties {
                let expected = scene.entries { $0.party == party && $0.act.kind == .keyPublication }
                #expect(try await store.publications(party, at: scene.log.now) == expected)
            }
            let speaker = FixtureWorld.speaker.party
            let records = scene.log.facts.standing.keys.values.filter { $0.delegate == FixtureWorld.speaker }
            let ends = records.map(\.keepUntil).sorted()
            let before = TimeSpan(milliseconds: 1)
            #expect(try await store.publications(speaker, at: ends[0] - before).count == 2)
            #expect(try await store.publications(speaker, at: ends[0]).count == 1)
            #expect(try await store.publications(speaker, at: ends[1] - before).count == 1)
            #expect(try await store.publications(speaker, at: ends[1]).isEmpty)
        }
    }

    @Test("the keys before an entry give the hash that its tick names", arguments: StoreDriver.all)
    func keys(driver: StoreDriver) async throws {
        let scene = try Scene()
        let place = try driver.makePlace()
        defer { place.remove() }
        try await place.twice({ try await scene.commit(to: $0) }) { store async throws in
            let all = scene.log.facts.standing.keys.values.sorted { $0.keyID < $1.keyID }
            let start = scene.log.world.start
            #expect(try await store.keys(before: 100, at: start) == all)
            #expect(try await store.keys(before: 1, at: start).isEmpty)
            #expect(try await store.keys(before: 3, at: start).count == 2)
            #expect(try await store.keys(before: 100, at: start + .hours(1)).count == 4)
            #expect(try await store.keys(before: 100, at: start + .days(7)).isEmpty)
            let tick = try #require(try await store.latestTick(FixtureWorld.envoy.party))
            let entry = try Entry(der: tick.bytes, limit: Bounds.entry)
            guard case .tick(let content) = entry.signed?.statement.act else {
                Issue.record("not a tick")
                return
            }
            let listed = try await store.keys(before: tick.index, at: entry.acceptedAt)
            #expect(try KeyList(listed, at: entry.acceptedAt).hash() == content.keys)
        }
    }

    @Test("the newest tick of each party is given", arguments: StoreDriver.all)
    func ticks(driver: StoreDriver) async throws {
        let scene = try Scene()
        let place = try driver.makePlace()
        defer { place.remove() }
        try await place.twice({ try await scene.commit(to: $0) }) { store async throws in
            for party in Scene.parties {
                let ticks = scene.entries { statement in
                    if case .tick(let tick) = statement.act { tick.party == party } else { false }
                }
                #expect(ticks.count == (party == Scene.parties[0] ? 1 : 2))
                #expect(try await store.latestTick(party) == ticks.last)
            }
        }
    }

    @Test("messages are due from their deadline until they are settled", arguments: StoreDriver.all)
    func due(driver: StoreDriver) async throws {
        var scene = try Scene()
        let grace = scene.log.world.charter.charter.limits.confirmGrace
        let hurried = try #require(scene.log.facts.messages[scene.hurried]).submission.expiry + grace
        let waiting = try #require(scene.log.facts.messages[scene.waiting]).submission.expiry
        let before = TimeSpan(milliseconds: 1)
        let place = try driver.makePlace()
        defer { place.remove() }
        try await place.twice({ try await scene.commit(to: $0) }) { store async throws in
            // What was settled is never due; a retrieved leg is after the grace.
            #expect(waiting < hurried)
            #expect(try await store.due(at: waiting - before, limit: 10).isEmpty)
            #expect(try await store.due(at: waiting, limit: 10) == [scene.waiting])
            #expect(try await store.due(at: hurried - before, limit: 10) == [scene.waiting])
            #expect(try await store.due(at: hurried, limit: 10) == [scene.waiting, scene.hurried])
            #expect(try await store.due(at: hurried, limit: 1) == [scene.waiting])
        }
        scene.log.wait(hurried - scene.log.now)
        let notices = try [scene.hurried, scene.waiting].map {
            try scene.log.sign(
                .expiry(LegReference(message: $0, leg: Scene.zero)), by: DelegateID(party: .relay, name: .act))
        }
        let batch = try scene.log.batch(notices)
        try await place.twice({ try await $0.commit(batch) }) { store async throws in
            #expect(try await store.due(at: hurried + .days(300), limit: 10).isEmpty)
        }
    }
}
