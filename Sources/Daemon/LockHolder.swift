package import Glibc

/// The process that works in a data directory, as its lock tells.
package enum LockHolder {
    /// - Returns: nil when nobody holds the lock, or there is none, or its file does not say who.
    package static func process(of directory: String) -> pid_t? {
        guard case .process(let process?) = DirectoryLock.holder(of: directory), process > 1 else { return nil }
        return process
    }

    /// The file with the number is the relay's user's, who could write any other there: before somebody with more
    /// rights signals a process, the system itself must say that it is that user's and has the lock.
    /// - Throws: ``DaemonError`` `lock-not-believed`.
    package static func require(_ process: pid_t, of directory: String) throws(DaemonError) {
        var facts = stat()
        guard lstat(directory + "/lock", &facts) == 0, facts.st_mode & S_IFMT == S_IFREG,
            user(of: process) == facts.st_uid, hasLock(process, inode: UInt64(facts.st_ino))
        else {
            throw DaemonError(
                code: "lock-not-believed",
                message:
                    "The lock of '\(directory)' names process \(process), and the system does not say that it holds it"
                    + " and is its owner's.",
                hint: "look at /proc/locks and at what that process is; systemctl kill -s SIGUSR1 UNIT tells a service")
        }
    }

    /// By its effective user.
    private static func user(of process: pid_t) -> uid_t? {
        let fields = lines("/proc/\(process)/status").first { $0.hasPrefix("Uid:") }?.split(separator: "\t")
        guard let fields, fields.count > 2 else { return nil }
        return uid_t(fields[2])
    }

    /// As in proc_locks(5): `1: FLOCK ADVISORY WRITE PID MAJOR:MINOR:INODE 0 EOF`.
    private static func hasLock(_ process: pid_t, inode: UInt64) -> Bool {
        lines("/proc/locks").contains { line in
            let fields = line.split(separator: " ")
            return fields.count > 5 && fields[1] == "FLOCK" && fields[3] == "WRITE" && fields[4] == "\(process)"
                && fields[5].hasSuffix(":\(inode)")
        }
    }

    private static func lines(_ path: String) -> [Substring] {
        guard let file = fopen(path, "re") else { return [] }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while bytes.count < longest {
            let count = fread(&buffer, 1, buffer.count, file)
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    }

    private static let longest = 16 << 20
}
