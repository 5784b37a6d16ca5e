package import HummingbirdCore
package import Logging
package import NIOCore

/// What a server's connections come to: raw bytes, TLS included.
package final class ConnectionFigures: Sendable {
    package let open = Level()
    package let total = Counter()
    package let received = Counter()
    package let sent = Counter()
    package init() {}

    package var families: [MetricFamily] {
        [
            MetricFamily(gauge: "valise_connections", "Connections that are open.", .whole(open.value)),
            MetricFamily(
                counter: "valise_connections_total", "Connections that were taken.", .whole(total.value)),
            MetricFamily(
                counter: "valise_received_bytes_total", "Bytes that came over connections, TLS included.",
                .whole(received.value)),
            MetricFamily(
                counter: "valise_sent_bytes_total", "Bytes that went over connections, TLS included.",
                .whole(sent.value)),
        ]
    }
}

/// A child channel that is counted for as long as it is open.
package struct CountedChannel<Base: ServerChildChannel>: ServerChildChannel {
    package typealias Value = Base.Value
    private let base: Base
    private let figures: ConnectionFigures

    package init(_ base: Base, figures: ConnectionFigures) {
        self.base = base
        self.figures = figures
    }

    package func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        let figures = figures
        figures.total.add()
        figures.open.add(1)
        channel.closeFuture.whenComplete { _ in figures.open.add(-1) }
        return channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(ByteCounter(figures: figures))
        }.flatMap { base.setup(channel: channel, logger: logger) }
    }

    package func handle(value: Value, logger: Logger) async { await base.handle(value: value, logger: logger) }
}

/// Counts raw bytes at the front of the pipeline.
private final class ByteCounter: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private let figures: ConnectionFigures

    init(figures: ConnectionFigures) { self.figures = figures }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        figures.received.add(UInt64(unwrapInboundIn(data).readableBytes))
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        figures.sent.add(UInt64(unwrapOutboundIn(data).readableBytes))
        context.write(data, promise: promise)
    }
}
