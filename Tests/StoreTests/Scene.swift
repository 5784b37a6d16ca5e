import Ledger
import Rules
import Statements
import Store
import TestKit

/// A short history in which every view has something to show.
struct Scene {
    var log: LogFixture
    /// In order; the first one brings the charter.
    var batches: [CommitBatch]
    /// From `us-envoy` through `lebanon-speaker` to `hezbollah`, conveyed, retrieved and opened: settled.
    let carried: MessageID
    /// The same route; conveyed and retrieved in one batch with its submission.
    let hurried: MessageID
    /// From `hezbollah` to `lebanon-speaker`; untouched.
    let waiting: MessageID
    /// From `us-envoy` to `lebanon-speaker`; recalled.
    let recalled: MessageID

    static let zero = LegNumber(0).unsafelyUnwrapped
    static let route = Leg(intermediaries: [FixtureWorld.speaker.party], recipient: FixtureWorld.hezbollah.party)
    static let parties = [FixtureWorld.envoy, FixtureWorld.speaker, FixtureWorld.hezbollah].map(\.party)

    init() throws {
        var log = try LogFixture(world: FixtureWorld())
        var batches = [log.founding]
        batches.append(
            try log.batch(
                FixtureWorld.delegates.map { try log.publishKey($0) }
                    + [log.publishKey(FixtureWorld.speaker, number: 1, lasting: .hours(1))]))
        log.wait(.minutes(1))
        let toSpeaker = Leg(intermediaries: [], recipient: FixtureWorld.speaker.party)
        let first = [
            try log.submit(by: FixtureWorld.envoy, legs: [Self.route], payload: 6_000),
            try log.submit(by: FixtureWorld.hezbollah, legs: [toSpeaker], expiresIn: .hours(72)),
            try log.submit(by: FixtureWorld.envoy, legs: [toSpeaker], expiresIn: .hours(24)),
        ]
        batches.append(try log.batch(first))
        (carried, waiting, recalled) = (first[0].message, first[1].message, first[2].message)
        log.wait(.minutes(1))
        batches.append(
            try log.batch(
                Self.parties.map { try log.tick($0) }
                    + [
                        Self.convey(log, carried),
                        log.sign(.recall(recalled, legs: [Self.zero]), by: FixtureWorld.envoy),
                    ]))
        log.wait(.minutes(1))
        let later = try log.submit(by: FixtureWorld.deputy, legs: [Self.route], expiresIn: .hours(36))
        hurried = later.message
        batches.append(
            try log.batch([
                Self.receipt(log, carried, .retrieved), later, Self.convey(log, hurried),
                Self.receipt(log, hurried, .retrieved), Self.receipt(log, carried, .opened),
            ]))
        log.wait(.minutes(1))
        batches.append(try log.batch(Self.parties.dropFirst().map { try log.tick($0) }))
        self.log = log
        self.batches = batches
    }

    /// A log that has ticks only, all of them in one batch.
    static func ticking(_ count: Int) throws -> (log: LogFixture, batch: CommitBatch) {
        var log = try LogFixture(world: FixtureWorld())
        var ticks: [LogFixture.Item] = []
        for _ in 0..<count {
            log.wait(TimeSpan(milliseconds: 1))
            ticks.append(try log.tick(parties[0]))
        }
        let batch = try log.batch(ticks)
        return (log, batch)
    }

    static func convey(_ log: LogFixture, _ message: MessageID) throws -> LogFixture.Item {
        try log.sign(.conveyance(LegReference(message: message, leg: zero)), by: FixtureWorld.speaker)
    }

    static func receipt(
        _ log: LogFixture, _ message: MessageID, _ outcome: ReceiptOutcome
    ) throws -> LogFixture.Item {
        try log.sign(.receipt(LegReference(message: message, leg: zero), outcome), by: FixtureWorld.hezbollah)
    }

    func commit(to store: any Store) async throws {
        for batch in batches { try await store.commit(batch) }
    }

    /// The custody chain as the log has it.
    func chain(_ message: MessageID) -> [StoredEntry] {
        zip(UInt64(0)..., log.entries).filter { $1.entry.message == message }.map {
            StoredEntry(index: LogIndex(rawValue: $0), bytes: $1.bytes)
        }
    }

    /// The entries with these acts, newest last.
    func entries(where isWanted: (Statement) -> Bool) -> [StoredEntry] {
        zip(UInt64(0)..., log.entries).filter { $1.entry.signed.map { isWanted($0.statement) } ?? false }.map {
            StoredEntry(index: LogIndex(rawValue: $0), bytes: $1.bytes)
        }
    }
}
