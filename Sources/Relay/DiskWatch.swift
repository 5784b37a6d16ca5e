package import Daemon
import Ledger
import Statements
import Synchronization
import Wire

/// How much of the disk is left for those who must still be able to say something when it grows full.
package struct DiskFloor: Sendable, Hashable {
    /// Below so many free bytes no new content is taken; nil for 5 % of the disk, at most 1 GiB.
    package var bytes: UInt64?
    package init(bytes: UInt64? = nil) { self.bytes = bytes }

    /// Below this no content is taken: submissions, uploads, drafts.
    package func content(of size: UInt64) -> UInt64 { bytes ?? min(1 << 30, size / 20) }
    /// Below this nothing is taken any more. What is between the two is for receipts, refusals and recalls, and for the
    /// database's own log, which grows before it shrinks.
    package func statements(of size: UInt64) -> UInt64 { content(of: size) / 4 }
}

/// Stops intake before the disk is full: a relay without space could not log that a message was received, nor its own
/// ticks.
package final class DiskWatch: Sendable {
    /// How the disk of the data directory stands.
    struct Standing: Sendable, Hashable {
        let space: DiskSpace
        let contentFloor: UInt64
        let statementFloor: UInt64

        var takesContent: Bool { space.free >= contentFloor }
        var takesStatements: Bool { space.free >= statementFloor }
    }

    /// How the system is asked.
    package struct Reading: Sendable {
        /// How old an answer may be.
        package var age = Duration.seconds(1)
        package var space: @Sendable (String) -> DiskSpace? = { DiskSpace(of: $0) }
        package init() {}
    }

    private let reading: Reading
    private let floor: DiskFloor
    private let folder: String?
    private let newest = Mutex<(at: ContinuousClock.Instant, standing: Standing?)?>(nil)

    /// - Parameter folder: the data directory; nil for a store that is not on this machine's disk.
    package init(folder: String?, floor: DiskFloor, reading: Reading = Reading()) {
        self.folder = folder
        self.reading = reading
        self.floor = floor
    }

    /// At most a second old; nil where the system does not say.
    var standing: Standing? {
        guard let folder else { return nil }
        let now = ContinuousClock.now
        return newest.withLock { newest in
            if let newest, now - newest.at < reading.age { return newest.standing }
            let standing = reading.space(folder).map {
                Standing(
                    space: $0, contentFloor: floor.content(of: $0.size), statementFloor: floor.statements(of: $0.size))
            }
            newest = (now, standing)
            return standing
        }
    }

    /// Refuses what the disk has no room for; everything passes where the system does not say how it stands.
    func admit(_ route: Route) throws(Problem) {
        let appetite = route.appetite
        guard appetite != .nothing else { return }
        try admit(content: appetite == .content)
    }

    /// To be asked with each piece of content that is written: what is on its way comes below no floor either.
    func admit(content: Bool = true) throws(Problem) {
        guard let standing, !(content ? standing.takesContent : standing.takesStatements) else { return }
        let rest =
            standing.takesStatements
            ? "Receipts, refusals and recalls are still taken." : "Only reading is possible until then."
        var problem = Problem(.storageLow, "The relay's disk is nearly full: nothing of this kind is taken. \(rest)")
        // A disk is not made larger in a few seconds.
        problem.retryAfter = 60
        throw problem
    }
}
