import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// One kept TLS connection that sends prebuilt requests and reads just enough of the answers.
final class LoadConnection: ChannelInboundHandler, @unchecked Sendable {
    // @unchecked is safe because every member is touched on the channel's event loop only.
    typealias InboundIn = ByteBuffer
    private var received = ByteBuffer()
    private var waiting: EventLoopPromise<Answer>?
    private let channel: any Channel

    struct Answer: Sendable {
        let status: Int
        let body: [UInt8]
    }
    struct ConnectionLost: Error {}

    private init(channel: any Channel) { self.channel = channel }

    static func open(
        port: Int, context: NIOSSLContext, group: MultiThreadedEventLoopGroup
    ) async throws -> LoadConnection {
        let channel = try await ClientBootstrap(group: group)
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let tls = try NIOSSLClientHandler(context: context, serverHostname: "localhost")
                    try channel.pipeline.syncOperations.addHandler(tls)
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        let connection = LoadConnection(channel: channel)
        try await channel.pipeline.addHandler(connection).get()
        return connection
    }

    /// A request that is written as it is: head and body in one buffer.
    static func request(method: String, target: String, port: Int, fields: String = "", body: [UInt8]) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeString("\(method) \(target) HTTP/1.1\r\nHost: localhost:\(port)\r\n\(fields)")
        buffer.writeString("Content-Length: \(body.count)\r\n\r\n")
        buffer.writeBytes(body)
        return buffer
    }

    func send(_ request: ByteBuffer) async throws -> Answer {
        try await channel.eventLoop.flatSubmit { () -> EventLoopFuture<Answer> in
            let promise = self.channel.eventLoop.makePromise(of: Answer.self)
            self.waiting = promise
            self.channel.writeAndFlush(request, promise: nil)
            return promise.futureResult
        }.get()
    }

    func close() async { try? await channel.close().get() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var piece = unwrapInboundIn(data)
        received.writeBuffer(&piece)
        guard let answer = complete() else { return }
        let promise = waiting
        waiting = nil
        received.clear()
        promise?.succeed(answer)
    }

    func channelInactive(context: ChannelHandlerContext) { fail() }
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail()
        context.close(promise: nil)
    }
    private func fail() {
        waiting?.fail(ConnectionLost())
        waiting = nil
    }

    /// The answer once head and body are there; bodies have a length here, never chunks.
    private func complete() -> Answer? {
        let view = received.readableBytesView
        guard let end = view.firstRange(of: [13, 10, 13, 10]) else { return nil }
        let head = String(decoding: view[..<end.lowerBound], as: UTF8.self)
        let lines = head.split(separator: "\r\n")
        guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else { return nil }
        let length = lines.first { $0.lowercased().hasPrefix("content-length:") }
            .flatMap { Int($0.drop { $0 != ":" }.dropFirst().drop { $0 == " " }) }
        let body = view[end.upperBound...]
        guard let length, body.count >= length else { return nil }
        return Answer(status: status, body: Array(body.prefix(length)))
    }
}
