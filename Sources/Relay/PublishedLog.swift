package import Ledger
package import Rules
package import Statements
import Synchronization

/// The log as it was last committed: what every reader sees, replaced as a whole after each commit.
package final class PublishedLog: Sendable {
    package struct Snapshot: Sendable {
        package let head: LogHead
        /// The signed note over ``head``.
        package let checkpoint: [UInt8]
        package let builder: TileBuilder
        package let standing: StandingFacts
        package init(head: LogHead, checkpoint: [UInt8], builder: TileBuilder, standing: StandingFacts) {
            self.head = head
            self.checkpoint = checkpoint
            self.builder = builder
            self.standing = standing
        }
    }

    private let state: Mutex<Snapshot>
    private let halted = Mutex(false)
    private let draining = Mutex(false)
    package init(_ snapshot: Snapshot) { state = Mutex(snapshot) }
    package var snapshot: Snapshot { state.withLock { $0 } }
    /// Whether intake stopped for good: the store's state is not known, and signing over it could fork the log.
    package var isHalted: Bool { halted.withLock { $0 } }
    func halt() { halted.withLock { $0 = true } }
    /// Whether nothing new is taken any more: the relay is about to be stopped.
    package var isDraining: Bool { draining.withLock { $0 } }
    package func drain() { draining.withLock { $0 = true } }
    func publish(_ snapshot: Snapshot) { state.withLock { $0 = snapshot } }
}
