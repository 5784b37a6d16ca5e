import Glibc

/// Files without a name (`O_TMPFILE`): nothing of them is left when their program is killed before they are whole.
package enum UnnamedFile {
    /// `O_TMPFILE` of Linux on the usual processors, which the importer does not see; it holds `O_DIRECTORY`.
    private static let flag = 0o20_000_000 | O_DIRECTORY

    /// An open, empty file of mode 0600 on the file system of the folder; nil where that has no such files.
    package static func open(in folder: Int32) -> Int32? {
        let file = openat(folder, ".", flag | O_RDWR | O_CLOEXEC, 0o600)
        guard file >= 0 else { return nil }
        // A name is given through /proc: without it the file could never have one.
        guard access("/proc/self/fd/\(file)", F_OK) == 0 else {
            close(file)
            return nil
        }
        return file
    }

    /// As ``open(in:)``, by the folder's path.
    package static func open(in path: String) -> Int32? {
        let folder = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { return nil }
        defer { close(folder) }
        return open(in: folder)
    }

    /// Gives the file a name that nothing else has.
    /// - Parameter folder: what a relative name is relative to.
    /// - Returns: false with `errno` set; `EEXIST` where something has the name.
    package static func name(_ file: Int32, _ name: String, in folder: Int32 = AT_FDCWD) -> Bool {
        linkat(AT_FDCWD, "/proc/self/fd/\(file)", folder, name, AT_SYMLINK_FOLLOW) == 0
    }
}
