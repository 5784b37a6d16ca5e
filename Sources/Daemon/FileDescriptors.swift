import Glibc

/// How many files and connections the process may have open.
package enum FileDescriptors {
    /// What a server needs beside its connections: the store, the log, the witnesses, readers of envelopes.
    package static let reserve = 256

    /// Raises the limit as far as the system lets an ordinary process (`setrlimit(2)`: from the soft to the hard one).
    /// - Returns: the limit in force; nil where the system does not say.
    @discardableResult
    package static func raise() -> Int? {
        let name = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(name, &limit) == 0 else { return nil }
        var raised = limit
        raised.rlim_cur = limit.rlim_max
        if setrlimit(name, &raised) == 0 { limit = raised }
        return Int(clamping: limit.rlim_cur)
    }
}
