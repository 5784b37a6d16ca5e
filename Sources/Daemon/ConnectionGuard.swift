import HTTPTypes
import Hummingbird
package import HummingbirdCore
package import Logging
package import NIOCore
import NIOHTTPTypes
import NIOSSL

/// Limits on how slowly a connection may speak; Hummingbird has none.
package struct ConnectionLimits: Sendable {
    /// A request's head must be complete this long after its first byte, or after the connection was opened.
    package var head: TimeAmount = .seconds(10)
    /// In every window of a body, at least ``bodyFloor`` bytes must come.
    package var bodyWindow: TimeAmount = .seconds(30)
    package var bodyFloor = 30 * 1024
    /// A kept connection without a request is closed after this; longer than the longest poll.
    package var idle: TimeAmount = .seconds(120)
    /// How long a connection that this side closes waits for the other side's end of TLS.
    package var farewell: TimeAmount = .seconds(5)
    package init() {}
}

/// A child channel with a ``ConnectionGuard`` before its TLS and HTTP handlers.
package struct GuardedChannel<Base: ServerChildChannel>: ServerChildChannel {
    package typealias Value = Base.Value
    private let base: Base
    private let limits: ConnectionLimits

    package init(_ base: Base, limits: ConnectionLimits) {
        self.base = base
        self.limits = limits
    }
    package func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            // The first of them is kept for as long as the connection waits, so it is small. It doubles with each read
            // that fills it: from the second envelope on, an ordinary one comes in one read.
            try channel.syncOptions?.setOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 2_048, initial: 2_048, maximum: 65_536)
            )
            try Self.limitUnsent(channel)
            try channel.pipeline.syncOperations.addHandler(ConnectionGuard(limits: limits))
        }.flatMap { base.setup(channel: channel, logger: logger) }
    }
    /// Without this the system takes megabytes before a slow reader has any of them: the server would see no progress
    /// for minutes and close a download that is going on. What is in flight is not bounded by it.
    private static func limitUnsent(_ channel: any Channel) throws {
        #if os(Linux)
            // TCP_NOTSENT_LOWAT (tcp(7)), which Glibc's headers do not name.
            let option = ChannelOptions.Types.SocketOption(level: .tcp, name: NIOBSDSocket.Option(rawValue: 25))
            try channel.syncOptions?.setOption(option, value: 128 * 1024)
        #endif
    }
    package func handle(value: Value, logger: Logger) async { await base.handle(value: value, logger: logger) }
}

/// Closes connections that drip: it counts raw bytes at the front of the pipeline, and ``RequestProgress`` behind the
/// HTTP codec tells it where a request stands. All on the channel's event loop.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Phase {
        case awaitingHead
        case body(received: Int)
        /// No request is coming in; an answer may be going out.
        case idle(wrote: Bool)
    }

    /// Bytes.
    private static let shortWrite = 4_096

    private let limits: ConnectionLimits
    private var phase = Phase.awaitingHead
    private var timer: Scheduled<Void>?
    private var deadline = NIODeadline.distantFuture
    private var context: ChannelHandlerContext?
    private var isStopping = false
    private var isLeaving = false
    private var lastWrites = 0

    init(limits: ConnectionLimits) { self.limits = limits }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { expectHead() }
    }
    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        self.context = nil
    }
    func channelActive(context: ChannelHandlerContext) {
        expectHead()
        context.fireChannelActive()
    }
    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        context.fireChannelInactive()
    }
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch phase {
        case .idle: expectHead()
        case .body(let received): phase = .body(received: received + unwrapInboundIn(data).readableBytes)
        case .awaitingHead: break
        }
        context.fireChannelRead(data)
    }

    /// The server stops. HTTP closes the connection once no request is in progress; TLS would then wait for the other
    /// side's farewell, which an idle client may never send.
    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent { isStopping = true }
        context.fireUserInboundEventTriggered(event)
    }

    /// HTTP closes: what is written from here on is the end of TLS, and when the socket has it all is said.
    func willClose() { isLeaving = isStopping }

    /// A long answer keeps its connection: bytes that the socket took count, whenever they were written. A short one
    /// is taken at once and need not be watched.
    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if isLeaving { return writeLast(context, data, promise) }
        if case .idle = phase, unwrapOutboundIn(data).readableBytes > Self.shortWrite {
            let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
            let done = promise ?? context.eventLoop.makePromise(of: Void.self)
            done.futureResult.whenSuccess {
                if case .idle = bound.value.phase { bound.value.phase = .idle(wrote: true) }
            }
            return context.write(data, promise: done)
        }
        context.write(data, promise: promise)
    }

    private func writeLast(_ context: ChannelHandlerContext, _ data: NIOAny, _ promise: EventLoopPromise<Void>?) {
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let done = promise ?? context.eventLoop.makePromise(of: Void.self)
        lastWrites += 1
        done.futureResult.whenComplete { _ in
            bound.value.lastWrites -= 1
            if bound.value.lastWrites == 0 { bound.value.context?.close(promise: nil) }
        }
        context.write(data, promise: done)
    }

    func sawHead() {
        phase = .body(received: 0)
        schedule(limits.bodyWindow)
    }
    func sawEnd() {
        phase = .idle(wrote: false)
        schedule(limits.idle)
    }

    private func expectHead() {
        phase = .awaitingHead
        schedule(limits.head)
    }
    /// Moves the deadline. One timer runs on at the shortest of the limits, so that it is never later than a deadline
    /// set meanwhile: to set and cancel one with each request costs more than the request's HTTP.
    private func schedule(_ delay: TimeAmount) {
        deadline = .now() + delay
        if timer == nil { wake(at: deadline) }
    }
    private func wake(at time: NIODeadline) {
        guard let context else { return }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let next = min(time, .now() + min(limits.head, limits.bodyWindow, limits.idle))
        timer = context.eventLoop.scheduleTask(deadline: next) { bound.value.look() }
    }
    private func look() {
        timer = nil
        if NIODeadline.now() < deadline { wake(at: deadline) } else { timeIsUp() }
    }
    private func timeIsUp() {
        if case .body(let received) = phase, received >= limits.bodyFloor {
            phase = .body(received: 0)
            return schedule(limits.bodyWindow)
        }
        if case .idle(wrote: true) = phase { return sawEnd() }
        context?.close(promise: nil)
    }
}

/// Tells the ``ConnectionGuard`` of its channel when a request's head and end came, and when HTTP closes.
final class RequestProgress: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart
    private var connection: ConnectionGuard?
    private var peer: Peer?

    func handlerAdded(context: ChannelHandlerContext) {
        connection = try? context.pipeline.syncOperations.handler(type: ConnectionGuard.self)
        peer = try? context.pipeline.syncOperations.handler(type: PeerMeter.self).peer
    }
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            connection?.sawHead()
            peer?.sawHead()
        case .end: connection?.sawEnd()
        case .body: break
        }
        context.fireChannelRead(data)
    }
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if mode == .all { connection?.willClose() }
        context.close(mode: mode, promise: promise)
    }
}
