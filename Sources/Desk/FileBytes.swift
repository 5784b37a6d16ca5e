import Glibc

/// Reading an open file at a place, and blanking its beginning.
enum FileBytes {
    /// Bytes from an offset: fewer than asked for only at the end.
    /// - Throws: ``DeskError`` `file-unreadable`.
    static func read(_ descriptor: Int32, _ offset: UInt64, _ count: Int, path: String) throws -> [UInt8] {
        var result = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let room = buffer.baseAddress.map { UnsafeMutableRawPointer($0.advanced(by: filled)) }
                repeat {
                    result = pread(descriptor, room, count - filled, Int(offset) + filled)
                } while result < 0 && errno == EINTR
                if result <= 0 { return }
                filled += result
            }
        }
        guard result >= 0 else {
            throw DeskError(
                "file-unreadable", "\(path) could not be read (\(String(cString: strerror(errno)))).",
                hint: "check the disk, then try again; nothing was said of the message")
        }
        return bytes
    }

    /// Zeros over the first bytes.
    /// - Returns: false with `errno` set.
    static func blank(_ descriptor: Int32, _ count: Int) -> Bool {
        let zeros = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let step = zeros[done...].withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, done) }
            if step < 0, errno == EINTR { continue }
            guard step > 0 else { return false }
            done += step
        }
        return true
    }
}
