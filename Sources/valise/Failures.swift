import Archive
import Desk
import Envelope
import Keyring
import Sealing
import Statements
import Terminal
import Transport
import Wire

/// What a person sees for each room's errors.
enum Failures {
    static func convert(_ error: any Error) -> CommandFailure? {
        switch error {
        case let error as DeskError:
            CommandFailure(code: error.code, kind: error.kind.rawValue, message: error.message, hints: [error.hint])
        case let error as CharterSourceError:
            CommandFailure(
                code: error.code.rawValue, message: error.description,
                hints: ["correct that line and run the command again; Docs/Examples/charter.yaml shows every key"])
        case let error as CharterUnfit: unfit(error)
        case let error as KeyringError:
            CommandFailure(code: error.code.rawValue, message: error.message, hints: [error.hint])
        case let error as TransportError:
            CommandFailure(
                code: error.reportedCode, kind: error.code.rawValue, message: error.message,
                hints: hints(error) + evidence(error))
        case let error as SealingError:
            CommandFailure(code: error.code.rawValue, message: error.message, hints: [error.hint])
        case let error as KeysPageError:
            CommandFailure(code: error.code.rawValue, message: error.message, hints: [error.hint])
        case let error as RevealError:
            CommandFailure(code: error.code.rawValue, message: error.message, hints: [error.hint])
        case is CutShort:
            CommandFailure(
                code: "file-cut-short", message: "The file ended before the size that it announces.",
                hints: ["fetch or copy the file again"])
        case let error as EnvelopeError:
            CommandFailure(
                code: error.code.rawValue, message: "\(error.field) was expected to be \(error.expected).",
                hints: [error.hint])
        case let error as ArchiveError:
            CommandFailure(code: error.code.rawValue, message: error.message, hints: [error.hint])
        case let error as FormError:
            CommandFailure(
                code: error.code.rawValue, message: "\(error.field) was expected to be \(error.expected).",
                hints: ["check that it is the right file, and fetch it again"])
        default: nil
        }
    }

    /// A rejection that the relay signed is evidence, which this desk has kept.
    private static func evidence(_ error: TransportError) -> [String] {
        guard case .signed(let found)? = error.rejection else { return [] }
        return [
            "if the rules allow it: valise rejections save \(found.rejection.statement.short) -o FILE, for an auditor"
        ]
    }

    /// The first finding as the error, the others and what to do as hints.
    private static func unfit(_ error: CharterUnfit) -> CommandFailure? {
        guard let first = error.findings.first else { return nil }
        let others = error.findings.dropFirst().map { "also: \(error.text($0)) [\($0.finding.code)]" }
        return CommandFailure(
            code: first.finding.code, message: error.text(first),
            hints: others + ["correct it and run the command again; Docs/Examples/charter.yaml shows every key"])
    }

    /// The permitted routes that the relay names, as the option that takes them; without any, what the error says.
    private static func hints(_ error: TransportError) -> [String] {
        let routes = error.problem?.routes ?? []
        if routes.isEmpty { return [error.hint] }
        return routes.map { route in
            let via = route.dropLast().map(\.description).joined(separator: ",")
            return via.isEmpty ? "a direct route is permitted" : "a permitted route: --via \(via)"
        }
    }
}
