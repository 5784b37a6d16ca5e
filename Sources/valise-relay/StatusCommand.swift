import ArgumentParser
import Daemon
import Relay
import Statements
import Store
import StoreSQLite
import Terminal

/// `valise-relay status`: how a relay stands, on one screen.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "How a relay stands: log, sizes, disk, checkpoints, inboxes, and what to do about anything wrong.",
        discussion: """
            Reads the data directory beside a relay that works in it, writes nothing, and asks the relay's health port \
            where it has one. Exit code 1 when something is wrong that keeps the relay from its work; 0 otherwise, \
            also when it is not running.
            """)

    @Option(
        help: ArgumentHelp("The data directory that valise-relay init made.", valueName: "folder"),
        completion: .directory)
    var data: String
    @Option(
        help: ArgumentHelp(
            "The relay's health port; by default the one that it noted in the data directory.", valueName: "port"))
    var healthPort: Int?
    @Flag(help: "Leave out the names of parties.") var anonymous = false
    @Flag(help: "Print one JSON document.") var json = false

    func validate() throws {
        guard let healthPort, !(1...65_535).contains(healthPort) else { return }
        throw ValidationError("--health-port \(healthPort) is not a port: 1 to 65535 was expected.")
    }

    func run() throws {
        let now = Timestamp(milliseconds: TimeText.now())
        let report = RelayStatusReport(data: data, store: try store(at: now), port: healthPort, at: now)
        let text = RelayStatusText(report: report, isAnonymous: anonymous)
        if json { Output.standard.json(text.json) } else { text.print(on: .standard) }
        if report.concerns.contains(where: { $0.isFailure }) { throw ExitCode(ExitStatus.failed.rawValue) }
    }

    private func store(at now: Timestamp) throws -> StoreStatus {
        do throws(StoreError) { return try StoreStatus.read(directory: data, at: now) } catch {
            guard error.code == .notFound else { throw error }
            throw RelayFiles.noLog(data)
        }
    }
}
