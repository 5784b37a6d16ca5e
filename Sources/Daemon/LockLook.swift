import Glibc

extension DirectoryLock {
    /// Who works in a data directory, for those who only look.
    package enum Holder: Sendable, Hashable {
        case nobody
        /// The process number, if the lock's file says it.
        case process(Int?)
    }

    /// Looks without being in the way for longer than a moment, and changes nothing.
    package static func holder(of directory: String) -> Holder {
        let file = open(directory + "/lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { return .nobody }
        defer { close(file) }
        if flock(file, LOCK_SH | LOCK_NB) == 0 { return .nobody }
        guard errno == EWOULDBLOCK else { return .nobody }
        var bytes = [UInt8](repeating: 0, count: 20)
        let count = pread(file, &bytes, bytes.count, 0)
        let digits = bytes.prefix(max(0, count)).prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return .process(Int(String(decoding: digits, as: UTF8.self)))
    }
}
