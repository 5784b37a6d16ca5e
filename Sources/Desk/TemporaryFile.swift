import Glibc

/// Files with names of their own that only this user can read.
enum TemporaryFile {
    /// - Parameter prefix: the path up to the six letters that make the name unique.
    /// - Returns: an open descriptor and the path; nil with `errno` set.
    static func make(_ prefix: String) -> (descriptor: Int32, path: String)? {
        var template = Array("\(prefix)XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { return nil }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        return (descriptor, String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }
}
