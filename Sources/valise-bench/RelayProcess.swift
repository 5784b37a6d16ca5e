import Daemon
import Foundation
import Glibc
import Terminal

/// The relay under test, as the process an operator would run. It may be started again after it ended.
final class RelayProcess {
    private var process = Process()
    private let program: String
    private let world: BenchWorld

    /// Makes the log, too.
    /// - Parameter program: the executable; by default `valise-relay` beside this one.
    init(world: BenchWorld, program: String? = nil) throws {
        self.world = world
        let own = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
        self.program = program ?? own.deletingLastPathComponent().appendingPathComponent("valise-relay").path
        let begin = Process()
        begin.executableURL = URL(fileURLWithPath: self.program)
        begin.arguments = [
            "init", "--charter", world.folder + "/charter.signed", "--data", world.folder + "/data", "--keys",
            world.folder + "/keys",
        ]
        begin.standardOutput = FileHandle.nullDevice
        begin.standardError = FileHandle.nullDevice
        try begin.run()
        begin.waitUntilExit()
    }

    /// For a relay that is asked by one party from one address for all that it can do.
    static let unlimited =
        [
            "party-statements", "delegate-statements", "all-statements", "party-requests", "address-connections",
            "address-handshakes", "address-requests", "address-failures",
        ].flatMap { ["--\($0)", "1000000"] } + ["--party-content", "1TiB", "--address-bytes", "1TiB"]

    /// Returns once it takes connections.
    /// - Parameter flags: beside those that say where it is.
    func start(_ flags: [String] = unlimited) throws {
        process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments =
            [
                "serve", "--data", world.folder + "/data", "--keys", world.folder + "/keys", "--port", "\(world.port)",
                "--log-level", "warning",
            ] + flags
        try process.run()
        // One look at a time: each is a connection, and an address may open so many a second.
        var looks = 0
        while process.isRunning, looks < 1_200, !Self.listens(on: world.port) {
            usleep(25_000)
            looks += 1
        }
        guard process.isRunning else {
            throw CommandFailure(
                code: "bench-relay", message: "The relay did not start.", hints: ["its log is on standard error"])
        }
    }

    func stop() {
        process.terminate()
        process.waitUntilExit()
    }

    /// SIGKILL: it ends wherever it is.
    func kill() {
        Glibc.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// CPU seconds used so far, user and system.
    var cpuSeconds: Double {
        guard let text = try? String(contentsOfFile: "/proc/\(process.processIdentifier)/stat", encoding: .utf8),
            let rest = text.split(separator: ")").last
        else { return 0 }
        let fields = rest.split(separator: " ")
        let ticks = (Double(fields[11]) ?? 0) + (Double(fields[12]) ?? 0)
        return ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Peak resident memory in MiB.
    var peakMebibytes: Int {
        let text = (try? String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
        return (Int(line.split(separator: " ").dropFirst().first ?? "0") ?? 0) / 1024
    }

    /// Resident memory now, in KiB.
    var residentKibibytes: Int { ProcessMemory.resident(process.processIdentifier) }

    private static func listens(on port: Int) -> Bool {
        let probe = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(probe) }
        return (try? LoopbackAddress.with(port: port) { connect(probe, $0, $1) == 0 }) ?? false
    }
}
