import Glibc

/// A sealed payload on its way out or in: a file in the home that nobody else can read.
final class SpoolFile: Sendable {
    let path: String
    private let descriptor: Int32

    init(path: String, descriptor: Int32) {
        self.path = path
        self.descriptor = descriptor
    }

    /// A new file with a name of its own in the state folder.
    static func make(in home: DeskHome) throws -> SpoolFile {
        try home.prepare()
        guard let (descriptor, path) = TemporaryFile.make("\(home.stateFolder)/spool-") else {
            throw DeskError(
                "file-unwritable", "\(home.stateFolder) cannot take a file (\(String(cString: strerror(errno)))).",
                hint: "check its permissions and the space left")
        }
        return SpoolFile(path: path, descriptor: descriptor)
    }

    /// A file that is there, to be read.
    /// - Throws: ``DeskError`` with `file-missing`, `file-unreadable`.
    static func open(_ path: String) throws -> SpoolFile {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else {
            throw DeskError(
                errno == ENOENT ? "file-missing" : "file-unreadable",
                "\(path) could not be read (\(String(cString: strerror(errno)))).", hint: "check the path",
                kind: errno == ENOENT ? .notFound : .failed)
        }
        return SpoolFile(path: path, descriptor: descriptor)
    }

    deinit { close(descriptor) }

    func remove() { unlink(path) }

    /// Lets go of the file at once: a request that ended may keep this object for a moment longer.
    func unlock() { _ = flock(descriptor, LOCK_UN) }

    /// Holds the file against other runs of this desk until ``unlock()``; false when another has it.
    func lock() -> Bool {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EINTR else { return false }
        }
        return true
    }

    /// Bytes now.
    func size() -> UInt64 {
        var facts = stat()
        return fstat(descriptor, &facts) == 0 ? UInt64(max(0, facts.st_size)) : 0
    }

    /// Forces the bytes to the disk and gives the file another name in this home; what had that name is replaced.
    func keep(as name: String) throws {
        guard fsync(descriptor) == 0, rename(path, name) == 0 else { throw unwritable() }
    }

    /// Puts bytes behind what is there.
    func append(_ bytes: [UInt8]) throws { try write(bytes, at: size()) }

    func write(_ bytes: [UInt8], at offset: UInt64) throws {
        var done = 0
        while done < bytes.count {
            let count = bytes[done...].withUnsafeBytes {
                pwrite(descriptor, $0.baseAddress, $0.count, Int(offset) + done)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw unwritable() }
            done += count
        }
    }

    /// Bytes from an offset: fewer than asked for only at the end.
    func read(_ offset: UInt64, _ count: Int) throws -> [UInt8] {
        var result = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let start = Int(offset) + filled
                let room = buffer.baseAddress.map { UnsafeMutableRawPointer($0.advanced(by: filled)) }
                repeat { result = pread(descriptor, room, count - filled, start) } while result < 0 && errno == EINTR
                if result <= 0 { return }
                filled += result
            }
        }
        guard result >= 0 else {
            throw DeskError(
                "file-unreadable", "\(path) could not be read (\(String(cString: strerror(errno)))).",
                hint: "check the disk, then try again; nothing was said of the message")
        }
        return bytes
    }

    private func unwritable() -> DeskError {
        DeskError(
            "file-unwritable", "\(path) cannot be written (\(String(cString: strerror(errno)))).",
            hint: "free some space and try again")
    }
}
