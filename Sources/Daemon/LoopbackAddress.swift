package import Glibc
import NIOCore

/// A port of this machine, as the system's calls take it.
package enum LoopbackAddress {
    /// - Parameters:
    ///   - port: 0 to 65535.
    ///   - body: gets 127.0.0.1 with the port, and the length of both in bytes; they are gone when it returns.
    package static func with<Value>(
        port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Value
    ) throws -> Value {
        try SocketAddress(ipAddress: "127.0.0.1", port: port).withSockAddr { try body($0, socklen_t($1)) }
    }
}
