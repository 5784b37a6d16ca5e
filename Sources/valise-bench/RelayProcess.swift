import Foundation
import Glibc

/// The relay under test, as the process an operator would run.
final class RelayProcess {
    private let process = Process()
    private let program: String
    private let world: BenchWorld

    init(world: BenchWorld) throws {
        self.world = world
        let own = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
        program = own.deletingLastPathComponent().appendingPathComponent("valise-relay").path
        let begin = Process()
        begin.executableURL = URL(fileURLWithPath: program)
        begin.arguments = [
            "init", "--charter", world.folder + "/charter.signed", "--data", world.folder + "/data", "--keys",
            world.folder + "/keys",
        ]
        begin.standardOutput = FileHandle.nullDevice
        begin.standardError = FileHandle.nullDevice
        try begin.run()
        begin.waitUntilExit()
    }

    func start() throws {
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = [
            "serve", "--data", world.folder + "/data", "--keys", world.folder + "/keys", "--port", "\(world.port)",
            "--log-level", "warning",
        ]
        try process.run()
        for _ in 0..<400 where !Self.listens(on: world.port) { usleep(25_000) }
    }

    func stop() {
        process.terminate()
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

    private static func listens(on port: Int) -> Bool {
        let probe = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(probe) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(probe, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
