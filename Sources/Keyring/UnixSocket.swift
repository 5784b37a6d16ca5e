import Glibc

/// The few socket calls that the unlock agent and its clients share.
enum UnixSocket {
    /// The longest path of a Unix socket, in bytes (unix(7): 108 with the closing zero).
    static let pathByteLimit = 107

    static func make() throws -> Int32 {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { throw failed("no socket could be made", errno) }
        return descriptor
    }

    /// Closed on exec, never blocking.
    static func closeOnExecAndNeverBlock(_ descriptor: Int32) {
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    }

    /// Runs `body` with the path as a socket address.
    static func withAddress(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) throws -> Int32 {
        let bytes = [UInt8](path.utf8)
        guard !bytes.isEmpty, bytes.count <= pathByteLimit, !bytes.contains(0) else {
            throw KeyringError(
                .agentPathTooLong,
                "The agent's socket path \(path) has \(bytes.count) bytes, and at most \(pathByteLimit) are possible.",
                hint: "Set VALISE_HOME to a folder with a shorter path.")
        }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    /// Connects; `nil` when nobody listens there (no file, or a socket that a dead agent left behind).
    static func connect(_ path: String) throws -> Int32? {
        let descriptor = try make()
        do {
            let result = try withAddress(path) { Glibc.connect(descriptor, $0, $1) }
            if result == 0 { return descriptor }
            let number = errno
            if number == ENOENT || number == ECONNREFUSED || number == ENOTDIR {
                close(descriptor)
                return nil
            }
            throw failed("\(path) could not be reached", number)
        } catch {
            close(descriptor)
            throw error
        }
    }

    /// Whether the process at the other end runs as this user (SO_PEERCRED, unix(7)).
    static func peerIsThisUser(_ descriptor: Int32) -> Bool {
        // `struct ucred`, which Swift does not see: pid, uid, gid.
        var peer: (pid: Int32, uid: UInt32, gid: UInt32) = (0, .max, .max)
        var length = socklen_t(MemoryLayout.size(ofValue: peer))
        guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 else { return false }
        return peer.uid == geteuid()
    }

    /// Sends all bytes before the deadline.
    static func send(_ bytes: [UInt8], to descriptor: Int32, until deadline: Int64) throws {
        var sent = 0
        while sent < bytes.count {
            let step = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress?.advanced(by: sent), $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            if step > 0 {
                sent += step
            } else if errno == EAGAIN {
                try wait(descriptor, for: Int16(POLLOUT), until: deadline)
            } else if errno != EINTR {
                throw failed("the agent's connection broke", errno)
            }
        }
    }

    /// Receives exactly `count` bytes before the deadline.
    static func receive(_ count: Int, from descriptor: Int32, until deadline: Int64) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var received = 0
        while received < count {
            let step = bytes.withUnsafeMutableBytes {
                recv(descriptor, $0.baseAddress?.advanced(by: received), $0.count - received, 0)
            }
            if step > 0 {
                received += step
            } else if step == 0 {
                throw failed("the agent closed the connection", 0)
            } else if errno == EAGAIN {
                try wait(descriptor, for: Int16(POLLIN), until: deadline)
            } else if errno != EINTR {
                throw failed("the agent's connection broke", errno)
            }
        }
        return bytes
    }

    private static func wait(_ descriptor: Int32, for events: Int16, until deadline: Int64) throws {
        let left = deadline - AgentClock.now()
        guard left > 0 else { throw failed("the agent did not answer in time", 0) }
        var entry = pollfd(fd: descriptor, events: events, revents: 0)
        _ = poll(&entry, 1, Int32(clamping: left))
    }

    static func failed(_ what: String, _ number: Int32) -> KeyringError {
        let reason = number == 0 ? "" : " (\(String(cString: strerror(number))))"
        return KeyringError(
            .agentFailed, "The unlock agent cannot be used: \(what)\(reason).",
            hint: "Run `valise lock` and `valise unlock` again, or give the passphrase instead.")
    }
}

/// Milliseconds that also pass while the machine is suspended, so that keys do not outlive their time with the lid
/// closed.
enum AgentClock {
    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    static func milliseconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        return overflow ? Int64.max / 4 : min(product + attoseconds / 1_000_000_000_000_000, Int64.max / 4)
    }
}
