import Glibc
import Keyring

/// Small files of a witness that hold no secret.
enum WitnessFile {
    /// The whole file; nil when there is none.
    ///
    /// - Throws: ``Keyring/KeyringError`` `file-unreadable`, also for a file above the limit.
    static func read(_ path: String, limit: Int) throws(KeyringError) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw unreadable(path, String(cString: strerror(errno)))
        }
        defer { close(file) }
        var facts = stat()
        guard fstat(file, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG, facts.st_size <= limit else {
            throw unreadable(path, "a plain file of at most \(limit) bytes was expected")
        }
        var bytes = [UInt8](repeating: 0, count: Int(facts.st_size))
        var count = 0
        while count < bytes.count {
            let step = bytes.withUnsafeMutableBytes { buffer in
                Glibc.read(file, buffer.baseAddress?.advanced(by: count), buffer.count - count)
            }
            if step == 0 { break }
            if step > 0 {
                count += step
            } else if errno != EINTR {
                throw unreadable(path, String(cString: strerror(errno)))
            }
        }
        return Array(bytes.prefix(count))
    }

    /// Whether anything has this name, be it a broken link.
    static func exists(_ path: String) -> Bool {
        var facts = stat()
        return lstat(path, &facts) == 0 || errno != ENOENT
    }

    /// The names in a folder, sorted, without those that begin with a dot.
    static func names(in folder: String) throws(KeyringError) -> [String] {
        guard let list = opendir(folder) else { throw unreadable(folder, String(cString: strerror(errno))) }
        defer { closedir(list) }
        var names: [String] = []
        errno = 0
        while let entry = readdir(list) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
                field.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
            errno = 0
        }
        guard errno == 0 else { throw unreadable(folder, String(cString: strerror(errno))) }
        return names.sorted()
    }

    private static func unreadable(_ path: String, _ reason: String) -> KeyringError {
        KeyringError(
            .fileUnreadable, "\(path) could not be read: \(reason).", hint: "Check the path, and that you own it.")
    }
}
