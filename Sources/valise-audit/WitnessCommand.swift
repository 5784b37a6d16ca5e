import ArgumentParser
import Ledger
import Terminal

/// `valise-audit witness`.
struct WitnessCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "witness", abstract: "Run a witness, which cosigns what extends what it has seen of a log.",
        subcommands: [WitnessCommandKeys.self, WitnessCommandServe.self, WitnessCommandAsk.self])

    /// A verifier key from the command line.
    /// - Throws: ``Terminal/CommandFailure`` with the codes of ``Ledger/NoteError``.
    static func key(_ text: String, _ kind: VerifierKey.Kind, option: String) throws(CommandFailure) -> VerifierKey {
        do throws(NoteError) {
            let key = try VerifierKey(text: text)
            guard key.kind == kind else { throw .wrongKeyType(name: key.name.description) }
            return key
        } catch {
            throw CommandFailure(
                code: error.code, message: "\(option): \(error.sentence)", hints: [error.nextStep], status: .usage)
        }
    }
}
