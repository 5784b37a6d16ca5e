package import HummingbirdCore
package import Logging
package import NIOCore
import NIOHTTPTypes
import Synchronization

/// The other side of one connection, as far as it is known: whether it has proven who it is, and since when its request
/// is here.
package final class Peer: Sendable {
    /// The connection over which the request of this task came; nil where connections are not limited.
    @TaskLocal package static var current: Peer?

    private struct State {
        var isClosed = false
        /// Whom the connection counts for.
        var owner: String?
        var release: (@Sendable () -> Void)?
    }

    private let source: Source
    private let proven = Atomic<Bool>(false)
    /// Nanoseconds of the steady clock.
    private let headTime = Atomic<UInt64>(0)
    private let restEnd = Atomic<UInt64>(0)
    private let state = Mutex(State())

    init(_ source: Source) { self.source = source }

    /// Whether a signature held that came over this connection, and none was wrong since.
    package var isProven: Bool { proven.load(ordering: .relaxed) }

    /// Whose it is, once somebody owns it.
    package var owner: String? { state.withLock { $0.owner } }

    /// - Returns: nil if its request may go on, otherwise the seconds after which it may.
    package func beginRequest() -> Double? { isProven ? nil : source.takeRequest() }

    /// To be called before a signature is verified.
    /// - Returns: nil if it may be, otherwise the seconds after which it may.
    package func beginProof() -> Double? { isProven ? nil : source.takeProof() }

    /// A signature held.
    package func prove() {
        if !proven.exchange(true, ordering: .relaxed) { source.giveProofBack() }
    }

    /// A signature did not hold: the next one has to be paid for, whoever was here before.
    package func disprove() {
        if proven.exchange(false, ordering: .relaxed) { source.forceProof() }
    }

    /// Counts the connection for somebody until it is closed; only the first one does.
    /// - Parameters:
    ///   - enter: whether there is room for one more; called once at most.
    ///   - release: undoes it.
    /// - Returns: false if there was no room.
    package func own(
        as name: @autoclosure () -> String, enter: () -> Bool, release: @escaping @Sendable () -> Void
    ) -> Bool {
        state.withLock { state in
            guard state.owner == nil, !state.isClosed else { return true }
            guard enter() else { return false }
            state.owner = name()
            state.release = release
            return true
        }
    }

    /// How long its request has waited for a thread to begin with it: for how long the checks of signatures are behind.
    package var lag: Double {
        let head = headTime.load(ordering: .relaxed)
        let now = NIODeadline.now().uptimeNanoseconds
        return head == 0 || now < head ? 0 : Double(now - head) / 1e9
    }

    func sawHead() { headTime.store(NIODeadline.now().uptimeNanoseconds, ordering: .relaxed) }

    /// Charges bytes to the address, as long as nobody has proven who they are.
    /// - Returns: nil if more may be read, otherwise the seconds until it may.
    func charge(bytes: Int) -> Double? { isProven ? nil : source.charge(bytes: bytes) }

    func countPause() { source.countPause() }

    /// Has nothing more read for one to two seconds, beside what is on its way already: whoever was told to come again
    /// later, and comes at once, costs the others little. One of many rests for longer, so that about
    /// ``restedRate`` of them come back in a second, and drawn, so that they do not come back together.
    /// - Parameter connections: how many those who ask have; nil for those of its address.
    /// - Returns: seconds.
    package func rest(among connections: Int?) -> Double {
        let count = Double(connections ?? source.connections)
        let seconds = Double.random(in: 1...min(max(2, 2 * count / Self.restedRate), Self.longestRest))
        rest(for: seconds)
        return seconds
    }

    private static let restedRate = 50.0
    private static let longestRest = 60.0

    func rest(for seconds: Double) {
        restEnd.store(NIODeadline.now().uptimeNanoseconds + UInt64(seconds * 1e9), ordering: .relaxed)
    }

    /// Seconds for which nothing is to be read; nil for none.
    var restLeft: Double? {
        let (end, now) = (restEnd.load(ordering: .relaxed), NIODeadline.now().uptimeNanoseconds)
        return end > now ? Double(end - now) / 1e9 : nil
    }

    func close() {
        let release = state.withLock { state in
            state.isClosed = true
            defer { state.release = nil }
            return state.release
        }
        release?()
    }
}

/// A child channel that is let in only if there is room for it, and whose requests know their ``Peer``.
package struct AdmittedChannel<Base: ServerChildChannel>: ServerChildChannel {
    package struct Value: ServerChildChannelValue {
        let base: Base.Value
        let peer: Peer
        package var channel: any Channel { base.channel }
    }

    private struct Refused: Error {}

    private let base: Base
    private let table: SourceTable

    package init(_ base: Base, table: SourceTable) {
        self.base = base
        self.table = table
    }

    /// One that is not let in is closed before TLS costs anything.
    package func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        guard let (source, wait) = table.enter(channel.remoteAddress) else {
            channel.close(promise: nil)
            return channel.eventLoop.makeFailedFuture(Refused())
        }
        let (peer, table) = (Peer(source), table)
        if wait > 0 { peer.rest(for: wait) }
        channel.closeFuture.whenComplete { _ in
            peer.close()
            table.leave(source)
        }
        return channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(PeerMeter(peer))
        }.flatMap { base.setup(channel: channel, logger: logger) }.map { Value(base: $0, peer: peer) }
    }

    package func handle(value: Value, logger: Logger) async {
        await Peer.$current.withValue(value.peer) { await base.handle(value: value.base, logger: logger) }
    }
}

/// Charges raw bytes to the address while nobody has proven who they are, TLS included. An address that owes is read no
/// faster than its rate; the connection stays, since a request that proves who sends it may be on its way. A connection
/// that rests is not read either.
final class PeerMeter: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Who owes is looked at again soon, since a proof ends it. Seconds.
    private static func pause(_ debt: Double) -> Double { min(debt, 0.25) }

    let peer: Peer
    private var isPaused = false
    private var wantsRead = false
    private var timer: Scheduled<Void>?

    init(_ peer: Peer) { self.peer = peer }

    func handlerAdded(context: ChannelHandlerContext) {
        guard let wait = peer.restLeft else { return }
        isPaused = true
        look(again: wait, context)
    }

    func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let debt = peer.charge(bytes: unwrapInboundIn(data).readableBytes)
        context.fireChannelRead(data)
        guard !isPaused, let wait = peer.restLeft ?? debt.map(Self.pause) else { return }
        isPaused = true
        if debt != nil { peer.countPause() }
        look(again: wait, context)
    }

    func read(context: ChannelHandlerContext) {
        if isPaused { wantsRead = true } else { context.read() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        context.fireChannelInactive()
    }

    private func look(again wait: Double, _ context: ChannelHandlerContext) {
        let pause = TimeAmount.milliseconds(Int64(1_000 * max(wait, 0)) + 1)
        let bound = NIOLoopBound((meter: self, context: context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: pause) { bound.value.meter.resume(bound.value.context) }
    }

    private func resume(_ context: ChannelHandlerContext) {
        if let wait = peer.restLeft ?? peer.charge(bytes: 0).map(Self.pause) { return look(again: wait, context) }
        isPaused = false
        guard wantsRead else { return }
        wantsRead = false
        context.read()
    }
}
