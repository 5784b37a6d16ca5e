import ArgumentParser
import Foundation
import Ledger
import Statements
import Terminal

/// `valise-bench kills`: SIGKILL for the relay at random moments while senders submit; then whether it kept its word.
struct KillsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kills", abstract: "Kill a relay under load and look for what it lost or doubled.",
        discussion: "Three restarts after a SIGKILL each, then a check: an auditor mirrors and verifies the log, and "
            + "every acknowledged message must stand in it once, where the acknowledgement said.",
        shouldDisplay: false)

    @Option(help: "How often the relay is killed.") var kills = 20
    @Option(help: "Connections that submit at a time.") var senders = 8
    @Option(help: "Port of the relay under test, on loopback.") var port = 18_444
    @Option(help: "Draws the moments and the order of what is sent again; random if it is not given.") var seed: UInt64?
    @Option(help: "The relay's executable; by default valise-relay beside this program.") var program: String?

    @Option(help: "A folder for the mirrored log and its verifier key; it must not be there yet.") var keep: String?

    func run() async throws {
        let out = Output.standard
        if let keep, FileManager.default.fileExists(atPath: keep) {
            throw CommandFailure(
                code: "folder-exists", message: "\(keep) is there already.", hints: ["Name a new folder."])
        }
        let seed = seed ?? UInt64.random(in: 1...999_999)
        out.line("seed \(seed)")
        let world = try BenchWorld.make(port: port, tickInterval: .seconds(5))
        defer { try? FileManager.default.removeItem(atPath: world.folder) }
        let relay = try RelayProcess(world: world, program: program)
        var run = try await KillRun(world: world, relay: relay, senders: senders, seed: seed)
        var verdict = KillRun.Verdict()
        for number in 1...max(1, kills) {
            let moment = try await run.life()
            out.line("kill \(number): after \(moment) ms, \(await run.pile.acknowledged.count) acknowledged")
            guard number % KillRun.restartsBetweenChecks == 0 || number == kills else { continue }
            verdict = try await run.check()
            out.line("checked: \(verdict.entries) entries, \(verdict.findings.first ?? "the audit finds nothing")")
            guard verdict.isGood else { break }
        }
        relay.stop()
        if let keep { try Self.keep(world, in: keep) }
        out.line(
            "\(run.kills) kills, \(verdict.acknowledged) acknowledged, \(verdict.lost) lost, \(verdict.doubled) doubled"
        )
        guard verdict.isGood else {
            throw CommandFailure(
                code: "word-broken", message: "The relay did not keep its word (seed \(seed)).",
                hints: verdict.findings)
        }
    }

    /// Copies what other programs verify: the mirror as it was after the last check, and the log's verifier key.
    private static func keep(_ world: BenchWorld, in folder: String) throws {
        let files = FileManager.default
        try files.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try files.copyItem(atPath: world.folder + "/mirror", toPath: folder + "/mirror")
        let key = try world.charter.charter.relay.verifierKey
        try (key.text + "\n").write(toFile: folder + "/verifier-key", atomically: true, encoding: .utf8)
    }
}
