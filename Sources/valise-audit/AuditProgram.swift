import ArgumentParser
import Audit
import Daemon
import Desk
import Keyring
import Terminal
import Transport
import Watch
import Wording

/// The auditor's program.
@main
struct AuditProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "valise-audit", abstract: "Copy a relay's log, and check every entry of it again.",
        version: BuildVersion.text,
        subcommands: [
            MirrorCommand.self, VerifyCommand.self, FollowCommand.self, RejectionCommand.self, ScopeCommand.self,
            WitnessCommand.self,
        ])

    static func main() async { await Program.run(Self.self, convert: failure) }

    /// What the auditor sees for each room's errors.
    static func failure(_ error: any Error) -> CommandFailure? {
        switch error {
        case let finding as Finding:
            CommandFailure(
                code: finding.code.rawValue, kind: "verification", message: sentence(finding),
                hints: [finding.nextStep])
        case let finding as ScopeFinding:
            CommandFailure(
                code: finding.code.rawValue, kind: "verification", message: finding.message + ".",
                hints: [finding.nextStep])
        case let error as AuditError:
            CommandFailure(code: error.code.rawValue, message: error.message, hints: [error.hint])
        case let error as DeskError:
            CommandFailure(code: error.code, kind: error.kind.rawValue, message: error.message, hints: [error.hint])
        case let error as KeyringError:
            CommandFailure(code: error.code.rawValue, message: error.message, hints: [error.hint])
        case let error as TransportError:
            CommandFailure(
                code: error.reportedCode, kind: error.code.rawValue, message: "The relay: \(error.message)",
                hints: [error.hint])
        case let error as WitnessError:
            CommandFailure(code: error.code.rawValue, kind: error.kind, message: error.message, hints: [error.hint])
        case let error as DaemonError: CommandFailure(code: error.code, message: error.message, hints: [error.hint])
        default: DaemonError(bindingFailed: error).flatMap(failure)
        }
    }

    static func sentence(_ finding: Finding) -> String { finding.message + (finding.message.hasSuffix(".") ? "" : ".") }
}

/// The charter under which a command works.
struct CharterOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("The charter of the relay, with its signatures: charter.signed.", valueName: "file"),
        completion: .file())
    var charter: String

    @Option(help: "Refuse any charter but the one with this fingerprint.")
    var fingerprint: String?

    func read() throws -> TrustedCharter {
        // Only for its errors, which are those of the other programs: missing, damaged, or without signatures.
        _ = try CharterFiles.readSigned(charter)
        return try TrustedCharter(InputFile.read(charter, limit: 65_536), fingerprint: fingerprint)
    }
}
