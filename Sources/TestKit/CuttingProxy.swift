package import NIOCore
package import NIOPosix
import Synchronization

/// A TCP proxy on loopback that is a bad network: it slows connections down, cuts them after so many bytes, and takes
/// the whole link down and up by command.
package final class CuttingProxy: Sendable {
    /// How it treats connections.
    package struct Conduct: Sendable {
        /// For each new connection in turn: the bytes, both ways and TLS among them, after which it is cut. Connections
        /// after the last one are not cut.
        package var cuts: [Int] = []
        /// The pause after each piece of at most 64 KiB.
        package var delay: TimeAmount = .zero
        /// Whether connections get through at all.
        package var isUp = true
        package init() {}
    }

    private struct State {
        var conduct: Conduct
        var open: [ObjectIdentifier: any Channel] = [:]
        var cutCount = 0
    }

    private let state: Mutex<State>
    private let target: Int
    private let listener = Mutex<(any Channel)?>(nil)

    private init(target: Int, conduct: Conduct) {
        self.target = target
        state = Mutex(State(conduct: conduct))
    }

    /// Listens on one port of loopback and leads to another while the body runs.
    package static func run<Value: Sendable>(
        port: Int, to target: Int, _ conduct: Conduct = Conduct(),
        group: MultiThreadedEventLoopGroup = .singleton, _ body: (CuttingProxy) async throws -> Value
    ) async throws -> Value {
        let proxy = CuttingProxy(target: target, conduct: conduct)
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelInitializer { proxy.accept($0) }
            .bind(host: "127.0.0.1", port: port).get()
        proxy.listener.withLock { $0 = channel }
        do {
            let value = try await body(proxy)
            try await proxy.stop()
            return value
        } catch {
            try? await proxy.stop()
            throw error
        }
    }

    /// Changes how it treats connections; `cuts` are for those that are opened from now on.
    package func change(_ change: (inout Conduct) -> Void) { state.withLock { change(&$0.conduct) } }

    /// Connections that were cut so far.
    package var cutCount: Int { state.withLock { $0.cutCount } }

    /// Cuts every connection and lets none through until ``raise()``.
    package func lower() {
        let open = state.withLock { state in
            state.conduct.isUp = false
            state.cutCount += state.open.count
            return Array(state.open.values)
        }
        for channel in open { channel.close(promise: nil) }
    }

    /// Lets connections through again.
    package func raise() { change { $0.isUp = true } }

    private func stop() async throws {
        lower()
        try await listener.withLock { $0 }?.close()
    }

    private func accept(_ client: any Channel) -> EventLoopFuture<Void> {
        let cut: Int? = state.withLock { state in
            guard state.conduct.isUp else { return 0 }
            return state.conduct.cuts.isEmpty ? .max : state.conduct.cuts.removeFirst()
        }
        guard let cut, cut > 0 else { return client.close() }
        let budget = CutBudget(bytes: cut)
        return ClientBootstrap(group: client.eventLoop)
            .channelOption(.autoRead, value: false)
            .channelOption(.maxMessagesPerRead, value: 1)
            // What the system holds for a slow reader hides how slow it is.
            .channelOption(.socketOption(.so_rcvbuf), value: 65_536)
            .connect(host: "127.0.0.1", port: target)
            .flatMap { server in
                self.join(client, server, budget)
                return client.eventLoop.makeSucceededVoidFuture()
            }
            .flatMapError { _ in client.close() }
    }

    private func join(_ client: any Channel, _ server: any Channel, _ budget: CutBudget) {
        state.withLock { $0.open[ObjectIdentifier(client)] = client }
        client.closeFuture.whenComplete { _ in
            self.state.withLock { $0.open[ObjectIdentifier(client)] = nil }
        }
        for (channel, other) in [(client, server), (server, client)] {
            let hose = ProxyHose(other: other, budget: budget, proxy: self)
            // Both channels are on this event loop, where this runs.
            try? channel.pipeline.syncOperations.addHandler(hose)
        }
    }

    fileprivate var delay: TimeAmount { state.withLock { $0.conduct.delay } }
    fileprivate func countCut() { state.withLock { $0.cutCount += 1 } }
}

/// The bytes that one connection may still carry, both ways together.
private final class CutBudget: Sendable {
    private let left: Mutex<Int>
    init(bytes: Int) { left = Mutex(bytes) }

    /// Takes what may pass of so many bytes.
    func take(_ count: Int) -> (allowed: Int, isCut: Bool) {
        left.withLock { left in
            let allowed = min(count, left)
            left -= allowed
            return (allowed, left == 0)
        }
    }
}

/// Carries what one side says to the other, piece by piece.
private final class ProxyHose: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let other: any Channel
    private let budget: CutBudget
    private let proxy: CuttingProxy

    init(other: any Channel, budget: CutBudget, proxy: CuttingProxy) {
        self.other = other
        self.budget = budget
        self.proxy = proxy
    }

    func handlerAdded(context: ChannelHandlerContext) { if context.channel.isActive { context.read() } }
    func channelActive(context: ChannelHandlerContext) { context.read() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        let (allowed, isCut) = budget.take(bytes.readableBytes)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        let delay = proxy.delay
        let written = other.writeAndFlush(bytes.readSlice(length: allowed) ?? ByteBuffer())
        guard !isCut else {
            proxy.countCut()
            return written.whenComplete { _ in bound.value.close(promise: nil) }
        }
        written.whenSuccess {
            bound.value.eventLoop.scheduleTask(in: delay) { bound.value.read() }
        }
    }

    func channelInactive(context: ChannelHandlerContext) { other.close(promise: nil) }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
