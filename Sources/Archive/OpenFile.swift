import Glibc

/// A file of an archive, closed with its last reference.
final class OpenFile: Sendable {
    let path: String
    let descriptor: Int32

    /// Opens for reading and writing, 0600.
    /// - Returns: nil when it is not there and was not to be made.
    static func open(_ path: String, create: Bool) throws(ArchiveError) -> OpenFile? {
        let flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | (create ? O_CREAT : 0)
        let file = Glibc.open(path, flags, 0o600)
        guard file >= 0 else {
            if errno == ENOENT, !create { return nil }
            throw create ? unwritable(path, errno) : unreadable(path, errno)
        }
        return OpenFile(path: path, descriptor: file)
    }

    private init(path: String, descriptor: Int32) {
        self.path = path
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    func size() throws(ArchiveError) -> UInt64 {
        var facts = stat()
        guard fstat(descriptor, &facts) == 0 else { throw Self.unreadable(path, errno) }
        return UInt64(max(0, facts.st_size))
    }

    /// Whether the path still leads to this file.
    func isCurrent() -> Bool {
        var named = stat()
        var own = stat()
        return lstat(path, &named) == 0 && fstat(descriptor, &own) == 0 && named.st_ino == own.st_ino
            && named.st_dev == own.st_dev
    }

    /// Up to `count` bytes; fewer at the end of the file.
    func read(_ count: Int, at offset: UInt64) throws(ArchiveError) -> [UInt8] {
        guard count > 0 else { return [] }
        var number: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let step = pread(
                    descriptor, buffer.baseAddress?.advanced(by: filled), count - filled, Int(offset) + filled)
                if step == 0 { break }
                if step > 0 {
                    filled += step
                } else if errno != EINTR {
                    number = errno
                    break
                }
            }
        }
        guard number == 0 else { throw Self.unreadable(path, number) }
        return bytes
    }

    /// Writes all bytes; durable only after ``sync()``.
    func write(_ bytes: [UInt8], at offset: UInt64) throws(ArchiveError) {
        var written = 0
        while written < bytes.count {
            let step = bytes.withUnsafeBytes {
                pwrite(descriptor, $0.baseAddress?.advanced(by: written), $0.count - written, Int(offset) + written)
            }
            if step > 0 {
                written += step
            } else if errno != EINTR {
                throw Self.unwritable(path, errno)
            }
        }
    }

    func truncate(to size: UInt64) throws(ArchiveError) {
        guard ftruncate(descriptor, Int(size)) == 0 else { throw Self.unwritable(path, errno) }
    }

    func sync() throws(ArchiveError) {
        guard fdatasync(descriptor) == 0 else { throw Self.unwritable(path, errno) }
    }

    /// Forces the names in a folder to the disk.
    static func sync(folder: String) throws(ArchiveError) {
        let file = Glibc.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard file >= 0 else { throw unreadable(folder, errno) }
        defer { close(file) }
        guard fsync(file) == 0 else { throw unwritable(folder, errno) }
    }

    static func unreadable(_ path: String, _ number: Int32) -> ArchiveError {
        ArchiveError(
            .unreadable, "\(path) could not be read (\(String(cString: strerror(number)))).",
            hint: "Check that the folder and its files are yours.")
    }

    static func unwritable(_ path: String, _ number: Int32) -> ArchiveError {
        ArchiveError(
            .unwritable, "\(path) could not be written (\(String(cString: strerror(number)))).",
            hint: "Check that the folder is yours to write in and that the disk has room.")
    }
}
