import Glibc

/// Files that are either wholly there after a crash or not there at all.
package enum Durable {
    /// Writes a file that has no name yet, forces it to the disk, gives it its name, and forces the folder to the disk.
    ///
    /// A file that is killed while it is written leaves nothing behind; where the file system has no files without a
    /// name, it leaves `.NAME.*.part`.
    /// - Parameters:
    ///   - path: where; the folder must exist.
    ///   - mode: the permission bits, independent of the process's umask, such as `0o600`.
    ///   - exclusive: when true, a file that is already there is left as it is and `file-exists` is thrown; when
    ///     false, it is replaced in one step.
    /// - Throws: ``KeyringError`` with `file-exists` or `file-unwritable`.
    package static func write(path: String, bytes: [UInt8], mode: UInt32, exclusive: Bool) throws {
        try bytes.withUnsafeBytes { try write(path: path, raw: $0, mode: mode, exclusive: exclusive) }
    }

    /// The same for a buffer that is only lent, so that a secret is not copied.
    package static func write(path: String, raw: UnsafeRawBufferPointer, mode: UInt32, exclusive: Bool) throws {
        let (folderPath, name) = split(path)
        let folder = open(folderPath, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw unwritable(path, errno) }
        defer { close(folder) }
        let part = ".\(name).\(UInt64.random(in: .min ... .max)).part"
        let nameless = UnnamedFile.open(in: folder)
        let file = nameless ?? openat(folder, part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw unwritable(path, errno) }
        do {
            defer { close(file) }
            try fill(file, with: raw, mode: mode, path: path)
            if nameless != nil {
                // Where nothing may be replaced, it gets its own name at once.
                let first = exclusive ? name : part
                guard UnnamedFile.name(file, first, in: folder) else { throw failure(path, errno) }
            }
            if nameless == nil || !exclusive {
                try name.withCString { try publish(folder, from: part, to: $0, exclusive: exclusive, path: path) }
            }
        } catch {
            unlinkat(folder, part, 0)
            throw error
        }
        guard fsync(folder) == 0 else { throw unwritable(path, errno) }
    }

    /// Makes a folder of mode 0700 unless it is there, and forces its parent to the disk.
    package static func makeFolder(path: String) throws {
        if mkdir(path, 0o700) != 0 {
            if errno == EEXIST { return }
            throw unwritable(path, errno)
        }
        let parent = open(split(path).folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard parent >= 0 else { throw unwritable(path, errno) }
        defer { close(parent) }
        guard fsync(parent) == 0 else { throw unwritable(path, errno) }
    }

    static func split(_ path: String) -> (folder: String, name: String) {
        var trimmed = Substring(path)
        while trimmed.count > 1, trimmed.hasSuffix("/") { trimmed.removeLast() }
        guard let slash = trimmed.lastIndex(of: "/") else { return (".", String(trimmed)) }
        let folder = trimmed[..<slash]
        return (folder.isEmpty ? "/" : String(folder), String(trimmed[trimmed.index(after: slash)...]))
    }

    private static func fill(_ file: Int32, with raw: UnsafeRawBufferPointer, mode: UInt32, path: String) throws {
        var written = 0
        while written < raw.count {
            let step = Glibc.write(file, raw.baseAddress?.advanced(by: written), raw.count - written)
            if step > 0 {
                written += step
            } else if errno != EINTR {
                throw unwritable(path, errno)
            }
        }
        guard fchmod(file, mode) == 0, fsync(file) == 0 else { throw unwritable(path, errno) }
    }

    private static func publish(
        _ folder: Int32, from part: String, to name: UnsafePointer<CChar>, exclusive: Bool, path: String
    ) throws {
        if !exclusive {
            guard renameat(folder, part, folder, name) == 0 else { throw unwritable(path, errno) }
            return
        }
        // A hard link never replaces anything, which a rename would.
        guard linkat(folder, part, folder, name, 0) == 0 else {
            throw failure(path, errno)
        }
        unlinkat(folder, part, 0)
    }

    private static func failure(_ path: String, _ number: Int32) -> KeyringError {
        guard number == EEXIST else { return unwritable(path, number) }
        return KeyringError(
            .fileExists, "\(path) is already there, and nothing is overwritten.",
            hint: "Choose another name, or move the file away first.")
    }

    private static func unwritable(_ path: String, _ number: Int32) -> KeyringError {
        KeyringError(
            .fileUnwritable, "\(path) could not be written (\(String(cString: strerror(number)))).",
            hint: "Check that the folder exists, is yours to write in, and has room.")
    }
}
