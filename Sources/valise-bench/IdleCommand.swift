import ArgumentParser
import Daemon
import Foundation
import Ledger
import NIOCore
import NIOPosix
import NIOSSL
import Statements
import Terminal
import TestKit
import Wire

/// `valise-bench idle`: what a client costs that waits for its inbox over TLS, beside what it costs a bare server of
/// the same library that notices when clients go away.
struct IdleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "idle", abstract: "Measure the memory of clients that wait.",
        discussion: """
            Opens the clients' connections to the relay, each with a long poll of the inbox, and reads the process's \
            resident memory before and after; then the same for a bare long-poll handler. Prints both and the ratio.
            """)

    @Option(help: "Clients that wait at a time.") var clients = 5_000
    @Option(help: "The ratio above which the command fails.") var limit = 1.0
    @Option(help: "Port of the relay under test, on loopback; the two above it are used, too.") var port = 18_446

    /// Of a long poll; all clients have to be there before the first of them is answered.
    private static let wait = 60

    func run() async throws {
        let descriptors = FileDescriptors.raise() ?? 0
        guard descriptors > clients + FileDescriptors.reserve else {
            throw CommandFailure(
                code: "bench-setup", message: "Only \(descriptors) files may be open.", hints: ["ulimit -Hn 20000"])
        }
        let world = try BenchWorld.make(port: port)
        defer { try? FileManager.default.removeItem(atPath: world.folder) }
        let relay = try await measureRelay(world)
        Output.standard.line(Self.text("relay", relay))
        let bare = try await measureBare(world)
        Output.standard.line(Self.text("bare server", bare))
        Output.standard.line(
            String(format: "ratio: %.2f (limit %.2f), goal 34 KiB a client", relay / bare, limit))
        guard relay <= bare * limit else {
            throw CommandFailure(code: "bench-limit", message: "A waiting client costs more than on a bare server.")
        }
    }

    private static func text(_ name: String, _ kibibytes: Double) -> String {
        name + String(repeating: " ", count: 16 - name.count) + String(format: "%.1f KiB a client", kibibytes)
    }

    private func measureRelay(_ world: BenchWorld) async throws -> Double {
        let health = port + 1
        let relay = try RelayProcess(world: world)
        let polls = ["--party-polls", "1000000", "--party-connections", "1000000", "--connections", "1000000"]
        try relay.start(RelayProcess.unlimited + polls + ["--health-port", "\(health)"])
        defer { relay.stop() }
        let setup = try await Load(world: world, senders: 1)
        _ = try await setup.prepare()
        await setup.close()
        let query = InboxQuery(after: ArrivalNumber(0), wait: Self.wait)
        guard let target = query.map({ Route.inbox($0).target }) else {
            throw CommandFailure(code: "bench-setup", message: "No inbox can be asked for.")
        }
        let request = try await world.reading(target)
        return try await measure(world, port: port, request, memory: { relay.residentKibibytes }) {
            guard let answer = LoopbackReading.get("/metrics", port: health) else { return 0 }
            return Int(ScrapedMetrics(parsing: String(decoding: answer.body, as: UTF8.self))["valise_long_polls"] ?? 0)
        }
    }

    private func measureBare(_ world: BenchWorld) async throws -> Double {
        let place = port + 2
        let bare = try ChildRun(["bare-poll", "--port", "\(place)", "--keys", world.folder + "/keys"])
        guard try bare.line() == "ready" else {
            throw CommandFailure(code: "bench-setup", message: "The bare server did not start.")
        }
        let context = try world.clientContext()
        let counter = try await LoadConnection.open(port: place, context: context, group: .singleton)
        let look = LoadConnection.request(method: "GET", target: "/waiting", port: place, body: [])
        let request = LoadConnection.request(method: "GET", target: "/wait", port: place, body: [])
        let process = bare.identifier
        let found = try await measure(
            world, port: place, request, memory: { ProcessMemory.resident(process) }
        ) { Int(String(decoding: try await counter.send(look).body, as: UTF8.self)) ?? 0 }
        await counter.close()
        _ = try bare.end()
        return found
    }

    /// KiB that a client adds.
    private func measure(
        _ world: BenchWorld, port: Int, _ request: ByteBuffer, memory: () -> Int, waiting: () async throws -> Int
    ) async throws -> Double {
        let context = try world.clientContext()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        // What is there once for all clients is not theirs.
        var connections = try await open(16, port, context, group, request)
        while try await waiting() < connections.count { try await Task.sleep(for: .milliseconds(20)) }
        let before = memory()
        let (begin, first) = (Moment.now, connections.count)
        connections += try await open(clients, port, context, group, request)
        while try await waiting() < clients + first {
            guard Moment.now - begin < Double(Self.wait) - 5 else {
                throw CommandFailure(
                    code: "bench-failed", message: "Only \(try await waiting()) of the clients wait at a time.")
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        let after = memory()
        for connection in connections { await connection.close() }
        try await group.shutdownGracefully()
        return Double(after - before) / Double(clients)
    }

    private func open(
        _ count: Int, _ port: Int, _ context: NIOSSLContext, _ group: MultiThreadedEventLoopGroup,
        _ request: ByteBuffer
    ) async throws -> [LoadConnection] {
        try await withThrowingTaskGroup(of: [LoadConnection].self) { tasks in
            let lanes = 32
            for lane in 0..<lanes {
                tasks.addTask {
                    var opened: [LoadConnection] = []
                    for _ in stride(from: lane, to: count, by: lanes) {
                        let connection = try await LoadConnection.open(port: port, context: context, group: group)
                        try await connection.write(request)
                        opened.append(connection)
                    }
                    return opened
                }
            }
            return try await tasks.reduce(into: []) { $0 += $1 }
        }
    }
}
