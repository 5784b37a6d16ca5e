import ArgumentParser
import Audit
import Ledger
import Statements
import Terminal
import Transport

/// `valise-audit scope`: what a limited auditor may see.
struct ScopeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scope", abstract: "Fetch what passed over the channels that a limited auditor may see.",
        discussion: """
            For a delegate of a party that the charter names among its limited auditors. Each entry is proven to be in \
            the log, and its signatures are checked; they are kept as they came, and the next time goes on from there. \
            That nothing was left out is known as far as a full auditor's verdict counts these entries. Ends with exit \
            code 2 when something was withheld or altered, or when an auditor has found the log wrong.
            """)

    @OptionGroup var charter: CharterOptions
    @Option(
        help: ArgumentHelp("The folder to keep it in; made if it is not there.", valueName: "folder"),
        completion: .directory)
    var out: String
    @Option(
        help: ArgumentHelp("The desk of its delegate; by default $VALISE_HOME.", valueName: "folder"),
        completion: .directory)
    var home: String?
    @Option(help: ArgumentHelp("That desk by its name among several.", valueName: "name")) var profile: String?
    @OptionGroup var passphrase: PassphraseOptions
    @Flag(help: "Print one JSON document.") var json = false

    func run() async throws {
        let trusted = try charter.read()
        let keys = try AuditorKeys(
            limited: trusted.charter, home: home, profile: profile, passphrase: passphrase)
        let folder = ScopeFolder(path: out, charter: trusted.signed)
        let client = try RelayClient(
            charter: trusted.signed,
            identity: RelayClient.Identity(delegate: keys.delegate, sign: keys.sign), memory: folder)
        let copy = ScopeCopy(folder: folder, charter: trusted.signed, party: keys.delegate.party)
        let outcome: ScopeCopy.Outcome
        do {
            outcome = try await copy.run(client)
        } catch {
            try? await client.shutdown()
            throw error
        }
        try await client.shutdown()
        let text = ScopeText(outcome: outcome, charter: trusted.signed, now: RelayClient.systemClock())
        if json { Output.standard.json(text.json) } else { text.print() }
        if let verdict = outcome.against.first, let finding = verdict.finding {
            throw ScopeFinding(.verdictAgainst, "\(verdict.auditor) has found the log wrong: \(finding)")
        }
    }
}

extension AuditorKeys {
    /// The key of a delegate of a limited auditor.
    init(limited charter: Charter, home: String?, profile: String?, passphrase: PassphraseOptions) throws {
        let names = charter.limitedAuditors.map(\.party)
        try self.init(
            home: home, profile: profile, passphrase: passphrase, charter: charter, of: names,
            otherwise: "not-a-limited-auditor", "a limited auditor")
    }
}
