import Glibc
import Ledger

/// The files of a mirror on the disk, by their paths below its folder.
///
/// A file is written under a temporary name, forced to the disk and renamed, so it is whole or not there. A name that a
/// power cut takes back shows as a missing file, and the next run of ``Mirror`` fetches it again.
package struct MirrorFolder: Sendable {
    package static let checkpoint = "checkpoint"
    /// Where checkpoints that contradict each other are kept.
    package static let evidence = "evidence"
    static let temporarySuffix = ".part"

    package let path: String

    package init(path: String) { self.path = path }

    /// A file's bytes, at most one more than `limit`: whoever sees more than the limit knows that it is too long.
    /// - Returns: nil when there is no such file.
    func read(_ name: String, limit: Int) throws(AuditError) -> [UInt8]? {
        let file = open("\(path)/\(name)", O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard file >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw unreadable(name, errno)
        }
        defer { close(file) }
        var facts = stat()
        guard fstat(file, &facts) == 0 else { throw unreadable(name, errno) }
        guard facts.st_mode & S_IFMT == S_IFREG else { throw unreadable(name, EISDIR) }
        let wanted = Int(min(Int64(limit) + 1, Int64(facts.st_size)))
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
            while count < wanted {
                let step = Glibc.read(file, buffer.baseAddress?.advanced(by: count), wanted - count)
                if step == 0 { break }
                if step > 0 {
                    count += step
                } else if errno != EINTR {
                    failure = errno
                    break
                }
            }
        }
        guard failure == 0 else { throw unreadable(name, failure) }
        return bytes
    }

    /// The length of a plain file; nil when there is none.
    func size(_ name: String) -> Int? {
        var facts = stat()
        guard stat("\(path)/\(name)", &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int(facts.st_size)
    }

    /// Writes or replaces a file in one step.
    func write(_ name: String, _ bytes: [UInt8]) throws(AuditError) {
        let parts = name.split(separator: "/")
        try makeFolders(parts.dropLast().map(String.init))
        let target = "\(path)/\(name)"
        let temporary = target + Self.temporarySuffix
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw unwritable(name, errno) }
        let failure = fill(file, bytes)
        close(file)
        guard failure == 0, rename(temporary, target) == 0 else {
            let number = failure == 0 ? errno : failure
            unlink(temporary)
            throw unwritable(name, number)
        }
    }

    /// Forces the names in the mirror's own folder to the disk: that of the checkpoint above all.
    func settle() throws(AuditError) {
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw unwritable(".", errno) }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw unwritable(".", errno) }
    }

    func remove(_ name: String) { unlink("\(path)/\(name)") }

    /// Removes a folder if nothing is in it.
    func removeEmptyFolder(_ name: String) { rmdir("\(path)/\(name)") }

    /// Makes the mirror's folder, and folders below it.
    func makeFolders(_ names: [String] = []) throws(AuditError) {
        var made = ""
        for part in path.split(separator: "/").map(String.init) + names {
            made += made.isEmpty && !path.hasPrefix("/") ? part : "/\(part)"
            if mkdir(made, 0o755) != 0, errno != EEXIST { throw unwritable(made, errno) }
        }
    }

    /// Calls `body` with the path of every file below, in a fixed order. Temporary files are among them.
    func forEachFile(_ body: (String) throws(AuditError) -> Void) throws(AuditError) { try walk("", depth: 0, body) }

    private func walk(_ name: String, depth: Int, _ body: (String) throws(AuditError) -> Void) throws(AuditError) {
        for (child, isFolder) in try children(name) {
            let below = name.isEmpty ? child : "\(name)/\(child)"
            if isFolder, depth < 16 { try walk(below, depth: depth + 1, body) } else { try body(below) }
        }
    }

    private func children(_ name: String) throws(AuditError) -> [(String, isFolder: Bool)] {
        guard let folder = opendir("\(path)/\(name)") else { throw unreadable(name, errno) }
        defer { closedir(folder) }
        var found: [(String, isFolder: Bool)] = []
        while let item = readdir(folder) {
            let child = withUnsafeBytes(of: &item.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if child == "." || child == ".." { continue }
            var facts = stat()
            let known = lstat("\(path)/\(name.isEmpty ? "" : name + "/")\(child)", &facts) == 0
            found.append((child, known && facts.st_mode & S_IFMT == S_IFDIR))
        }
        return found.sorted { $0.0 < $1.0 }
    }

    private func fill(_ file: Int32, _ bytes: [UInt8]) -> Int32 {
        bytes.withUnsafeBytes { raw in
            var written = 0
            while written < raw.count {
                let step = Glibc.write(file, raw.baseAddress?.advanced(by: written), raw.count - written)
                if step > 0 { written += step } else if errno != EINTR { return errno }
            }
            return fsync(file) == 0 ? 0 : errno
        }
    }

    private func unreadable(_ name: String, _ number: Int32) -> AuditError {
        AuditError(
            .fileUnreadable, "\(path)/\(name) could not be read (\(String(cString: strerror(number)))).",
            hint: "check the folder, and that you may read it")
    }

    private func unwritable(_ name: String, _ number: Int32) -> AuditError {
        AuditError(
            .fileUnwritable, "\(path)/\(name) could not be written (\(String(cString: strerror(number)))).",
            hint: "check that the folder is yours to write in and has room; the mirror resumes where it stopped")
    }
}

/// Keeps a second process out of a mirror's folder for as long as it lives.
final class MirrorLock {
    private let descriptor: Int32

    init(_ folder: MirrorFolder) throws(AuditError) {
        descriptor = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0, flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            if descriptor >= 0 { close(descriptor) }
            throw AuditError(
                .mirrorBusy, "Another process is writing into \(folder.path).",
                hint: "wait until the other valise-audit mirror has ended")
        }
    }

    deinit { close(descriptor) }
}
