import Keyring
import Rules
import Statements
import TestKit
import Testing
import Transport

@testable import Desk

@Suite("Sealing keys rotate by themselves")
struct KeyRotationTests {
    private func own(_ desk: Desk) async throws -> [KeyPublication] {
        try await desk.relay.keys(desk.party).publications.filter { $0.delegate == desk.id }.map(\.publication)
    }

    @Test("windows are published ahead, one after the other, and only once")
    func ahead() async throws {
        try await DeskBench.atRelay { bench, box in
            let desk = try bench.desk(FixtureWorld.speaker)
            let care = await desk.keepKeysFresh()
            #expect(care.problem == nil)
            #expect(care.published.count == Desk.windowsAhead - 1)
            let all = try await own(desk).sorted { $0.sealFrom < $1.sealFrom }
            #expect(all.count == Desk.windowsAhead)
            for (earlier, later) in zip(all, all.dropFirst()) { #expect(earlier.sealUntil == later.sealFrom) }
            #expect(try desk.home.sealingKeyNames().count == Desk.windowsAhead)
            #expect(await desk.keepKeysFresh().published.isEmpty)
            box.clock.pass(.days(8))
            #expect(await desk.keepKeysFresh().published.count == 1)
        }
    }

    @Test("a private key is destroyed when both this desk's clock and the log say that its time is over")
    func destroyed() async throws {
        try await DeskBench.atRelay { bench, box in
            let desk = try bench.desk(FixtureWorld.speaker)
            let first = KeyID(publicKey: try RelaySite.sealingKey(FixtureWorld.speaker).publicKey)
            await box.round()
            #expect(await desk.keepKeysFresh().destroyed.isEmpty)
            let record = try #require(try KeyRecords(desk.home).load().records.first { $0.key == first })
            box.clock.pass((record.keepUntil - .minutes(1)) - box.clock.now)
            await box.round()
            #expect(await desk.keepKeysFresh().destroyed.isEmpty)
            #expect(DeskFile.exists(desk.home.sealingKeyFile(first)))
            // The desk's clock alone is not believed.
            box.clock.pass(.minutes(2))
            #expect(await desk.keepKeysFresh().destroyed.isEmpty)
            box.clock.pass(.minutes(20))
            await box.round()
            #expect(await desk.keepKeysFresh().destroyed == [first])
            #expect(!DeskFile.exists(desk.home.sealingKeyFile(first)))
            #expect(await desk.keepKeysFresh().destroyed.isEmpty)
        }
    }

    @Test("a desk without a relay waits a margin longer, and fails no command")
    func offline() async throws {
        try await DeskBench.run { bench in
            let (desk, clock) = (try bench.desk(FixtureWorld.speaker), bench.site.clock)
            try await RelayInABox.run(bench.site) { _ in _ = await desk.keepKeysFresh() }
            let first = try #require(try KeyRecords(desk.home).load().records.first)
            let path = desk.home.sealingKeyFile(first.key)
            clock.pass(first.keepUntil - clock.now + .days(1))
            let care = await desk.keepKeysFresh()
            #expect((care.problem as? TransportError)?.code == .relayUnavailable)
            #expect(try await desk.destroyOverdueKeys().isEmpty)
            #expect(DeskFile.exists(path))
            clock.pass(.days(7))
            #expect(try await desk.destroyOverdueKeys() == [first.key])
            #expect(!DeskFile.exists(path))
        }
    }
}
