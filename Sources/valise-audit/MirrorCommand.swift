import ArgumentParser
import Audit
import Ledger
import Statements
import Terminal
import Wording

/// `valise-audit mirror`: brings a local copy of the log up to date.
struct MirrorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mirror", abstract: "Keep a local copy of the relay's log; run it again to go on.",
        discussion: """
            The copy is in C2SP tlog-tiles layout and proven against the log's signed checkpoint as it arrives. A \
            checkpoint that takes something back of the kept one is refused, and both are kept in DIR/evidence.
            """)

    @OptionGroup var charter: CharterOptions
    @Option(
        help: ArgumentHelp("The folder of the copy; made if it is not there.", valueName: "folder"),
        completion: .directory)
    var out: String
    @Option(
        help: ArgumentHelp("Copy from a folder in C2SP layout instead of the relay.", valueName: "folder"),
        completion: .directory)
    var from: String?
    @Option(
        help: ArgumentHelp("The desk of an auditor's delegate; by default $VALISE_HOME.", valueName: "folder"),
        completion: .directory)
    var home: String?
    @Option(help: ArgumentHelp("That desk by its name among several.", valueName: "name")) var profile: String?
    @OptionGroup var passphrase: PassphraseOptions
    @Flag(help: "Print one JSON document.") var json = false

    func run() async throws {
        let trusted = try charter.read()
        let outcome: Mirror.Outcome
        if let from {
            outcome = try await copy(trusted, FolderSource(path: from))
        } else {
            let keys = try AuditorKeys(
                home: home, profile: profile, passphrase: passphrase, charter: trusted.charter)
            let relay = try RelaySource(charter: trusted, delegate: keys.delegate, sign: keys.sign)
            do {
                outcome = try await copy(trusted, relay)
            } catch {
                try? await relay.close()
                throw error
            }
            try await relay.close()
        }
        show(outcome)
    }

    private func copy(_ trusted: TrustedCharter, _ source: any LogSource) async throws -> Mirror.Outcome {
        let bar = ProgressBar("copying", unit: .items("entries"), enabled: !json)
        defer { bar.finish() }
        return try await Mirror(folder: MirrorFolder(path: out), charter: trusted, source: source) { done, all in
            bar.update(done: done.rawValue, of: all.rawValue)
        }.run()
    }

    private func show(_ outcome: Mirror.Outcome) {
        let (size, root) = (outcome.checkpoint.size, outcome.checkpoint.root)
        guard !json else {
            return Output.standard.json([
                "schema": "valise/mirror/v1", "origin": .string(outcome.checkpoint.origin.description),
                "size": .unsigned(size.rawValue), "root": .string(Base64.encode(root.bytes)),
                "previous": outcome.previous.map { .unsigned($0.rawValue) } ?? .null,
                "fetched": .count(outcome.fetched),
            ])
        }
        var list = FieldList()
        list.add("log", outcome.checkpoint.origin.description)
        list.add("entries", "\(size)\(outcome.previous.map { ", \($0) before" } ?? "")")
        list.add("root", Base64.encode(root.bytes))
        list.add("fetched", Counted.words(outcome.fetched, "file"))
        Output.standard.fields(list)
        let (folder, file) = (ShellWord.quoted(out), ShellWord.quoted(charter.charter))
        Output.diagnostics.note(.next, "valise-audit verify --mirror \(folder) --charter \(file)")
    }
}
