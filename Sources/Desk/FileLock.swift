import Glibc

/// Locks between runs of one desk: files that are only locked, never read (`flock`). A lock ends with its process.
enum FileLock {
    /// Runs `body` while no other run holds the lock; waits for it.
    /// - Throws: ``DeskError`` `file-unwritable`, or what the body throws.
    static func held<T>(_ path: String, _ body: () throws -> T) throws -> T {
        let lock = try opened(path)
        // Closing also lets go of the lock.
        defer { close(lock) }
        while flock(lock, LOCK_EX) != 0 {
            guard errno == EINTR else { throw unlockable(path, errno) }
        }
        return try body()
    }

    /// A lock that is kept until the object goes.
    final class Kept: Sendable {
        private let descriptor: Int32
        fileprivate init(descriptor: Int32) { self.descriptor = descriptor }
        /// Lets go of it now.
        func release() { _ = flock(descriptor, LOCK_UN) }
        deinit { close(descriptor) }
    }

    /// The lock once no other run holds it.
    /// - Throws: ``DeskError`` `file-unwritable`.
    static func wait(_ path: String) throws -> Kept {
        let lock = try opened(path)
        while flock(lock, LOCK_EX) != 0 {
            let number = errno
            if number == EINTR { continue }
            close(lock)
            throw unlockable(path, number)
        }
        return Kept(descriptor: lock)
    }

    /// The lock at once, or nil when another run holds it.
    /// - Throws: ``DeskError`` `file-unwritable`.
    static func take(_ path: String) throws -> Kept? {
        let lock = try opened(path)
        while flock(lock, LOCK_EX | LOCK_NB) != 0 {
            let number = errno
            if number == EINTR { continue }
            close(lock)
            guard number == EWOULDBLOCK else { throw unlockable(path, number) }
            return nil
        }
        return Kept(descriptor: lock)
    }

    private static func opened(_ path: String) throws -> Int32 {
        let lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw unlockable(path, errno) }
        return lock
    }

    private static func unlockable(_ path: String, _ number: Int32) -> DeskError {
        DeskError(
            "file-unwritable", "\(path) could not be locked (\(String(cString: strerror(number)))).",
            hint: "check the permissions of its folder")
    }
}
