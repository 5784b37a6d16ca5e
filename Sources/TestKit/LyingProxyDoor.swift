import NIOCore
import NIOHTTP1

/// A header line.
struct HTTPLine: Sendable, Hashable {
    let name: String
    let value: String

    /// Those that each connection makes anew.
    static let own: Set<String> = ["host", "content-length", "connection", "transfer-encoding", "date"]
}

/// Gathers a request, has it answered, and writes the answer.
final class ProxyDoor: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart
    private let proxy: LyingProxy
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(_ proxy: LyingProxy) { self.proxy = proxy }

    func handlerAdded(context: ChannelHandlerContext) { proxy.note(context.channel, isOpen: true) }
    func channelInactive(context: ChannelHandlerContext) { proxy.note(context.channel, isOpen: false) }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = []
        case .body(let buffer): body += Array(buffer.readableBytesView)
        case .end: answer(context)
        }
    }

    private func answer(_ context: ChannelHandlerContext) {
        guard let head else { return }
        let lines = head.headers.filter { !HTTPLine.own.contains($0.name.lowercased()) }
            .map { HTTPLine(name: $0.name, value: $0.value) }
        let request = LyingProxy.Request(method: head.method.rawValue, target: head.uri, fields: lines, body: body)
        let promise = context.eventLoop.makePromise(of: LyingProxy.Answer.self)
        let proxy = proxy
        promise.completeWithTask { try await proxy.answer(request) }
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        promise.futureResult.whenComplete { result in
            switch result {
            case .success(let answer): Self.write(answer, to: bound.value)
            case .failure: bound.value.close(promise: nil)
            }
        }
    }

    private static func write(_ answer: LyingProxy.Answer, to context: ChannelHandlerContext) {
        var headers = HTTPHeaders(answer.fields.map { ($0.name, $0.value) })
        headers.add(name: "Content-Length", value: String(answer.body.count))
        let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: answer.status), headers: headers)
        context.write(NIOAny(HTTPServerResponsePart.head(head)), promise: nil)
        context.write(NIOAny(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(bytes: answer.body)))), promise: nil)
        context.writeAndFlush(NIOAny(HTTPServerResponsePart.end(nil)), promise: nil)
    }
}
