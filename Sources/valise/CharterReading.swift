import ArgumentParser
import Desk
import Statements
import Terminal

/// `valise charter show`.
struct CharterShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a charter in full, as it would be or is in force.",
        discussion: "Shows what the file says; valise charter verify says whether it can be trusted.")
    @Argument(help: "A compiled or signed charter; by default the one this desk has joined.", completion: .file())
    var file: String?
    @OptionGroup var options: HomeOptions

    func run() throws {
        let view = CharterView(try CharterArgument.read(file, options))
        if options.json { Output.standard.json(view.json) } else { view.print(on: .standard) }
    }
}

/// `valise charter verify`.
struct CharterVerify: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Check a charter and all its signatures; exit code 2 when anything is wrong.")
    @Argument(help: "A signed charter; by default the one this desk has joined.", completion: .file())
    var file: String?
    @OptionGroup var options: HomeOptions

    func run() throws {
        let found = try CharterArgument.read(file, options)
        let findings = found.findings
        if options.json {
            Output.standard.json([
                "schema": "valise/charter-verify/v1", "charter": .string(found.id.description),
                "fingerprint": .string(found.id.fingerprint), "good": .bool(findings.isEmpty),
                "findings": .array(findings.map { ["code": .string($0.code), "message": .string($0.message)] }),
            ])
        } else {
            print(found, findings)
        }
        if !findings.isEmpty { throw ExitCode(ExitStatus.verificationFailed.rawValue) }
    }

    private func print(_ found: CharterFiles.Found, _ findings: [CharterCheck.Finding]) {
        let output = Output.standard
        var list = FieldList()
        list.add("Charter", "\"\(found.charter.title)\"")
        list.add("Fingerprint", found.id.fingerprint)
        output.fields(list)
        guard findings.isEmpty else {
            for finding in findings { output.note(Label("wrong", .bad), "\(finding.message) [\(finding.code)]") }
            return output.note("Not good: \(Counted.words(findings.count, "finding")).")
        }
        let delegates = found.charter.parties.reduce(0) { $0 + $1.delegates.count }
        let parties = Counted.words(found.charter.parties.count, "party", "parties")
        output.note(
            Label("good", .good),
            "every founding party has signed (\(parties), \(Counted.words(delegates, "delegate"))), every card and "
                + "signature holds.")
    }
}

private enum CharterArgument {
    static func read(_ file: String?, _ options: HomeOptions) throws -> CharterFiles.Found {
        if let file { return try CharterFiles.read(file) }
        return .signed(try PinnedCharter.load(options.located()).signed)
    }
}
