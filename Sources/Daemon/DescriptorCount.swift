import Glibc
import Synchronization

/// How many file descriptors this process has open.
///
/// Linux says so as the size of a folder since 6.2: one call, which takes no descriptor itself. Before that they are
/// listed, which takes one, and longer the more there are: so at most once in ``age``.
package final class DescriptorCount: Sendable {
    /// Nil where the system does not say.
    package typealias Reading = @Sendable () -> UInt64?

    package static let ofProcess = DescriptorCount(told: told, listed: listed)
    /// How old a list may be.
    package static let age = Duration.seconds(5)

    private let readTold: Reading
    private let readListed: Reading
    private let age: Duration
    private let newest = Mutex<(at: ContinuousClock.Instant, count: UInt64?)?>(nil)

    package init(told: @escaping Reading, listed: @escaping Reading, age: Duration = DescriptorCount.age) {
        readTold = told
        readListed = listed
        self.age = age
    }

    package var current: UInt64? {
        if let count = readTold() { return count }
        let now = ContinuousClock.now
        return newest.withLock { newest in
            if let newest, now - newest.at < age { return newest.count }
            let count = readListed()
            newest = (now, count)
            return count
        }
    }

    /// Nil before Linux 6.2, where the folder has no size.
    package static func told() -> UInt64? {
        var facts = stat()
        guard stat("/proc/self/fd", &facts) == 0, facts.st_size > 0 else { return nil }
        return UInt64(facts.st_size)
    }

    /// Nil also where no descriptor is left to list them with.
    package static func listed() -> UInt64? {
        guard let folder = opendir("/proc/self/fd") else { return nil }
        defer { closedir(folder) }
        var count: UInt64 = 0
        while readdir(folder) != nil { count += 1 }
        // Without `.`, `..` and the one that lists them.
        return count >= 3 ? count - 3 : nil
    }
}
