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

    /// Whether statements are decided: to sign over a store whose state is not known could fork the log.
    package enum Intake: Sendable {
        case open
        /// What became of a commit is not known, and the store could not be read. It is looked up again.
        case uncertain
        /// For good: the store is neither before nor after a commit whose outcome was not known, or does not belong to
        /// the signed root.
        case stopped
    }

    private let state: Mutex<Snapshot>
    private let intakeState = Mutex(Intake.open)
    private let draining = Mutex(false)
    package init(_ snapshot: Snapshot) { state = Mutex(snapshot) }
    package var snapshot: Snapshot { state.withLock { $0 } }
    package var intake: Intake { intakeState.withLock { $0 } }
    func set(_ intake: Intake) { intakeState.withLock { $0 = intake } }
    /// Whether nothing new is taken any more: the relay is about to be stopped.
    package var isDraining: Bool { draining.withLock { $0 } }
    package func drain() { draining.withLock { $0 = true } }
    func publish(_ snapshot: Snapshot) { state.withLock { $0 = snapshot } }
}
