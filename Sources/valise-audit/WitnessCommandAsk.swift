import ArgumentParser
import Audit
import Keyring
import Ledger
import Statements
import Terminal
import Transport

/// `valise-audit witness ask`: brings the checkpoint of a copy of the log to witnesses.
struct WitnessCommandAsk: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ask", abstract: "Have the checkpoint of a copy of a log cosigned.",
        discussion: """
            Witnesses ask nobody who brings a checkpoint: whoever has a copy of the log can. A witness that has seen \
            another history ends the command with exit code 2, and fewer cosignatures than the charter's quorum with 5.
            """)

    @Option(
        help: ArgumentHelp("The folder that valise-audit mirror made.", valueName: "folder"), completion: .directory)
    var mirror: String
    @Option(
        help: ArgumentHelp("The signed charter: its log and its witnesses.", valueName: "file"), completion: .file())
    var charter: String?
    @Option(help: ArgumentHelp("The verifier key of the log, without a charter.", valueName: "key")) var log: String?
    @Option(help: ArgumentHelp("The verifier key of one witness to ask instead of the charter's.", valueName: "key"))
    var witness: String?
    @Option(help: "The submission address of that witness.") var url: String?
    @Option(
        help: ArgumentHelp("Write the checkpoint with the cosignatures here.", valueName: "file"), completion: .file())
    var out: String?
    @Flag(help: "Print one JSON document.") var json = false

    func validate() throws {
        guard (charter == nil) != (log == nil) else { throw ValidationError("Either --charter or --log was expected.") }
        guard (witness == nil) == (url == nil) else { throw ValidationError("--witness and --url belong together.") }
        guard charter != nil || witness != nil else {
            throw ValidationError("With --log, --witness and --url were expected.")
        }
    }

    /// A witness, and how the talk with it ended.
    typealias Result = (key: VerifierKey, outcome: WitnessConversation.Outcome)

    /// Whom to ask, about which log, and how many cosignatures are enough.
    private struct Plan {
        var log: VerifierKey
        var witnesses: [(key: VerifierKey, url: String)] = []
        var quorum = 0
    }

    func run() async throws {
        let plan = try plan()
        let copy = try MirrorProofs(folder: mirror, log: plan.log)
        let client = try WitnessClient()
        let results: [Result]
        do { results = try await ask(plan, copy, client) } catch {
            try? await client.shutdown()
            throw error
        }
        try await client.shutdown()
        var lines: [NoteSignature] = []
        for case .cosigned(let own, _) in results.map(\.outcome) { lines += own }
        let note = try copy.note.adding(lines)
        if let out { try Durable.write(path: out, bytes: note.bytes, mode: 0o644, exclusive: false) }
        show(results, copy.checkpoint)
        try judge(results, plan)
    }

    private func plan() throws -> Plan {
        var plan: Plan
        if let charter {
            let trusted = try TrustedCharter(InputFile.read(charter, limit: 65_536))
            plan = Plan(log: trusted.logKey)
            plan.witnesses = try trusted.charter.witnesses.map {
                (try WitnessCommand.key($0.verifierKey, .cosignature, option: "the charter's witness"), $0.url)
            }
            plan.quorum = Int(trusted.charter.witnessQuorum)
        } else {
            plan = Plan(log: try WitnessCommand.key(log ?? "", .ed25519, option: "--log"))
        }
        if let witness, let url {
            plan.witnesses = [(try WitnessCommand.key(witness, .cosignature, option: "--witness"), url)]
            plan.quorum = 1
        }
        guard !plan.witnesses.isEmpty else {
            throw CommandFailure(
                code: "no-witnesses", message: "The charter names no witnesses.",
                hints: ["name one by --witness and --url"], status: .notFound)
        }
        return plan
    }

    private func ask(_ plan: Plan, _ copy: MirrorProofs, _ client: WitnessClient) async throws -> [Result] {
        var results: [Result] = []
        for (key, url) in plan.witnesses {
            var talk = try WitnessConversation(with: key, about: copy.note, log: plan.log)
            let outcome = try await talk.run(proof: { try copy.proof(from: $0) }) { await client.post($0, to: url) }
            results.append((key, outcome))
        }
        return results
    }

    private func judge(_ results: [Result], _ plan: Plan) throws {
        for (key, outcome) in results {
            guard case .alarm(let alarm) = outcome else { continue }
            throw CommandFailure(
                code: alarm.code, kind: "verification", message: "\(key.name): \(alarm.sentence)",
                hints: [alarm.nextStep])
        }
        let cosigned = results.count { result in if case .cosigned = result.outcome { true } else { false } }
        guard cosigned >= plan.quorum else {
            throw CommandFailure(
                code: "quorum-not-cosigned", kind: "unavailable",
                message: "\(cosigned) of \(results.count) witnesses cosigned; \(plan.quorum) were expected.",
                hints: ["ask again later; those that refused must be told of the log by their operators"])
        }
    }
}
