import ArgumentParser
import Foundation
import Histogram
import Ledger
import NIOCore
import NIOPosix
import NIOSSL
import Statements
import Terminal

/// `valise-bench submit`: durable, logged, proof-answered submissions a second, as a share of the machine's Ed25519
/// verification limit.
struct SubmitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit", abstract: "Submit real envelopes over kept TLS connections.",
        discussion: "Prebuilds every envelope, measures the verification limit, runs at full load, then at half of it.")

    @Option(help: "Kept connections, each with one request at a time.") var senders = 512
    @Option(help: "Envelopes of the full-load run.") var count = 20_000
    @Option(help: "Port of the relay under test, on loopback.") var port = 18_443

    func run() async throws {
        let out = Output.standard
        let cores = System.coreCount
        let world = try BenchWorld.make(port: port)
        defer { try? FileManager.default.removeItem(atPath: world.folder) }
        let relay = try RelayProcess(world: world)
        try relay.start()
        defer { relay.stop() }
        let setup = try await Load(world: world, senders: 1)
        let seen = try await setup.prepare()
        out.line("prebuilding \(count + count / 2) envelopes (1 KiB of text, sealed to 2 keys)")
        let requests = try await setup.prebuild(count + count / 2, seen: seen)
        let limit = await VerifyLimit.measure(cores: cores, seconds: 3)
        out.line(Self.text("Ed25519 limit", "\(Int(limit.perSecond)) verifications/s on \(cores) cores"))

        await setup.close()
        // Opened just before they are used: the relay closes a connection on which nothing is asked.
        let load = try await Load(world: world, senders: senders)
        let cpuBefore = relay.cpuSeconds
        let full = try await load.run(Array(requests.prefix(count)), rate: nil)
        let cpu = (relay.cpuSeconds - cpuBefore) / Double(full.accepted)
        report("full load", full, limit: limit, cpu: cpu)
        let half = try await load.run(Array(requests.dropFirst(count)), rate: full.perSecond / 2)
        report("half load", half, limit: limit, cpu: nil)
        out.line(Self.text("relay memory", "\(relay.peakMebibytes) MiB at most"))
        await load.close()
        guard full.failed + half.failed == 0 else {
            throw CommandFailure(
                code: "bench-failed", message: "\(full.failed + half.failed) submissions were not accepted.",
                hints: ["run again with the relay's --log-level debug"])
        }
    }

    private func report(_ name: String, _ run: Load.Run, limit: VerifyLimit.Result, cpu: Double?) {
        let out = Output.standard
        out.line(
            Self.text(
                name,
                "\(run.accepted) accepted, \(Int(run.perSecond))/s, "
                    + String(format: "%.3f of the limit", run.perSecond / limit.perSecond)))
        let milliseconds = { (share: Double) in
            String(format: "%.1f", Double(run.latency.valueAtPercentile(share)) / 1000)
        }
        out.line(
            Self.text(
                "  latency", "p50 \(milliseconds(50)) ms, p99 \(milliseconds(99)) ms, max \(milliseconds(100)) ms"))
        if let cpu {
            out.line(
                Self.text(
                    "  relay CPU",
                    String(format: "%.0f us a submission, %.2f verifications", cpu * 1e6, cpu / limit.cpuSeconds)))
        }
    }

    private static func text(_ name: String, _ value: String) -> String {
        name + String(repeating: " ", count: max(1, 16 - name.count)) + value
    }
}
