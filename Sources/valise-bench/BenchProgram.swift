import ArgumentParser
import Terminal

/// Benchmarks: every figure comes with the limit it is a share of, measured in the same run.
@main
struct BenchProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "valise-bench", abstract: "Measure the relay against the machine's own limits.",
        subcommands: [
            SubmitCommand.self, FloodCommand.self, FloodNoiseCommand.self, IdleCommand.self, BarePollCommand.self,
            LogCommand.self, ReplayCommand.self, KillsCommand.self, ArchiveCommand.self,
        ])

    static func main() async { await Program.run(Self.self, convert: failure) }

    /// Errors of the benchmark are shown as they are.
    static func failure(_ error: any Error) -> CommandFailure? {
        CommandFailure(code: "bench-failed", message: String(describing: error))
    }
}
