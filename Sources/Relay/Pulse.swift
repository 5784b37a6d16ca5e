import Ledger
import Statements
package import NIOCore
package import Store

/// Whether a relay is alive, as far as a restart would mend it if not: each thread that serves connections turns, the
/// store reads, and intake has not stopped for good. A wrong clock or a full disk is not its matter.
package struct Pulse: Sendable {
    private let log: PublishedLog
    private let store: any Store
    private let group: any EventLoopGroup

    package init(log: PublishedLog, store: any Store, group: any EventLoopGroup) {
        self.log = log
        self.store = store
        self.group = group
    }

    /// Takes as long as the slowest of them; the watchdog's patience is the limit.
    package func beats() async -> Bool {
        guard log.intake != .stopped else { return false }
        let size = log.snapshot.head.size.rawValue
        guard let last = try? await store.entries(size - 1..<size), last.count == 1 else { return false }
        for loop in group.makeIterator() {
            guard (try? await loop.submit {}.get()) != nil else { return false }
        }
        return true
    }
}
