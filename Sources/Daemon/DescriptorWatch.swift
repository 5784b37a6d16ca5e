package import Logging
import ServiceLifecycle
import Synchronization

/// Says in the log when file descriptors run out: nobody can connect then to be told, not even the operator's health
/// check, and the server library goes on trying without a word.
package final class DescriptorWatch: Service {
    /// Descriptors that are open and that may be; nil where they cannot be counted: to list them takes one itself.
    package typealias Reading = @Sendable () -> (open: UInt64, most: UInt64)?

    private enum Standing {
        /// They could not be listed from the beginning: there is no `/proc`.
        case unknown
        case enough
        case short
    }

    private static let pause = Duration.seconds(2)
    private let logger: Logger
    private let read: Reading
    private let standing = Mutex(Standing.unknown)

    package init(logger: Logger, read: @escaping Reading = { ProcessFigures.descriptors }) {
        self.logger = logger
        self.read = read
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                self.look()
                try? await Task.sleep(for: Self.pause)
            }
        }
    }

    /// Whether so few are left that new connections may find none: more than nine tenths are open.
    package static func isShort(open: UInt64, most: UInt64) -> Bool { most == 0 || open > most / 10 * 9 }

    /// Speaks at each turn for the worse and for the better.
    package func look() {
        let found = read()
        let (before, now) = standing.withLock { standing in
            let before = standing
            switch found {
            case nil: standing = before == .unknown ? .unknown : .short
            case let found?: standing = Self.isShort(open: found.open, most: found.most) ? .short : .enough
            }
            return (before, standing)
        }
        guard before != now else { return }
        if now == .short {
            let figures: Logger.Metadata =
                found.map { ["open": "\($0.open)", "most": "\($0.most)"] } ?? ["open": "all that may be"]
            logger.error(
                "file descriptors run out; new connections wait until some are closed, or the limit is raised",
                metadata: figures)
        } else if before == .short {
            logger.notice("there are file descriptors again")
        }
    }
}
