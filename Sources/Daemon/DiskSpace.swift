import Glibc

/// The space of the file system that a folder is on.
package struct DiskSpace: Sendable, Hashable {
    /// Bytes that may be written by this user.
    package let free: UInt64
    package let size: UInt64

    package init(free: UInt64, size: UInt64) {
        self.free = free
        self.size = size
    }

    /// As the system says now, by one call that reads no disk; nil where it does not say.
    package init?(of folder: String) {
        var facts = statvfs()
        guard statvfs(folder, &facts) == 0 else { return nil }
        let block = UInt64(facts.f_frsize)
        free = UInt64(facts.f_bavail).multipliedReportingOverflow(by: block).partialValue
        size = UInt64(facts.f_blocks).multipliedReportingOverflow(by: block).partialValue
    }
}
