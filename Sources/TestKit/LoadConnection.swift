package import NIOCore
import NIOHTTP1
package import NIOPosix
package import NIOSSL

/// One kept TLS connection that sends bytes as they are and reads just enough of the answers: for load, and for
/// requests that no proper client would send.
package final class LoadConnection: ChannelInboundHandler, @unchecked Sendable {
    // @unchecked is safe because every member is touched on the channel's event loop only.
    package typealias InboundIn = ByteBuffer
    private var received = ByteBuffer()
    private var waiting: EventLoopPromise<Answer>?
    private var isLost = false
    /// Whether the answer that is awaited has no body, whatever length it says (RFC 9110 section 9.3.2).
    private var isHead = false
    private let loop: any EventLoop
    private var channel: (any Channel)?

    package struct Answer: Sendable {
        package let status: Int
        /// The head as it came, without the empty line.
        package let head: String
        package let body: [UInt8]

        /// The value of a header field.
        package func field(_ name: String) -> String? {
            let prefix = "\(name.lowercased()):"
            let line = head.split(separator: "\r\n").dropFirst().first { $0.lowercased().hasPrefix(prefix) }
            return line.map { String($0.dropFirst(prefix.count).drop { $0 == " " }) }
        }
    }
    /// The relay has closed the connection, or was never reached.
    package struct ConnectionLost: Error {}

    private init(loop: any EventLoop) { self.loop = loop }

    /// The certificate must be under `context`'s roots and for `localhost`.
    /// - Parameter address: the loopback address that it comes from; nil for the usual one.
    package static func open(
        port: Int, context: NIOSSLContext, group: MultiThreadedEventLoopGroup, from address: String? = nil
    ) async throws -> LoadConnection {
        let connection = LoadConnection(loop: group.next())
        var bootstrap = ClientBootstrap(group: connection.loop)
        if let address { bootstrap = bootstrap.bind(to: try SocketAddress(ipAddress: address, port: 0)) }
        _ =
            try await bootstrap
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let tls = try NIOSSLClientHandler(context: context, serverHostname: "localhost")
                    try channel.pipeline.syncOperations.addHandlers([tls, connection])
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        return connection
    }

    /// A client's TLS context with these roots alone, TLS 1.3.
    package static func context(roots: [NIOSSLCertificate]) throws -> NIOSSLContext {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .certificates(roots)
        tls.minimumTLSVersion = .tlsv13
        return try NIOSSLContext(configuration: tls)
    }

    /// A request that is written as it is: head and body in one buffer.
    /// - Parameter fields: whole lines.
    package static func request(
        method: String, target: String, port: Int, fields: String = "", body: [UInt8]
    ) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeString("\(method) \(target) HTTP/1.1\r\nHost: localhost:\(port)\r\n\(fields)")
        buffer.writeString("Content-Length: \(body.count)\r\n\r\n")
        buffer.writeBytes(body)
        return buffer
    }

    /// Sends a request and waits for its answer.
    package func send(_ request: ByteBuffer) async throws -> Answer {
        try await loop.flatSubmit { () -> EventLoopFuture<Answer> in
            self.isHead = request.getString(at: request.readerIndex, length: 5) == "HEAD "
            let answer = self.next()
            self.channel?.writeAndFlush(request, promise: nil)
            return answer
        }.get()
    }

    /// Sends bytes and waits for nothing but that they are on their way.
    package func write(_ bytes: ByteBuffer) async throws {
        try await loop.flatSubmit { () -> EventLoopFuture<Void> in
            guard !self.isLost, let channel = self.channel else { return self.loop.makeFailedFuture(ConnectionLost()) }
            return channel.writeAndFlush(bytes)
        }.get()
    }

    /// The next answer.
    package func answer() async throws -> Answer {
        try await loop.flatSubmit { self.next() }.get()
    }

    /// Waits until the other side has closed the connection.
    package func closed() async {
        try? await loop.flatSubmit { self.channel?.closeFuture ?? self.loop.makeSucceededVoidFuture() }.get()
    }

    /// From now on this side takes nothing, not even the other side's farewell, as a client that was suspended.
    package func stopReading() async throws {
        try await loop.flatSubmit { () -> EventLoopFuture<Void> in
            guard let channel = self.channel else { return self.loop.makeFailedFuture(ConnectionLost()) }
            return channel.setOption(.autoRead, value: false)
        }.get()
    }

    package func close() async {
        try? await loop.flatSubmit { self.channel?.close() ?? self.loop.makeSucceededVoidFuture() }.get()
    }

    package func handlerAdded(context: ChannelHandlerContext) { channel = context.channel }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var piece = unwrapInboundIn(data)
        received.writeBuffer(&piece)
        guard let promise = waiting, let answer = takeAnswer() else { return }
        waiting = nil
        promise.succeed(answer)
    }

    package func channelInactive(context: ChannelHandlerContext) { fail() }
    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail()
        context.close(promise: nil)
    }
    private func fail() {
        isLost = true
        waiting?.fail(ConnectionLost())
        waiting = nil
    }

    private func next() -> EventLoopFuture<Answer> {
        let promise = loop.makePromise(of: Answer.self)
        if let answer = takeAnswer() {
            promise.succeed(answer)
        } else if isLost {
            promise.fail(ConnectionLost())
        } else {
            waiting = promise
        }
        return promise.futureResult
    }

    /// The answer once head and body are there; bodies have a length here, never chunks.
    private func takeAnswer() -> Answer? {
        guard let headCount = received.withUnsafeReadableBytes(Self.headCount) else { return nil }
        let head = received.getString(at: received.readerIndex, length: headCount) ?? ""
        let lines = head.utf8.split(separator: 13)
        guard let status = lines.first?.split(separator: UInt8(ascii: " ")).dropFirst().first,
            let length = isHead || Substring(status) == "204" ? 0 : lines.lazy.compactMap(Self.contentLength).first,
            received.readableBytes >= headCount + 4 + length
        else { return nil }
        received.moveReaderIndex(forwardBy: headCount + 4)
        let body = received.readBytes(length: length) ?? []
        received.discardReadBytes()
        return Answer(status: Int(Substring(status)) ?? 0, head: head, body: body)
    }

    /// The bytes before the empty line, once it is there.
    private static func headCount(_ bytes: UnsafeRawBufferPointer) -> Int? {
        for end in stride(from: 3, to: bytes.count, by: 1) where bytes[end] == 10 {
            if bytes[end - 1] == 13, bytes[end - 2] == 10, bytes[end - 3] == 13 { return end - 3 }
        }
        return nil
    }

    private static func contentLength(_ line: Substring.UTF8View) -> Int? {
        let name = "content-length:"
        let text = line.drop { $0 == UInt8(ascii: "\n") }
        guard text.count > name.utf8.count,
            zip(text, name.utf8).allSatisfy({ $0 | 0x20 == $1 | 0x20 })
        else { return nil }
        return Int(Substring(text.dropFirst(name.utf8.count)).drop { $0 == " " })
    }
}
