import Crypto
import Foundation
import HTTPTypes
import Histogram
import Ledger
import NIOCore
import NIOPosix
import Statements
import Terminal
import TestKit

/// The senders: kept connections over which prebuilt requests go out, as fast as answers come or at a fixed rate.
struct Load {
    struct Run: Sendable {
        var accepted = 0
        var failed = 0
        var seconds = 0.0
        /// Microseconds.
        var latency = Histogram<UInt64>(highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: .three)
        var perSecond: Double { Double(accepted) / seconds }

        func milliseconds(_ percentile: Double) -> String {
            String(format: "%.1f ms", Double(latency.valueAtPercentile(percentile)) / 1_000)
        }

        mutating func add(_ other: Run) {
            accepted += other.accepted
            failed += other.failed
            seconds += other.seconds
            latency.add(other.latency)
        }
    }

    private let world: BenchWorld
    private let connections: [LoadConnection]

    init(world: BenchWorld, senders: Int) async throws {
        self.world = world
        let context = try world.clientContext()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        var connections: [LoadConnection] = []
        for _ in 0..<senders {
            let connection = try await LoadConnection.open(port: world.port, context: context, group: group)
            // What is measured begins behind the handshake.
            let request = LoadConnection.request(method: "GET", target: "/v1/charter", port: world.port, body: [])
            guard try await connection.send(request).status == 200 else {
                throw CommandFailure(code: "bench-setup", message: "The relay does not show its charter.")
            }
            connections.append(connection)
        }
        self.connections = connections
    }

    func close() async { for connection in connections { await connection.close() } }

    /// Publishes the sealing keys of both ends; returns a head for the envelopes to have seen.
    func prepare() async throws -> LogHead { try await Self.prepare(world, over: connections[0]) }

    /// The same for these parties.
    func publish(_ parties: [PartyID]) async throws -> LogHead {
        try await Self.prepare(world, over: connections[0], parties)
    }

    static func prepare(
        _ world: BenchWorld, over connection: LoadConnection, _ parties: [PartyID]? = nil
    ) async throws -> LogHead {
        var seen = try await head(world, over: connection)
        for party in parties ?? [world.originator, world.recipient] {
            let statement = try world.keyPublication(party, seen: seen).derBytes()
            let request = LoadConnection.request(
                method: "POST", target: "/v1/statements", port: world.port, body: statement)
            let answer = try await connection.send(request)
            guard answer.status == 200 else {
                throw CommandFailure(
                    code: "bench-setup", message: String(decoding: answer.body, as: UTF8.self))
            }
            seen = try await head(world, over: connection)
        }
        return seen
    }

    private static func head(_ world: BenchWorld, over connection: LoadConnection) async throws -> LogHead {
        let answer = try await connection.send(try await world.reading("/checkpoint"))
        let checkpoint = try Checkpoint(text: SignedNote(parsing: answer.body).text)
        return LogHead(size: checkpoint.size, root: checkpoint.root)
    }

    func prebuild(_ count: Int, seen: LogHead) async throws -> [ByteBuffer] {
        let world = world
        return try await withThrowingTaskGroup(of: [ByteBuffer].self) { group in
            let cores = System.coreCount
            for core in 0..<cores {
                group.addTask {
                    try stride(from: core, to: count, by: cores).map { _ in
                        LoadConnection.request(
                            method: "POST", target: "/v1/envelopes", port: world.port,
                            body: try world.envelope(world.letter(), seen: seen).bytes)
                    }
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }

    /// - Parameter rate: requests a second over all senders; nil for as fast as answers come.
    func run(_ requests: [ByteBuffer], rate: Double?) async throws -> Run {
        let start = Moment.now
        let count = connections.count
        var total = try await withThrowingTaskGroup(of: Run.self) { group in
            for (sender, connection) in connections.enumerated() {
                group.addTask {
                    var run = Run()
                    for (turn, index) in stride(from: sender, to: requests.count, by: count).enumerated() {
                        var due = Moment.now
                        if let rate {
                            due = start + (Double(turn * count + sender)) / rate
                            let ahead = due - Moment.now
                            if ahead > 0 { try await Task.sleep(for: .microseconds(Int64(ahead * 1e6))) }
                        }
                        // Late starts count as latency: what a sender had to wait for is part of its answer's time.
                        let began = rate == nil ? Moment.now : min(due, Moment.now)
                        let answer = try await connection.send(requests[index])
                        run.latency.record(UInt64(max(1, (Moment.now - began) * 1e6)))
                        if answer.status == 200 { run.accepted += 1 } else { run.failed += 1 }
                    }
                    return run
                }
            }
            return try await group.reduce(into: Run()) {
                $0.accepted += $1.accepted
                $0.failed += $1.failed
                $0.latency.add($1.latency)
            }
        }
        total.seconds = Moment.now - start
        return total
    }
}
