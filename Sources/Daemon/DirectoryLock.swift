package import Glibc

/// The right to be the only process that works in a data directory, held until this object goes or the process ends.
///
/// An exclusive `flock(2)` on the file `lock` in the directory. The kernel releases it however the process dies, so
/// there is nothing to clean up after a crash. The file holds the holder's process number for people and stays behind.
package final class DirectoryLock: Sendable {
    /// The directory that is locked.
    package let directory: String
    private let descriptor: Int32

    /// Takes the lock or refuses at once, without waiting.
    ///
    /// - Parameter directory: an existing directory.
    /// - Throws: `data-directory-in-use` with the holder's process number; `data-directory-not-lockable` if the lock
    ///   file cannot be opened, or the file system has no locks.
    package init(directory: String) throws(DaemonError) {
        let path = directory + "/lock"
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw DirectoryLock.notLockable(path, errno) }
        while flock(file, LOCK_EX | LOCK_NB) != 0 {
            let error = errno
            if error == EINTR { continue }
            let holder = DirectoryLock.noted(in: file).map { "process \($0)" } ?? "another process"
            close(file)
            guard error == EWOULDBLOCK else { throw DirectoryLock.notLockable(path, error) }
            throw DaemonError(
                code: "data-directory-in-use",
                message:
                    "The data directory '\(directory)' is in use by \(holder): one process at a time was expected.",
                hint: "stop the other process first, or name another directory")
        }
        descriptor = file
        self.directory = directory
        // Only for the message above: a failure here takes nothing from the lock.
        let note = Array("\(getpid())\n".utf8)
        if ftruncate(file, 0) == 0 { _ = pwrite(file, note, note.count, 0) }
    }

    deinit { close(descriptor) }

    /// The process number in a lock's file. It outlives its process: only a lock that is held makes it one to believe.
    private static func noted(in file: Int32) -> pid_t? {
        var bytes = [UInt8](repeating: 0, count: 20)
        let count = pread(file, &bytes, bytes.count, 0)
        let digits = bytes.prefix(max(0, count)).prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return pid_t(String(decoding: digits, as: UTF8.self)).flatMap { $0 > 0 ? $0 : nil }
    }

    private static func notLockable(_ path: String, _ error: Int32) -> DaemonError {
        DaemonError(
            code: "data-directory-not-lockable",
            message: "The lock file '\(path)' cannot be locked: \(String(cString: strerror(error))).",
            hint:
                "check that it is there (valise-relay init makes a relay's), is yours, and on a local file system"
        )
    }
}

extension DirectoryLock {
    /// Who works in a data directory, for those who only look.
    package enum Holder: Sendable, Hashable {
        case nobody
        /// The process number, if the lock's file says it.
        case process(pid_t?)
    }

    /// Looks without being in the way for longer than a moment, and changes nothing.
    package static func holder(of directory: String) -> Holder {
        let file = open(directory + "/lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { return .nobody }
        defer { close(file) }
        guard flock(file, LOCK_SH | LOCK_NB) != 0, errno == EWOULDBLOCK else { return .nobody }
        return .process(noted(in: file))
    }
}
