import ArgumentParser
import Audit
import Desk
import Keyring
import Terminal
import Transport

/// The auditor's program.
@main
struct AuditProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "valise-audit", abstract: "Copy a relay's log, and check every entry of it again.",
        version: "0.1.0", subcommands: [MirrorCommand.self, VerifyCommand.self])

    static func main() async { await Program.run(Self.self, convert: failure) }

    /// What the auditor sees for each room's errors.
    static func failure(_ error: any Error) -> CommandFailure? {
        switch error {
        case let finding as Finding:
            CommandFailure(
                code: finding.code.rawValue, message: sentence(finding), hints: [finding.nextStep],
                status: .verificationFailed)
        case let error as AuditError:
            CommandFailure(
                code: error.code.rawValue, message: error.message, hints: [error.hint], status: status(error.code))
        case let error as DeskError:
            CommandFailure(code: error.code, message: error.message, hints: [error.hint], status: status(error.kind))
        case let error as KeyringError:
            CommandFailure(
                code: error.code.rawValue, message: error.message, hints: [error.hint], status: status(error.code))
        case let error as TransportError:
            CommandFailure(
                code: error.reportedCode, message: "The relay: \(error.message)", hints: [error.hint],
                status: status(error.code))
        default: nil
        }
    }

    static func sentence(_ finding: Finding) -> String { finding.message + (finding.message.hasSuffix(".") ? "" : ".") }

    private static func status(_ code: AuditError.Code) -> ExitStatus {
        switch code {
        case .notServed: .notFound
        case .sourceUnavailable: .unavailable
        default: .failed
        }
    }

    private static func status(_ kind: DeskError.Kind) -> ExitStatus {
        switch kind {
        case .failed: .failed
        case .verification: .verificationFailed
        case .refused: .refused
        case .notFound: .notFound
        case .unavailable: .unavailable
        case .locked: .locked
        case .usage: .usage
        }
    }

    private static func status(_ code: KeyringError.Code) -> ExitStatus {
        switch code {
        case .fileExists, .fileUnreadable, .fileUnwritable, .hostNameMalformed, .certificateDamaged,
            .cryptographyFailed:
            .failed
        default: .locked
        }
    }

    private static func status(_ code: TransportError.Code) -> ExitStatus {
        switch code {
        case .relayUnavailable: .unavailable
        case .relayRefused: .refused
        case .relayUntrusted, .proofWrong, .checkpointWrong, .fork, .withheld: .verificationFailed
        case .charterUnusable, .malformedAnswer: .failed
        }
    }
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
