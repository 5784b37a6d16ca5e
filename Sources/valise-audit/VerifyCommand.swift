import ArgumentParser
import Audit
import Glibc
import Ledger
import Statements
import Terminal

/// `valise-audit verify`: recomputes a copy of the log and decides every entry again.
struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Check a copy of the log: every tile, every signature, every rule.",
        discussion: """
            Ends with exit code 2 and the first bad entry if anything is wrong. What was found right is kept in the \
            mirror's folder as \(AuditMemory.file), and the next time goes on from there, if the log still begins with \
            those entries.

            With --verdict or -o the auditor's delegate signs what was found, right or wrong, over the checkpoint that \
            the copy's entries give. --verdict posts it at the relay, where each delegate sees on whose replay rests \
            that nothing was withheld.
            """)

    @OptionGroup var charter: CharterOptions
    @Option(
        help: ArgumentHelp("The folder that valise-audit mirror made.", valueName: "folder"), completion: .directory)
    var mirror: String
    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Checkpoints that clients kept: they must be of this log.", valueName: "file"),
        completion: .file())
    var against: [String] = []
    @Flag(help: "Check everything, also what an earlier run has found right.") var fromTheBeginning = false
    @OptionGroup var verdict: VerdictOptions
    @Flag(help: "Print one JSON document.") var json = false

    func run() async throws {
        let trusted = try charter.read()
        let teller = try verdict.teller(trusted)
        let kept = try against.map { path in
            Verification.KeptCheckpoint(
                name: path, note: try InputFile.read(path, limit: SignedNote.maximumByteCount))
        }
        let bar = ProgressBar("checking", unit: .items("bundles"), enabled: !json)
        defer { bar.finish() }
        let report = try await Verification(
            folder: MirrorFolder(path: mirror), charter: trusted, against: kept,
            workers: max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))), memory: memory()
        ) { done, all in
            bar.update(done: done, of: all)
        }.run()
        bar.finish()
        let told = await Result.of { try await teller?.tell(report) }
        show(report, try? told.get())
        if let first = report.findings.first {
            if case .failure(let error) = told { note(error) }
            throw first
        }
        _ = try told.get()
    }

    private func show(_ report: AuditReport, _ told: VerdictTeller.Told?) {
        if json { return Output.standard.json(report.json(told)) }
        report.print(to: .standard)
        if let told { Output.diagnostics.note("signed: \(told.words)") }
    }

    /// The log's finding is what the command ends with.
    private func note(_ error: any Error) {
        let failure = AuditProgram.failure(error)
        Output.diagnostics.note(.caution, "No verdict was told. \(failure?.message ?? "\(error)")")
    }

    /// Where the replay goes on; nil where the auditor can keep nothing of its own.
    private func memory() -> AuditMemory? {
        do {
            return AuditMemory(
                folder: MirrorFolder(path: mirror), key: try AuditFolder.key(), startsOver: fromTheBeginning)
        } catch {
            let why = (error as? AuditError)?.message ?? (error as? CommandFailure)?.message ?? "\(error)"
            Output.diagnostics.note(.caution, "Nothing is kept for the next time. \(why)")
            return nil
        }
    }
}

extension Result where Failure == any Error {
    static func of(_ body: () async throws -> Success) async -> Self {
        do { return .success(try await body()) } catch { return .failure(error) }
    }
}
