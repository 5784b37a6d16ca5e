import Glibc

/// Tells the service manager how the program stands, by the protocol of `sd_notify(3)`: one datagram a state to the
/// socket in `$NOTIFY_SOCKET`. Does nothing where that is not set, as in a plain shell.
package struct ServiceNotifier: Sendable {
    private let socketPath: String?

    /// The notifier of this process's environment.
    package init() { self.init(socketPath: getenv("NOTIFY_SOCKET").map { String(cString: $0) }) }

    /// `socketPath` begins with `/`, or with `@` for an abstract socket; anything else counts as none.
    package init(socketPath: String?) {
        let usable = socketPath.map { ($0.hasPrefix("/") || $0.hasPrefix("@")) && $0.utf8.count < 108 } ?? false
        self.socketPath = usable ? socketPath : nil
    }

    /// `READY=1`: the program answers requests now. `status` is a short line for `systemctl status`.
    @discardableResult
    package func ready(status: String? = nil) -> Bool { send("READY=1", status) }

    /// `STOPPING=1`: the program has begun to shut down.
    @discardableResult
    package func stopping() -> Bool { send("STOPPING=1", nil) }

    /// `RELOADING=1`: the program takes up changed files; ``ready(status:)`` ends that.
    @discardableResult
    package func reloading() -> Bool {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        let microseconds = Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
        return send("RELOADING=1\nMONOTONIC_USEC=\(microseconds)", nil)
    }

    /// `WATCHDOG=1`: the program is alive.
    @discardableResult
    package func alive() -> Bool { send("WATCHDOG=1", nil) }

    /// Sends without waiting; returns whether the datagram was handed over. A failure is not an error of the program.
    private func send(_ state: String, _ status: String?) -> Bool {
        guard let socketPath else { return false }
        let oneLine = status.map { String($0.map { $0.isNewline ? " " : $0 }) }
        let text = Array((state + (oneLine.map { "\nSTATUS=\($0)" } ?? "")).utf8)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var path = Array(socketPath.utf8)
        if path[0] == UInt8(ascii: "@") { path[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        // An abstract name is counted, not ended by a zero byte (unix(7)).
        let length = socklen_t(MemoryLayout<sa_family_t>.size + path.count)
        let datagrams = Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_UNIX, datagrams, 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        let flags = Int32(MSG_NOSIGNAL | MSG_DONTWAIT)
        let sent = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, text, text.count, flags, $0, length)
            }
        }
        return sent == text.count
    }
}
