import Crypto
import Glibc
import Ledger
import Store

/// Files that are copied with their digests, and forced to the disk.
enum BackupFiles {
    /// What a restored database is called until it was checked.
    static let restoring = BackupManifest.database + ".restoring"
    private static let step = 1 << 20

    /// Copies the beginning of a file to a new one and gives its digest.
    /// - Parameter size: how many bytes; nil for the whole file.
    /// - Throws: ``StoreError``: `notFound` where there is no such file, `damaged` where it has fewer bytes; then there
    ///   is no new one.
    static func copy(_ source: String, to target: String, size: UInt64? = nil) throws -> Hash {
        let output = open(target, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard output >= 0 else { throw StoreError.file("making \(target)") }
        defer { Glibc.close(output) }
        do {
            let digest = try read(source, size: size) { try write($0, to: output, target) }
            guard fsync(output) == 0 else { throw StoreError.file("forcing \(target) to the disk") }
            return digest
        } catch {
            unlink(target)
            throw error
        }
    }

    /// The digest of a file's beginning, or of all of it.
    static func digest(_ path: String, size: UInt64? = nil) throws -> Hash { try read(path, size: size) { _ in } }

    private static func read(
        _ path: String, size: UInt64?, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Hash {
        let file = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard file >= 0 else {
            throw errno == ENOENT ? StoreError(.notFound, "\(path) is not there") : .file("opening \(path)")
        }
        defer { Glibc.close(file) }
        var hasher = SHA256()
        var rest = size ?? .max
        var buffer = [UInt8](repeating: 0, count: step)
        while rest > 0 {
            let count = buffer.withUnsafeMutableBytes {
                Glibc.read(file, $0.baseAddress, Int(min(UInt64($0.count), rest)))
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw StoreError.file("reading \(path)") }
            guard count > 0 else {
                guard size == nil else { throw StoreError(.damaged, "\(path) is shorter than it was") }
                break
            }
            try buffer.withUnsafeBytes {
                let piece = UnsafeRawBufferPointer(rebasing: $0[..<count])
                hasher.update(bufferPointer: piece)
                try body(piece)
            }
            rest -= UInt64(count)
        }
        return Hash(hasher.finalize())
    }

    private static func write(_ bytes: UnsafeRawBufferPointer, to file: Int32, _ path: String) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = UnsafeRawBufferPointer(rebasing: rest)
            let count = Glibc.write(file, piece.baseAddress, piece.count)
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                throw StoreError.file("writing \(path)")
            }
        }
    }

    /// All bytes of a manifest.
    /// - Throws: ``StoreError`` `damaged` before more than the limit is kept.
    static func contents(_ path: String, limit: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        _ = try read(path, size: nil) { piece in
            guard bytes.count + piece.count <= limit else {
                throw StoreError.damagedBackup("its manifest is longer than its files account for")
            }
            bytes.append(contentsOf: piece)
        }
        return bytes
    }

    static func write(_ text: String, to path: String) throws {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw StoreError.file("making \(path)") }
        defer { Glibc.close(file) }
        try Array(text.utf8).withUnsafeBytes { try write($0, to: file, path) }
        guard fsync(file) == 0 else { throw StoreError.file("forcing \(path) to the disk") }
    }

    /// Forces a file or a folder to the disk.
    static func sync(_ path: String) throws {
        let file = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard file >= 0 else { throw StoreError.file("opening \(path)") }
        defer { Glibc.close(file) }
        guard fsync(file) == 0 else { throw StoreError.file("forcing \(path) to the disk") }
    }

    /// The names in a folder, but `.` and `..`; nil if there is none.
    static func names(_ path: String) -> [String]? {
        guard let folder = opendir(path) else { return nil }
        defer { closedir(folder) }
        var names: [String] = []
        while let item = readdir(folder) {
            let name = withUnsafeBytes(of: &item.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Removes what a backup or a restoration of ours may have left in a folder, and the folder if it is empty then.
    /// - Returns: whether it is gone.
    @discardableResult
    static func clear(_ path: String) -> Bool {
        for name in names(path + "/" + BackupManifest.envelopes) ?? [] where StoreFolder.isName(name) {
            unlink("\(path)/\(BackupManifest.envelopes)/\(name)")
        }
        rmdir(path + "/" + BackupManifest.envelopes)
        let database = BackupManifest.database
        for name in ["", "-journal", "-wal", "-shm"].map({ database + $0 }) + [BackupManifest.name, restoring] {
            unlink("\(path)/\(name)")
        }
        return rmdir(path) == 0 || errno == ENOENT
    }
}
