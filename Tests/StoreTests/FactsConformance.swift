import Rules
import Statements
import Store
import TestKit
import Testing

@Suite("A store tells the rules what they ask")
struct FactsConformance {
    @Test("of the statements, nonces and messages asked for, those in the log are found", arguments: StoreDriver.all)
    func wanted(driver: StoreDriver) async throws {
        let scene = try Scene()
        let stranger = try LogFixture(world: FixtureWorld(start: FixtureWorld.standardStart + .days(1)))
        var wanted = Facts.Wanted()
        for entry in scene.log.entries { if let signed = entry.entry.signed { wanted.add(signed) } }
        let known = wanted
        let other = try stranger.publishKey(FixtureWorld.envoy)
        wanted.add(other.signed)
        wanted.messages.insert(other.message)
        wanted.nonces.insert(NonceKey(party: Scene.parties[1], nonce: try #require(known.nonces.first).nonce))
        let (asked, expected) = (wanted, known)
        let place = try driver.makePlace()
        defer { place.remove() }
        try await place.twice({ try await scene.commit(to: $0) }) { store async throws in
            let facts = try await store.facts(asked, standing: scene.log.facts.standing)
            #expect(facts.statements == scene.log.facts.statements)
            #expect(Set(facts.statements.keys) == expected.statements)
            #expect(facts.nonces == scene.log.facts.nonces && facts.nonces.count == 4)
            #expect(facts.messages == scene.log.facts.messages.filter { expected.messages.contains($0.key) })
            #expect(facts.messages.count == 3)
            #expect(facts.roots.isEmpty)
            #expect(facts.standing.size == scene.log.facts.standing.size)
        }
    }

    @Test("nothing asked for is nothing found", arguments: StoreDriver.all)
    func nothing(driver: StoreDriver) async throws {
        let scene = try Scene()
        let place = try driver.makePlace()
        defer { place.remove() }
        try await place.withStore { store in
            try await scene.commit(to: store)
            let facts = try await store.facts(Facts.Wanted(), standing: scene.log.facts.standing)
            #expect(facts.statements.isEmpty && facts.nonces.isEmpty && facts.messages.isEmpty)
        }
    }

    @Test("a statement that comes again is decided as a repetition", arguments: StoreDriver.all)
    func repetition(driver: StoreDriver) async throws {
        var scene = try Scene()
        let first = try #require(scene.log.entries.first { $0.entry.message == scene.carried }?.entry.signed)
        guard case .submission(let submission) = first.statement.act else {
            Issue.record("not a submission")
            return
        }
        let signedAgain = try scene.log.submit(
            by: FixtureWorld.deputy, legs: submission.legs, nonce: submission.nonce
        ).signed
        let now = scene.log.now
        let place = try driver.makePlace()
        defer { place.remove() }
        try await place.twice({ try await scene.commit(to: $0) }) { store async throws in
            let loaded = try #require(try await store.load())
            for signed in [first, signedAgain] {
                var wanted = Facts.Wanted()
                wanted.add(signed)
                let facts = try await store.facts(wanted, standing: loaded.standing)
                let examined = ExaminedStatement(signed) { loaded.standing.charter.key($0) }
                guard case .repeated(let index) = Decider.decide(examined, at: now, facts: facts) else {
                    Issue.record("decided anew")
                    continue
                }
                #expect(index == scene.chain(scene.carried).first?.index)
            }
        }
    }

    @Test("after every batch each message is as its chain tells it", arguments: StoreDriver.all)
    func chains(driver: StoreDriver) async throws {
        let scene = try Scene()
        let place = try driver.makePlace()
        defer { place.remove() }
        let store = try await place.open()
        var soFar: [NewEntry] = []
        for batch in scene.batches {
            try await store.commit(batch)
            soFar += batch.entries
            var wanted = Facts.Wanted()
            wanted.messages = [scene.carried, scene.hurried, scene.waiting, scene.recalled]
            let facts = try await store.facts(wanted, standing: scene.log.facts.standing)
            for message in wanted.messages {
                let latest = soFar.last { $0.changes?.message?.id == message }?.changes?.message
                #expect(facts.messages[message] == latest)
            }
        }
        for message in [scene.carried, scene.hurried, scene.waiting, scene.recalled] {
            #expect(try await store.chain(message) == scene.chain(message))
        }
        #expect(try await store.chain(scene.carried).count == 4)
        try await store.close()
    }

    @Test("a statement that is no submission starts no chain", arguments: StoreDriver.all)
    func noMessage(driver: StoreDriver) async throws {
        let scene = try Scene()
        let place = try driver.makePlace()
        defer { place.remove() }
        try await place.withStore { store in
            try await scene.commit(to: store)
            for entry in scene.log.entries {
                guard let signed = entry.entry.signed, signed.statement.act.kind != .submission else { continue }
                #expect(try await store.chain(MessageID(signed.id)).isEmpty)
                #expect(try await store.envelopeSize(MessageID(signed.id)) == nil)
            }
        }
    }
}
