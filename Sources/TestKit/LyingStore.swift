package import Rules
package import Statements
package import Store
import Synchronization

/// What a store says in place of what it holds: a dishonest operator's view of its own log. The relay above it is the
/// real one; it decides, proves and serves what it is told.
package final class Lies: Sendable {
    /// One lie for each question. The honest answer goes in; as long as nothing is told, it comes out again.
    package struct Told: Sendable {
        /// What a batch is decided on.
        package var facts: @Sendable (Facts) -> Facts = { $0 }
        package var tile: @Sendable ([UInt8]?) -> [UInt8]? = { $0 }
        package var inbox: @Sendable (PartyID, [Arrival]) -> [Arrival] = { $1 }
        /// What was sent in a party's name.
        package var submissions: @Sendable ([MessageID]) -> [MessageID] = { $0 }
        /// What a limited auditor is shown.
        package var scope: @Sendable (PartyID, [StoredEntry]) -> [StoredEntry] = { $1 }
        package var chain: @Sendable (MessageID, [StoredEntry]) -> [StoredEntry] = { $1 }
        package var publications: @Sendable (PartyID, [StoredEntry]) -> [StoredEntry] = { $1 }
        /// What a tick's hash is said to be over.
        package var keys: @Sendable ([SealingKeyRecord]) -> [SealingKeyRecord] = { $0 }
        package var latestTick: @Sendable (PartyID, StoredEntry?) -> StoredEntry? = { $1 }
        /// The messages with a leg that has run out of time.
        package var due: @Sendable ([MessageID]) -> [MessageID] = { $0 }
        package var erasure: @Sendable (StoredEntry?) -> StoredEntry? = { $0 }
        package var envelopeSize: @Sendable (UInt64?) -> UInt64? = { $0 }
        package var envelope: @Sendable ([UInt8], Range<UInt64>) -> [UInt8] = { bytes, _ in bytes }
        package init() {}
    }

    private let state = Mutex(Told())
    package init() {}

    /// What is told from now on.
    package var told: Told { state.withLock { $0 } }

    package func tell(_ change: (inout Told) -> Void) { state.withLock { change(&$0) } }

    /// Says the truth again.
    package func stop() { state.withLock { $0 = Told() } }
}
