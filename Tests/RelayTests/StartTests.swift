import Daemon
import Ledger
import NIOCore
import NIOPosix
import Relay
import Statements
import StoreSQLite
import TestKit
import Testing
import Wire

@Suite("Starting", .timeLimit(.minutes(1)))
struct StartTests {
    @Test("a port that is in use keeps the relay from starting, and the other goes on")
    func portInUse() async throws {
        let site = try RelaySite()
        let other = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: site.port).get()
        let error = await #expect(throws: (any Error).self) { try await RelayInABox.run(site) { _ in } }
        #expect(String(describing: error).contains("Address already in use"), "\(String(describing: error))")
        try await other.close().get()
        try await RelayInABox.run(site) { try await $0.accept($0.envelope()) }
    }

    @Test("a second process is kept out of the data directory")
    func secondRelay() throws {
        let folder = try TemporaryFolder()
        let first = try DirectoryLock(directory: folder.path)
        let error = #expect(throws: DaemonError.self) { try DirectoryLock(directory: folder.path) }
        #expect(error?.code == "data-directory-in-use")
        #expect(error?.hint == "stop the other process first, or name another directory")
        withExtendedLifetime(first) {}
    }

    @Test("a relay goes on where it was stopped")
    func restarted() async throws {
        let site = try RelaySite()
        let envelope = try await RelayInABox.run(site) { box in
            let envelope = try box.envelope()
            try await box.accept(envelope)
            _ = try await box.audit()
            return envelope
        }
        try await RelayInABox.run(site) { box in
            try await box.accept(box.envelope())
            // Into the mirror of the first life: a log that was rolled back would be found.
            #expect(try await box.count(envelope) == 1)
            #expect(try await box.accept(envelope).statement == envelope.signed.id)
        }
    }

    /// What does not fit together.
    enum Misfit: String, CaseIterable {
        case logKey = "wrong-log-key"
        case actKey = "wrong-act-key"
        case twice = "log-exists"
        case empty = "no-log"
    }

    @Test(
        "keys that are not the charter's, a second log and no log are refused with a next step",
        arguments: Misfit.allCases)
    func misfits(_ misfit: Misfit) async throws {
        let folder = try TemporaryFolder()
        let store = try SQLiteStore.open(directory: "\(folder.path)/data")
        let world = try FixtureWorld()
        let clock = RelayClock(TestClock(world.start).source, jumpLimit: .minutes(10))
        let right = try RelayInABox.signers(world)
        let error = await #expect(throws: RelayError.self) {
            switch misfit {
            case .logKey:
                let name = try #require(NoteName("relay.example/fixture"))
                let other = RelaySigners(log: try FixtureWorld.noteKey("other", name: name), act: right.act)
                try await Founding.found(world.charter, in: store, signers: other, clock: clock)
            case .actKey:
                let other = RelaySigners(log: right.log) { try world.sign($0, by: FixtureWorld.envoy) }
                try await Founding.found(world.charter, in: store, signers: other, clock: clock)
            case .twice:
                for _ in 0..<2 { try await Founding.found(world.charter, in: store, signers: right, clock: clock) }
            case .empty: _ = try await Founding.open(store, signers: right)
            }
        }
        #expect(error?.code == misfit.rawValue)
        #expect(error?.hint.isEmpty == false)
        try await store.close()
    }
}
