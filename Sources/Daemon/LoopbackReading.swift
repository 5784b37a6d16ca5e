import Glibc

/// Reads what a daemon on this machine says at its health port, without a client library: one request, one answer,
/// bounded in time and size.
package enum LoopbackReading {
    /// The longest answer, in bytes.
    package static let byteLimit = 4 << 20

    /// The status and the body of `GET target`; nil if nothing answers there within the time.
    package static func get(_ target: String, port: Int, seconds: Int = 5) -> (status: Int, body: [UInt8])? {
        guard (1...65_535).contains(port) else { return nil }
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        let connected = try? LoopbackAddress.with(port: port) { connect(descriptor, $0, $1) }
        let request = Array("GET \(target) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n\r\n".utf8)
        guard connected == 0, send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count
        else { return nil }
        return parse(receive(descriptor))
    }

    private static func receive(_ descriptor: Int32) -> [UInt8] {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 * 1024)
        while bytes.count <= byteLimit {
            let count = recv(descriptor, &piece, piece.count, 0)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            bytes += piece[..<count]
        }
        return bytes
    }

    /// A whole answer with `Content-Length`, which the health port always sends.
    static func parse(_ bytes: [UInt8]) -> (status: Int, body: [UInt8])? {
        guard bytes.count <= byteLimit, let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
        let words = head.first?.split(separator: " ") ?? []
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]), (100...599).contains(status)
        else { return nil }
        let length = head.first { $0.lowercased().hasPrefix("content-length:") }
            .flatMap { Int($0.dropFirst("content-length:".count).filter { $0 != " " }) }
        let body = Array(bytes[end.upperBound...])
        guard length == body.count else { return nil }
        return (status, body)
    }
}
