import Daemon
import Glibc
import Ledger
import Statements
import Store
import StoreSQLite
import TestKit
import Testing

@Suite("What an operator sees of a store", .timeLimit(.minutes(1)))
struct StoreStatusTests {
    @Test("holders, oldest item and growth are read beside a running relay, without its lock")
    func beside() async throws {
        var options = RelayInABox.Options()
        options.runsActs = false
        try await RelayInABox.run(nil, options) { box in
            let first = try box.envelope()
            try await box.accept(first)
            let begun = box.clock.now
            box.clock.pass(.minutes(30))
            let second = try box.envelope(legs: [RelayInABox.toSpeaker])
            try await box.accept(second)
            box.clock.pass(.minutes(40))
            try await box.tell(first.message, by: FixtureWorld.speaker) { .conveyance($0) }
            let status = try StoreStatus.read(directory: box.dataFolder, at: box.clock.now)
            #expect(status.holders.map(\.party) == [FixtureWorld.hezbollah.party, FixtureWorld.speaker.party])
            #expect(status.holders.map(\.legs) == [1, 1])
            // The one reached its holder by the conveyance, the other by its submission.
            #expect(status.holders.map(\.oldest) == [begun + .minutes(70), begun + .minutes(30)])
            #expect(status.entries == box.head.size.rawValue)
            #expect(status.hour.messages == 1 && status.day.messages == 2)
            #expect(status.hour.entries == 2)
            #expect(status.day.envelopeBytes == UInt64(first.bytes.count + second.bytes.count))
            #expect(status.unsettled == 2 && status.isWhole)
        }
    }

    @Test("a settled message and one past its time wait for nobody")
    func settled() async throws {
        try await RelayInABox.run { box in
            let envelope = try box.envelope(legs: [RelayInABox.toSpeaker], expiresIn: .minutes(30))
            try await box.accept(envelope)
            let late = box.clock.now + .minutes(31)
            #expect(try StoreStatus.read(directory: box.dataFolder, at: late).holders.isEmpty)
            try await box.tell(envelope.message, by: FixtureWorld.speaker) { .receipt($0, .retrieved) }
            try await box.tell(envelope.message, by: FixtureWorld.speaker) { .receipt($0, .opened) }
            let status = try StoreStatus.read(directory: box.dataFolder, at: box.clock.now)
            #expect(status.holders.isEmpty && status.unsettled == 0)
        }
    }

    @Test("a folder without a store, and a store without a log, are told apart from damage")
    func nothing() throws {
        let folder = try TemporaryFolder()
        let error = #expect(throws: StoreError.self) {
            try StoreStatus.read(directory: folder.path, at: FixtureWorld.standardStart)
        }
        #expect(error?.code == .notFound)
        _ = try SQLiteStore.open(directory: "\(folder.path)/data")
        let empty = #expect(throws: StoreError.self) {
            try StoreStatus.read(directory: "\(folder.path)/data", at: FixtureWorld.standardStart)
        }
        #expect(empty?.code == .notFound)
    }

    @Test("the lock's holder is seen without being in its way")
    func lock() throws {
        let folder = try TemporaryFolder()
        #expect(DirectoryLock.holder(of: folder.path) == .nobody)
        let lock = try DirectoryLock(directory: folder.path)
        #expect(DirectoryLock.holder(of: folder.path) == .process(getpid()))
        withExtendedLifetime(lock) {}
        #expect(throws: DaemonError.self) { try DirectoryLock(directory: folder.path) }
    }
}
