import ArgumentParser
import Daemon
import Foundation
import Histogram
import Ledger
import NIOCore
import NIOPosix
import Statements
import Terminal
import TestKit

/// `valise-bench flood`: what well-behaved senders notice of a party that floods the relay and of connections that
/// drip. Quiet and flooded windows alternate in one run, so that the machine's moods fall on both.
struct FloodCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flood", abstract: "Measure other senders' p99 while one party floods the relay.",
        discussion: """
            The relay runs with its default limits. One party sends ten times what it may, 1,000 connections drip, and \
            ten other parties send at a steady rate. Prints their p99 without and with the flood, and the ratio.
            """)

    @Option(help: "Windows of each kind.") var rounds = 4
    @Option(help: "Seconds of a window.") var seconds = 15
    @Option(help: "Parties that behave.") var parties = 10
    @Option(help: "Submissions a second of all of them.") var rate = 200.0
    @Option(help: "Statements a second of the party that floods: ten times the default limit.") var flood = 1_000.0
    @Option(help: "Connections of that party. One that was turned away is read again up to two seconds later.")
    var flooders = 2_000
    @Option(help: "Connections that drip.") var drippers = 1_000
    @Option(help: "The ratio above which the command fails.") var limit = 1.3
    @Option(help: "Port of the relay under test, on loopback.") var port = 18_445

    func run() async throws {
        FileDescriptors.raise()
        let out = Output.standard
        let others = (0..<parties).map { "talker-\(10_000 + $0)" }
        let world = try BenchWorld.make(port: port, others: others)
        defer { try? FileManager.default.removeItem(atPath: world.folder) }
        let relay = try RelayProcess(world: world)
        try relay.start([])
        defer { relay.stop() }
        let setup = try await Load(world: world, senders: 1)
        let seen = try await setup.publish(world.signing.keys.filter { $0.description != "auditor" }.sorted())
        await setup.close()
        let window = Int(rate) * seconds
        out.line("prebuilding \(2 * rounds * window + rounds * 3 * flooders) envelopes")
        let talkers = others.compactMap { PartyID($0) }
        let calm = try Prebuilt.requests(2 * rounds * window, world, seen: seen) { (talkers[$0 % talkers.count], nil) }
        for round in 0..<rounds {
            // More than a connection of the flood gets accepted.
            let noise = try Prebuilt.requests(3 * flooders, world, seen: seen) { _ in
                (world.recipient, world.originator)
            }
            try RequestFile.write(noise, to: Self.noise(world, round))
        }
        var (quiet, flooded) = (Load.Run(), Load.Run())
        for round in 0..<rounds {
            let first = calm[(2 * round * window)..<((2 * round + 1) * window)]
            let second = calm[((2 * round + 1) * window)..<((2 * round + 2) * window)]
            let calm = try await measure(Array(first), world)
            let hostile = try startNoise(world, round)
            let stormy = try await measure(Array(second), world)
            quiet.add(calm)
            flooded.add(stormy)
            let p99 = "\(calm.milliseconds(99)), flooded \(stormy.milliseconds(99))"
            out.line("round \(round + 1): p99 \(p99); flood: \(try hostile.end())")
        }
        try report(quiet, flooded)
    }

    private func measure(_ requests: [ByteBuffer], _ world: BenchWorld) async throws -> Load.Run {
        let load = try await Load(world: world, senders: parties * 2)
        let run = try await load.run(requests, rate: rate)
        await load.close()
        return run
    }

    private static func noise(_ world: BenchWorld, _ round: Int) -> String { "\(world.folder)/noise-\(round)" }

    private func startNoise(_ world: BenchWorld, _ round: Int) throws -> ChildRun {
        let child = try ChildRun(
            [
                "flood-noise", "--port", "\(port)", "--requests", Self.noise(world, round), "--roots",
                world.folder + "/keys/tls-root.pem", "--rate", "\(flood)", "--senders", "\(flooders)", "--drippers",
                "\(drippers)",
            ], isElsewhere: true)
        guard try child.line() == "ready" else {
            throw CommandFailure(code: "bench-failed", message: "The flood did not begin.")
        }
        return child
    }

    private func report(_ quiet: Load.Run, _ flooded: Load.Run) throws {
        let out = Output.standard
        for (name, run) in [("quiet", quiet), ("flooded", flooded)] {
            out.line("\(name): \(run.accepted) accepted, p50 \(run.milliseconds(50)), p99 \(run.milliseconds(99))")
        }
        let ratio = Double(flooded.latency.valueAtPercentile(99)) / Double(max(1, quiet.latency.valueAtPercentile(99)))
        out.line(String(format: "ratio of p99: %.2f (limit %.2f)", ratio, limit))
        guard quiet.failed + flooded.failed == 0 else {
            throw CommandFailure(
                code: "bench-failed", message: "\(quiet.failed + flooded.failed) submissions were not accepted.")
        }
        guard ratio <= limit else {
            throw CommandFailure(code: "bench-limit", message: "The flood is noticed by others.")
        }
    }
}

/// Requests that are made before anything is measured.
enum Prebuilt {
    /// - Parameter ends: who sends the envelope of a number, and to whom; nil for the world's recipient.
    static func requests(
        _ count: Int, _ world: BenchWorld, seen: LogHead, _ ends: (Int) -> (from: PartyID, to: PartyID?)
    ) throws -> [ByteBuffer] {
        try (0..<count).map { number in
            let (from, to) = ends(number)
            let envelope = try world.envelope(world.letter(from: from, to: to), seen: seen, from: from, to: to)
            return LoadConnection.request(
                method: "POST", target: "/v1/envelopes", port: world.port, body: envelope.bytes)
        }
    }
}
