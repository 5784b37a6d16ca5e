import Ledger
import Rules
import Statements
import Store
import StoreSQLite
import TestKit

/// A log under a charter that names a retention, with letters from the envoy to the speaker.
struct ErasureScene {
    var log: LogFixture
    private(set) var messages: [MessageID] = []

    static let retention = TimeSpan.days(3)
    private static let zero = LegNumber(0).unsafelyUnwrapped
    private static let leg = Leg(intermediaries: [], recipient: FixtureWorld.speaker.party)

    init() throws {
        var limits = Limits.standard
        limits.retention = Self.retention
        log = try LogFixture(world: FixtureWorld(limits: limits))
    }

    /// Commits the charter and a key to seal to.
    mutating func begin(_ store: any Store) async throws {
        try await store.commit(log.founding)
        try await store.commit(log.batch([log.publishKey(FixtureWorld.speaker)]))
    }

    /// A log of its own, begun in a store of this place.
    static func begun(in place: SQLitePlace) async throws -> (scene: ErasureScene, store: SQLiteStore) {
        let store = try place.openSQLite()
        var scene = try ErasureScene()
        try await scene.begin(store)
        return (scene, store)
    }

    /// Commits one letter that is settled and past its retention when this returns.
    mutating func outlive(_ envelope: EnvelopeBytes, _ size: Int, in store: any Store) async throws -> MessageID {
        let message = try await submit(envelope, size, to: store)
        try await settle(message, in: store)
        log.wait(Self.retention)
        return message
    }

    /// Commits one letter with these bytes.
    @discardableResult
    mutating func submit(_ envelope: EnvelopeBytes, _ size: Int, to store: any Store) async throws -> MessageID {
        let item = try log.submit(by: FixtureWorld.envoy, legs: [Self.leg], payload: size, envelope: envelope)
        try await store.commit(log.batch([item]))
        messages.append(item.message)
        return item.message
    }

    /// Commits small letters, all at once.
    mutating func submit(_ count: Int, to store: any Store) async throws {
        let items = try (0..<count).map { number in
            try log.submit(
                by: FixtureWorld.envoy, legs: [Self.leg], payload: 1, envelope: .inline([UInt8(number & 255)]))
        }
        try await store.commit(log.batch(items))
        messages += items.map(\.message)
    }

    /// Commits the receipts of letters, a minute later.
    mutating func settle(_ messages: MessageID..., in store: any Store) async throws {
        try await settle(messages, in: store)
    }

    mutating func settle(_ messages: [MessageID], in store: any Store) async throws {
        log.wait(.minutes(1))
        for outcome in [ReceiptOutcome.retrieved, .opened] {
            let receipts = try messages.map { message in
                try log.sign(
                    .receipt(LegReference(message: message, leg: Self.zero), outcome), by: FixtureWorld.speaker)
            }
            try await store.commit(log.batch(receipts))
        }
    }

    mutating func erasure(_ messages: [MessageID]) throws -> CommitBatch {
        try log.batch([log.sign(.erasure(messages), by: DelegateID(party: .relay, name: .act))])
    }
}
