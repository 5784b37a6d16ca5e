import Glibc
import Keyring
import Synchronization

/// A file that gets its name when it is whole; only this user can read it.
///
/// Until then it has no name where the file system has such files, so that nothing is left of it when the run is
/// killed. Elsewhere it has a hidden one, which ``LeftBehind`` sweeps.
final class TemporaryFile: Sendable {
    /// What hidden names begin with in folders that are not the desk's own.
    static let hidden = ".valise-part-"

    let descriptor: Int32
    private let prefix: String
    /// The hidden name that it has now.
    private let name: Mutex<String?>

    /// - Parameters:
    ///   - folder: the one that it is to stay in, or another on the same file system.
    ///   - prefix: what a hidden name begins with; six letters make it unique.
    ///   - isNameless: false gives it a hidden name at once, as where there are no files without a name.
    /// - Returns: nil with `errno` set.
    static func make(in folder: String, prefix: String = hidden, isNameless: Bool = true) -> TemporaryFile? {
        let path = "\(folder)/\(prefix)"
        if isNameless, let descriptor = UnnamedFile.open(in: folder) {
            return TemporaryFile(descriptor: descriptor, prefix: path, name: nil)
        }
        var template = Array("\(path)XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { return nil }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        let name = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return TemporaryFile(descriptor: descriptor, prefix: path, name: name)
    }

    private init(descriptor: Int32, prefix: String, name: String?) {
        self.descriptor = descriptor
        self.prefix = prefix
        self.name = Mutex(name)
    }

    deinit {
        discard()
        close(descriptor)
    }

    /// Gives it a name that nothing has.
    /// - Returns: false with `errno` set; `EEXIST` where something has the name.
    func link(to path: String) -> Bool {
        name.withLock { name in
            guard let hidden = name else { return UnnamedFile.name(descriptor, path) }
            guard Glibc.link(hidden, path) == 0 else { return false }
            unlink(hidden)
            name = nil
            return true
        }
    }

    /// Gives it a name, whatever file has that now. It has a hidden one for the moment between the two calls that this
    /// takes.
    /// - Returns: false with `errno` set.
    func replace(_ path: String) -> Bool {
        if link(to: path) { return true }
        guard errno == EEXIST else { return false }
        return name.withLock { name in
            if name == nil { name = hide() }
            guard let hidden = name, rename(hidden, path) == 0 else { return false }
            name = nil
            return true
        }
    }

    private func hide() -> String? {
        while true {
            let letters = String(UInt64.random(in: 0 ... .max), radix: 36).suffix(6)
            let path = prefix + String(repeating: "0", count: 6 - letters.count) + letters
            if UnnamedFile.name(descriptor, path) { return path }
            guard errno == EEXIST else { return nil }
        }
    }

    /// Takes away the hidden name, if it has one: a file without another one goes with the object.
    func discard() {
        name.withLock { name in
            if let hidden = name { unlink(hidden) }
            name = nil
        }
    }
}

/// What runs that were killed have left under hidden names: those of earlier versions, and those on file systems
/// without nameless files.
enum LeftBehind {
    /// A file that nobody has written to for so long belongs to no run, in seconds.
    private static let age = 600

    /// Removes this user's private files in a folder whose names are the prefix and six letters or digits.
    static func sweep(_ folder: String, prefix: String) {
        for name in FolderNames.all(folder) where name.hasPrefix(prefix) {
            let rest = name.utf8.dropFirst(prefix.utf8.count)
            guard rest.count == 6, rest.allSatisfy(isLetterOrDigit) else { continue }
            let path = "\(folder)/\(name)"
            var facts = stat()
            guard lstat(path, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG, facts.st_mode & 0o077 == 0,
                facts.st_uid == geteuid(), time(nil) - facts.st_mtim.tv_sec > age
            else { continue }
            unlink(path)
        }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool { isalnum(Int32(byte)) != 0 && byte < 0x80 }
}
