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
        discussion: "The limit is measured in turns with the replay, some 0.4 s in 2 s. Then the log is replayed once "
            + "more, from the kept state.")

    @Option(help: "The folder that valise-bench log made.") var log: String

    func run() async throws {
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let folder = URL(fileURLWithPath: log).path
        let charter = try TrustedCharter([UInt8](Data(contentsOf: URL(fileURLWithPath: folder + "/charter.signed"))))
        let mirror = MirrorFolder(path: folder + "/mirror")
        let key = try AuditKey.kept(in: folder + "/auditor")
        let memory = AuditMemory(folder: mirror, key: key, startsOver: true)
        let meter = ReplayMeter(cores: cores)
        meter.begin()
        let report = try await Verification(
            folder: mirror, charter: charter, workers: cores, memory: memory
        ) { done, _ in
            meter.progress(done)
        }.run()
        meter.end()
        guard report.isGood, report.replayed > 0 else {
            throw CommandFailure(
                code: "log-bad", message: report.findings.first?.message ?? "Nothing was replayed.",
                hints: ["Make the log again with valise-bench log."])
        }
        show(report, meter.result, cores)
        let again = Moment.now
        let resumed = try await Verification(
            folder: mirror, charter: charter, workers: cores, memory: AuditMemory(folder: mirror, key: key)
        ).run()
        let from = resumed.resumedFrom.map(\.description) ?? "the beginning"
        line("resumed", String(format: "from %@ in %.2f s", from, Moment.now - again))
        line("state", ByteSize(bytes: stateBytes(folder)).description)
        line("peak memory", "\(ProcessUse.peakMebibytes) MiB (VmHWM)")
    }

    private func show(_ report: AuditReport, _ sums: ReplayMeter.Sums, _ cores: Int) {
        let (entries, signatures) = (Double(report.replayed), Double(report.signatures))
        line("limit", "\(Int(sums.limit)) verifications/s on \(cores) cores, the mean of \(sums.slices) slices")
        line(
            "replayed",
            String(format: "%.0f entries, %.0f signatures in %.1f s", entries, signatures, sums.seconds))
        for (name, count) in [("signatures", signatures), ("entries", entries)] {
            let rate = count / sums.seconds
            line(name, String(format: "%.0f/s, %.3f of the limit", rate, rate / sums.limit))
        }
        let (each, verification) = (sums.cpu / signatures, sums.limitCPU / Double(max(1, sums.verifications)))
        let text = "%.1f us a signature, a verification alone %.1f us: %.3f"
        line("CPU", String(format: text, each * 1e6, verification * 1e6, verification / each))
    }

    private func stateBytes(_ folder: String) -> UInt64 {
        let path = folder + "/mirror/" + AuditMemory.file
        let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
        return UInt64(size ?? 0)
    }

    private func line(_ name: String, _ value: String) {
        Output.standard.line(name + String(repeating: " ", count: max(1, 16 - name.count)) + value)
    }
}
