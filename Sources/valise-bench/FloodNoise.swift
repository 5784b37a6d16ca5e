import ArgumentParser
import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
import Terminal
import TestKit

/// `valise-bench flood-noise`: the hostile party of the flood, in a process of its own. It sends requests at a fixed
/// rate, and holds connections on which heads drip.
struct FloodNoiseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flood-noise", abstract: "Flood a relay until standard input ends.", shouldDisplay: false)

    @Option(help: "Port of the relay, on loopback.") var port: Int
    @Option(help: "The requests, each behind its length.") var requests: String
    @Option(help: "The TLS roots of the relay (PEM).") var roots: String
    @Option(help: "Requests a second.") var rate: Double
    @Option(help: "Connections that send requests.") var senders: Int
    @Option(help: "Connections that drip.") var drippers: Int

    func run() async throws {
        let noise = FloodNoise(
            port: port, context: try LoadConnection.context(roots: NIOSSLCertificate.fromPEMFile(roots)),
            requests: try RequestFile.read(requests))
        let (rate, senders, drippers) = (rate, senders, drippers)
        let work = Task {
            await withTaskGroup(of: Void.self) { tasks in
                for number in 0..<drippers { tasks.addTask { await noise.drip(number) } }
                for sender in 0..<senders { tasks.addTask { await noise.send(sender, of: senders, rate: rate) } }
            }
        }
        while noise.opened < drippers || noise.sending < senders { try await Task.sleep(for: .milliseconds(20)) }
        noise.begin()
        Output.standard.line("ready")
        // Until the benchmark says that it has seen enough.
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                _ = try? FileHandle.standardInput.readToEnd()
                continuation.resume()
            }
        }
        work.cancel()
        Output.standard.line(noise.summary)
    }
}

/// What the hostile party does, and what it came to.
private final class FloodNoise: Sendable {
    /// On loopback: no address may hold them all.
    private static let drippers = (11...14).map { "127.0.0.\($0)" }
    private static let flooders = (21...28).map { "127.0.0.\($0)" }

    private let port: Int
    private let context: NIOSSLContext
    private let requests: [ByteBuffer]
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let state = Mutex(State())

    private struct State {
        var (opened, handshakes, dripping, sending) = (0, 0, 0, 0)
        var (accepted, refused, lost) = (0, 0, 0)
        var start = Moment.now
    }

    init(port: Int, context: NIOSSLContext, requests: [ByteBuffer]) {
        self.port = port
        self.context = context
        self.requests = requests
    }

    /// Drippers that had a connection at least once.
    var opened: Int { state.withLock { $0.opened } }
    /// Senders that had an answer at least once.
    var sending: Int { state.withLock { $0.sending } }

    /// Counts requests from now on.
    func begin() {
        state.withLock { state in
            (state.accepted, state.refused, state.lost) = (0, 0, 0)
            state.start = Moment.now
        }
    }

    var summary: String {
        let state = state.withLock { $0 }
        let rate = Double(state.accepted + state.refused) / (Moment.now - state.start)
        return "\(Int(rate)) requests/s, \(state.accepted) accepted, \(state.refused) turned away, \(state.lost) "
            + "lost; \(state.dripping) of \(state.opened) drippers connected at the end, after \(state.handshakes) "
            + "handshakes"
    }

    /// A head that never ends, a byte a second, over a connection that is opened again whenever the relay closes it.
    func drip(_ number: Int) async {
        var isFirst = true
        while !Task.isCancelled {
            let connection = try? await LoadConnection.open(
                port: port, context: context, group: group, from: Self.drippers[number % Self.drippers.count])
            guard let connection else {
                try? await Task.sleep(for: .milliseconds(500))
                continue
            }
            state.withLock { state in
                state.dripping += 1
                state.handshakes += 1
                if isFirst { state.opened += 1 }
            }
            isFirst = false
            var head = ByteBuffer(string: "GET /v1/charter HTTP/1.1\r\nX-Slow: " + String(repeating: "a", count: 4_000))
            while !Task.isCancelled, let byte = head.readSlice(length: 1), (try? await connection.write(byte)) != nil {
                try? await Task.sleep(for: .seconds(1))
            }
            state.withLock { $0.dripping -= Task.isCancelled ? 0 : 1 }
            await connection.close()
            try? await Task.sleep(for: .milliseconds(500))
        }
    }

    /// The sender's part of the rate; what the relay is too slow for is left out, and not made up for.
    func send(_ sender: Int, of senders: Int, rate: Double) async {
        let pause = Double(senders) / rate
        var (connection, turn): (LoadConnection?, Int) = (nil, sender)
        var isFirst = true
        while !Task.isCancelled {
            let begin = Moment.now
            if connection == nil {
                connection = try? await LoadConnection.open(
                    port: port, context: context, group: group, from: Self.flooders[sender % Self.flooders.count])
            }
            let answer = try? await connection?.send(requests[turn % requests.count])
            // What was turned away may be sent again as it is.
            if answer?.status == 200 { turn += senders }
            state.withLock { state in
                switch answer?.status {
                case 200: state.accepted += 1
                case nil: state.lost += 1
                default: state.refused += 1
                }
                if isFirst, answer != nil { state.sending += 1 }
            }
            isFirst = isFirst && answer == nil
            if answer == nil { connection = nil }
            try? await Task.sleep(for: .microseconds(Int64(max(0, pause - (Moment.now - begin)) * 1e6)))
        }
        await connection?.close()
    }
}

/// Requests in a file, each behind its length in four bytes.
enum RequestFile {
    static func write(_ requests: [ByteBuffer], to path: String) throws {
        var all = ByteBuffer()
        for request in requests {
            all.writeInteger(UInt32(request.readableBytes))
            all.writeImmutableBuffer(request)
        }
        try Data(all.readableBytesView).write(to: URL(fileURLWithPath: path))
    }

    static func read(_ path: String) throws -> [ByteBuffer] {
        var all = ByteBuffer(bytes: try Data(contentsOf: URL(fileURLWithPath: path)))
        var requests: [ByteBuffer] = []
        while let length = all.readInteger(as: UInt32.self), let request = all.readSlice(length: Int(length)) {
            requests.append(request)
        }
        return requests
    }
}
