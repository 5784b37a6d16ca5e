import Dispatch
import Glibc
import Ledger
import Store

/// The store's folder: `log.sqlite` and `envelopes/`, for its owner alone.
struct StoreFolder: Sendable {
    /// For work on files that is no other queue's.
    static let queue = DispatchQueue(label: "valise.store.files")

    let path: String
    private var databaseName = "log.sqlite"
    let memory = FileMemory()
    var database: String { "\(path)/\(databaseName)" }
    private var envelopes: String { path + "/envelopes" }

    /// A folder as it is: nothing is made in it.
    init(at path: String, databaseName: String = "log.sqlite") {
        self.path = path
        self.databaseName = databaseName
    }

    /// Makes what is missing, durably.
    init(preparing path: String) throws(StoreError) {
        self.path = path
        try Self.makePrivate(path)
        try Self.makePrivate(envelopes)
        // SQLite gives its other files the mode of this one.
        let file = open(database, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .file("opening \(database)") }
        defer { Glibc.close(file) }
        guard fchmod(file, 0o600) == 0, fsync(file) == 0 else { throw .file("making \(database) private") }
        try Self.sync(path)
    }

    private static func makePrivate(_ path: String) throws(StoreError) {
        if mkdir(path, 0o700) == 0 {
            try sync(path + "/..")
        } else if errno != EEXIST {
            throw .file("making \(path)")
        }
        guard chmod(path, 0o700) == 0 else { throw .file("making \(path) private") }
    }

    private static func sync(_ path: String) throws(StoreError) {
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw .file("opening \(path)") }
        defer { Glibc.close(folder) }
        guard fsync(folder) == 0 else { throw .file("forcing \(path) to the disk") }
    }

    /// A new file with a random name; its descriptor is the caller's.
    func makeEnvelope() throws(StoreError) -> (name: String, descriptor: Int32) {
        var random = SystemRandomNumberGenerator()
        let name = Hex.encode((0..<16).map { _ in UInt8.random(in: .min ... .max, using: &random) })
        let file = open(place(name), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .file("making an envelope's file") }
        guard fchmod(file, 0o600) == 0 else {
            let reason = errno
            Glibc.close(file)
            remove(name)
            throw .file("making an envelope's file private", reason)
        }
        return (name, file)
    }

    /// A new durable file with these bytes, under a fresh key.
    func makeEnvelope(beginning bytes: [UInt8]) throws -> (name: String, key: StorageKey) {
        let (name, descriptor) = try makeEnvelope()
        Glibc.close(descriptor)
        do {
            let key = StorageKey()
            try KeptFile(name: name, key: key).write(bytes, at: 0, in: self)
            try sync(name, to: UInt64(bytes.count))
            try syncEnvelopes()
            return (name, key)
        } catch {
            remove(name)
            throw error
        }
    }

    func syncEnvelopes() throws(StoreError) { try Self.sync(envelopes) }

    func remove(_ name: String) { unlink(place(name)) }

    /// That a staged envelope is there as it was finished.
    func check(_ staged: StagedEnvelope) throws(StoreError) {
        var facts = stat()
        guard Self.isName(staged.name), lstat(place(staged.name), &facts) == 0, facts.st_mode & S_IFMT == S_IFREG,
            UInt64(exactly: facts.st_size) == staged.size
        else { throw StoreError(.notFound, "a staged envelope of \(staged.size) bytes is not there; stage it again") }
    }

    /// The size of an envelope's file; nil if there is none.
    func size(_ name: String) -> UInt64? {
        var facts = stat()
        guard Self.isName(name), lstat(place(name), &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { return nil }
        return UInt64(exactly: facts.st_size)
    }

    /// Bytes of a committed envelope's file.
    func read(_ name: String, at start: UInt64, count: Int) throws -> [UInt8] {
        let file = open(place(name), O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard file >= 0 else {
            throw errno == ENOENT ? StoreError.damaged("an envelope's file is gone") : .file("opening an envelope")
        }
        defer { Glibc.close(file) }
        return try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let rest = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[filled...])
                let step = pread(file, rest.baseAddress, count - filled, off_t(clamping: start) + off_t(filled))
                if step == 0 { throw StoreError.damaged("an envelope's file is shorter than it was") }
                if step > 0 { filled += step } else if errno != EINTR { throw StoreError.file("reading an envelope") }
            }
        }
    }

    /// The part of a range that a file of so many bytes has: at most 1 MiB.
    func read(_ name: String, _ range: Range<UInt64>, of size: UInt64) throws -> [UInt8] {
        let start = min(range.lowerBound, size)
        let count = min(min(range.upperBound, size) - start, 1 << 20)
        return count == 0 ? [] : try read(name, at: start, count: Int(count))
    }

    /// Writes into a file at an offset.
    func write(_ bytes: [UInt8], to name: String, at start: UInt64) throws {
        try withFile(name) { file in
            var done = 0
            while done < bytes.count {
                let step = bytes.withUnsafeBytes {
                    pwrite(file, $0.baseAddress?.advanced(by: done), $0.count - done, off_t(clamping: start) + done)
                }
                if step > 0 { done += step } else if errno != EINTR { throw StoreError.file("writing an upload") }
            }
        }
    }

    /// Forces a file to the disk, which then ends at an offset.
    func sync(_ name: String, to size: UInt64) throws {
        try withFile(name) { file in
            var facts = stat()
            guard fstat(file, &facts) == 0, UInt64(clamping: facts.st_size) >= size else {
                throw StoreError.damaged("an upload's file is shorter than it was")
            }
            guard ftruncate(file, off_t(clamping: size)) == 0, fsync(file) == 0 else {
                throw StoreError.file("forcing an upload to the disk")
            }
        }
    }

    private func withFile(_ name: String, _ body: (Int32) throws -> Void) throws {
        let file = open(place(name), O_WRONLY | O_NOFOLLOW | O_CLOEXEC)
        guard file >= 0 else {
            throw errno == ENOENT ? StoreError.damaged("an upload's file is gone") : .file("opening an upload")
        }
        defer { Glibc.close(file) }
        try body(file)
    }

    /// Removes the envelope files that are not among the known ones; anything that is no envelope file stays.
    func removeOrphans(known: Set<String>) throws {
        guard let folder = opendir(envelopes) else { throw StoreError.file("listing \(envelopes)") }
        defer { closedir(folder) }
        while let item = readdir(folder) {
            let name = withUnsafeBytes(of: &item.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if Self.isName(name), !known.contains(name) { remove(name) }
        }
    }

    /// Names come back from the database and from callers: nothing but our own may become part of a path.
    static func isName(_ name: String) -> Bool { name.utf8.count == 32 && Hex.decode(name.utf8) != nil }

    private func place(_ name: String) -> String { "\(envelopes)/\(name)" }
}
