import Glibc

/// A sealed payload on its way out or in: a file in the home that nobody else can read. It has no name there before it
/// is kept.
final class SpoolFile: Sendable {
    /// Where it is, as errors say it.
    let path: String
    private let descriptor: Int32
    /// Of a new file: what closes it, and gives it its name.
    private let temporary: TemporaryFile?

    private init(path: String, descriptor: Int32, temporary: TemporaryFile?) {
        self.path = path
        self.descriptor = descriptor
        self.temporary = temporary
    }

    /// A new file for the state folder's file system.
    /// - Parameter isNameless: as for ``TemporaryFile/make(in:prefix:isNameless:)``.
    static func make(in home: DeskHome, isNameless: Bool = true) throws -> SpoolFile {
        try home.prepare()
        LeftBehind.sweep(home.stateFolder, prefix: prefix)
        let file = TemporaryFile.make(in: home.stateFolder, prefix: prefix, isNameless: isNameless)
        guard let file else {
            throw DeskError(
                "file-unwritable", "\(home.stateFolder) cannot take a file (\(String(cString: strerror(errno)))).",
                hint: "check its permissions and the space left")
        }
        return SpoolFile(path: "\(home.stateFolder)/", descriptor: file.descriptor, temporary: file)
    }

    /// Hidden names of the state folder.
    private static let prefix = "spool-"

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
        return SpoolFile(path: path, descriptor: descriptor, temporary: nil)
    }

    /// Writes a file elsewhere, which gets its name when it is whole and on the disk.
    /// - Throws: ``DeskError`` `file-exists` unless it may be replaced, `file-unwritable`; what `fill` throws.
    static func write(
        to path: String, overwrite: Bool, mode: mode_t, _ fill: (SpoolFile) throws -> Void
    ) throws {
        let folder = DeskFile.folder(of: path)
        LeftBehind.sweep(folder, prefix: TemporaryFile.hidden)
        guard let temporary = TemporaryFile.make(in: folder) else { throw unplaceable(path) }
        let file = SpoolFile(path: path, descriptor: temporary.descriptor, temporary: temporary)
        try fill(file)
        guard fchmod(file.descriptor, mode) == 0, fsync(file.descriptor) == 0 else { throw unplaceable(path) }
        guard overwrite ? temporary.replace(path) : temporary.link(to: path) else {
            throw errno == EEXIST ? Desk.exists(path) : unplaceable(path)
        }
    }

    /// Whether it was made by this run, and has no other name.
    var isNew: Bool { temporary != nil }

    deinit { if temporary == nil { close(descriptor) } }

    /// Takes away the hidden name of a new file, if it has one; it stays readable here.
    func remove() { temporary?.discard() }

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

    /// Forces the bytes of a new file to the disk and gives it a name in this home; what had that name is replaced.
    func keep(as name: String) throws {
        guard let temporary, fsync(descriptor) == 0, temporary.replace(name) else { throw unwritable() }
    }

    /// Gives a new file that is whole to the archive, with zeros in the place of its first bytes.
    /// - Returns: false where it cannot have that name.
    func keep(as name: String, without header: Int) -> Bool {
        guard let temporary, FileBytes.blank(descriptor, header), fsync(descriptor) == 0 else { return false }
        return temporary.replace(name)
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
        // A large file goes to the disk while it is made, so that forcing it there has little left to do.
        if offset / Self.stride != (offset + UInt64(bytes.count)) / Self.stride {
            let begin = Int(offset / Self.stride * Self.stride)
            _ = posix_fadvise(descriptor, begin, Int(Self.stride), POSIX_FADV_DONTNEED)
        }
    }

    /// Bytes, after each of which the system is asked to begin with writing them.
    private static let stride: UInt64 = 8 << 20

    /// Bytes from an offset: fewer than asked for only at the end.
    func read(_ offset: UInt64, _ count: Int) throws -> [UInt8] {
        try FileBytes.read(descriptor, offset, count, path: path)
    }

    private func unwritable() -> DeskError {
        DeskError(
            "file-unwritable", "\(path) cannot be written (\(String(cString: strerror(errno)))).",
            hint: "free some space and try again")
    }

    private static func unplaceable(_ path: String) -> DeskError {
        DeskError(
            "file-unwritable", "\(path) cannot be written (\(String(cString: strerror(errno)))).",
            hint: "choose another place, or free some space")
    }
}
