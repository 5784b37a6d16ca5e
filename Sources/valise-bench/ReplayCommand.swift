import ArgumentParser
import Audit
import Foundation
import Ledger
import Statements
import Terminal

/// `valise-bench replay`: replays a log, as a share of the machine's Ed25519 verification limit.
struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay", abstract: "Replay a log that valise-bench log made, on all cores.",
        discussion: "Measures the verification limit before and after, and takes the mean. Then replays once more from "
            + "the kept state.")

    @Option(help: "The folder that valise-bench log made.") var log: String
    @Option(help: "How long each of the two measurements of the limit takes, in seconds.") var seconds = 5.0

    func run() async throws {
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let folder = URL(fileURLWithPath: log).path
        let charter = try TrustedCharter([UInt8](Data(contentsOf: URL(fileURLWithPath: folder + "/charter.signed"))))
        let mirror = MirrorFolder(path: folder + "/mirror")
        let key = try AuditKey.kept(in: folder + "/auditor")
        let memory = AuditMemory(folder: mirror, key: key, startsOver: true)
        let before = await Limit.measure(cores: cores, seconds: seconds)
        let cpu = CPU.seconds
        let begin = Moment.now
        let report = try await Verification(folder: mirror, charter: charter, workers: cores, memory: memory).run()
        let took = Moment.now - begin
        let cpuTook = CPU.seconds - cpu
        let after = await Limit.measure(cores: cores, seconds: seconds)
        guard report.isGood, report.replayed > 0 else {
            throw CommandFailure(
                code: "log-bad", message: report.findings.first?.message ?? "Nothing was replayed.",
                hints: ["Make the log again with valise-bench log."])
        }
        show(report, seconds: took, cpu: cpuTook, limits: [before, after])
        let again = Moment.now
        let resumed = try await Verification(
            folder: mirror, charter: charter, workers: cores, memory: AuditMemory(folder: mirror, key: key)
        ).run()
        let from = resumed.resumedFrom.map(\.description) ?? "the beginning"
        line("resumed", String(format: "from %@ in %.2f s", from, Moment.now - again))
        line("state", ByteSize(bytes: UInt64(mirrorStateBytes(folder))).description)
        line("peak memory", "\(CPU.peakMebibytes) MiB (VmHWM)")
    }

    private func show(_ report: AuditReport, seconds: Double, cpu: Double, limits: [Limit]) {
        let perSecond = limits.map(\.perSecond).reduce(0, +) / Double(limits.count)
        let verification = limits.map(\.cpuSeconds).reduce(0, +) / Double(limits.count)
        let (entries, signatures) = (Double(report.replayed) / seconds, Double(report.signatures) / seconds)
        let measured = limits.map { String(Int($0.perSecond)) }.joined(separator: " before, ")
        line(
            "limit",
            "\(measured) after: \(Int(perSecond)) verifications/s on "
                + "\(ProcessInfo.processInfo.activeProcessorCount) cores")
        line(
            "replayed",
            String(format: "%d entries, %d signatures in %.1f s", report.replayed, report.signatures, seconds))
        line("signatures", String(format: "%.0f/s, %.3f of the limit", signatures, signatures / perSecond))
        line("entries", String(format: "%.0f/s, %.3f of the limit", entries, entries / perSecond))
        let each = cpu / Double(report.signatures)
        line(
            "CPU",
            String(
                format: "%.1f us a signature, of which a verification is %.1f us: %.3f", each * 1e6,
                verification * 1e6, verification / each))
    }

    private func mirrorStateBytes(_ folder: String) -> Int {
        let path = folder + "/mirror/" + AuditMemory.file
        return (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
    }

    private func line(_ name: String, _ value: String) {
        Output.standard.line(name + String(repeating: " ", count: max(1, 16 - name.count)) + value)
    }
}

/// The verification limit, with the CPU time that this process really got.
private struct Limit {
    let perSecond: Double
    let cpuSeconds: Double

    static func measure(cores: Int, seconds: Double) async -> Limit {
        let (cpu, begin) = (CPU.seconds, Moment.now)
        let result = await VerifyLimit.measure(cores: cores, seconds: seconds)
        let count = result.perSecond * (Moment.now - begin)
        return Limit(perSecond: result.perSecond, cpuSeconds: (CPU.seconds - cpu) / count)
    }
}

/// What the kernel counts of this process.
private enum CPU {
    /// User and system time so far.
    static var seconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    static var peakMebibytes: Int {
        let text = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
        return (Int(line.split(separator: " ").dropFirst().first ?? "0") ?? 0) / 1024
    }
}
