import ArgumentParser
import Foundation
import Ledger
import Statements
import Terminal
import TestKit

/// `valise-bench log`: makes the log of a busy relay, for an auditor to replay.
struct LogCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log", abstract: "Make a log of many entries, drawn from a seed, as an auditor mirrors it.",
        discussion:
            "Statements of nine parties, really signed and decided by the rules, in the proportions of messages "
            + "that mostly reach their recipients. The same seed gives the same bytes.")

    @Option(help: "How many entries it has.") var entries = 1_000_000
    @Option(help: "A folder that is not there yet; the log goes into its folder mirror, the charter beside it.")
    var out: String
    @Option(help: "Draws the same log again.") var seed: UInt64 = 1

    func run() async throws {
        guard entries > 0 else { throw ValidationError("A log has at least one entry.") }
        let folder = URL(fileURLWithPath: out).path
        guard !FileManager.default.fileExists(atPath: folder) else {
            throw CommandFailure(
                code: "folder-exists", message: "\(folder) is there already.", hints: ["Name a new folder."])
        }
        let world = try LogWorld()
        var traffic = try LogTraffic(seed: seed, world: world)
        var writer = LogWriter(folder: folder + "/mirror")
        var counts: [String: Int] = [:]
        let begin = Moment.now
        let bar = ProgressBar("making", unit: .items("entries"), enabled: true)
        for number in 1...entries {
            let item = try traffic.next()
            counts[item.entry.signed?.statement.act.kind.description ?? "charter", default: 0] += 1
            try writer.append(item.bytes)
            if number.isMultiple(of: 4_096) { bar.update(done: UInt64(number), of: UInt64(entries)) }
        }
        try writer.finish(checkpoint: world.checkpoint(traffic.head))
        bar.finish()
        try LogForge.write(world.charter.derBytes(), to: folder + "/charter.signed")
        let hours = (traffic.now - world.start).milliseconds / TimeSpan.hours(1).milliseconds
        let kinds = counts.sorted { $0.value > $1.value }.map { "\($0.value) \($0.key)" }
        var list = FieldList()
        list.add("log", "\(entries) entries of \(hours) hours, seed \(seed)")
        list.add("of them", kinds.joined(separator: ", "))
        list.add("made in", String(format: "%.1f s", Moment.now - begin))
        Output.standard.fields(list)
    }
}
