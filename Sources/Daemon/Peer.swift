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

    func take(bytes: Int) -> Bool { source.take(bytes: bytes) }

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
        guard let source = table.enter(channel.remoteAddress) else {
            channel.close(promise: nil)
            return channel.eventLoop.makeFailedFuture(Refused())
        }
        let (peer, table) = (Peer(source), table)
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

/// Charges raw bytes to the address while nobody has proven who they are, TLS included; closes the connection when its
/// address has none left.
final class PeerMeter: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    let peer: Peer

    init(_ peer: Peer) { self.peer = peer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard peer.isProven || peer.take(bytes: unwrapInboundIn(data).readableBytes) else {
            return context.close(promise: nil)
        }
        context.fireChannelRead(data)
    }
}
