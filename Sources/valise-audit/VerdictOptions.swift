import ArgumentParser
import Audit
import Keyring
import Ledger
import Statements
import Terminal
import Transport

/// Whether a replay ends with a verdict, and where that goes.
struct VerdictOptions: ParsableArguments {
    @Flag(name: .customLong("verdict"), help: "Sign a verdict on what was replayed, and post it at the relay.")
    var posts = false
    @Option(
        name: [.customShort("o"), .customLong("verdict-file")],
        help: ArgumentHelp("Sign a verdict, and write it into this file.", valueName: "file"), completion: .file())
    var file: String?
    @Option(
        help: ArgumentHelp("The desk of an auditor's delegate; by default $VALISE_HOME.", valueName: "folder"),
        completion: .directory)
    var home: String?
    @Option(help: ArgumentHelp("That desk by its name among several.", valueName: "name")) var profile: String?
    @OptionGroup var passphrase: PassphraseOptions

    var isWanted: Bool { posts || file != nil }

    /// The delegate's signing key, from its desk.
    func keys(_ charter: TrustedCharter) throws -> AuditorKeys {
        try AuditorKeys(home: home, profile: profile, passphrase: passphrase, charter: charter.charter)
    }

    /// Nil unless a verdict is wanted.
    /// - Parameter keys: those that are open already.
    func teller(_ charter: TrustedCharter, _ keys: AuditorKeys? = nil) throws -> VerdictTeller? {
        guard isWanted else { return nil }
        return VerdictTeller(charter: charter, keys: try keys ?? self.keys(charter), posts: posts, file: file)
    }
}

/// Signs verdicts, and takes them to where they are wanted.
struct VerdictTeller: Sendable {
    let charter: TrustedCharter
    let keys: AuditorKeys
    let posts: Bool
    let file: String?

    /// What became of a verdict.
    struct Told: Sendable {
        let signed: SignedVerdict
        let file: String?
        let isPosted: Bool
    }

    /// - Throws: ``Audit/AuditError`` `no-verdict`; ``Keyring/KeyringError``; ``Transport/TransportError``.
    func tell(_ report: AuditReport) async throws -> Told {
        let verdict = try report.verdict(by: keys.delegate, at: RelayClient.systemClock())
        let signed = try await SignedVerdict.sign(verdict, by: keys.sign)
        if let file { try Durable.write(path: file, bytes: try signed.derBytes(), mode: 0o644, exclusive: false) }
        if posts { try await post(signed) }
        return Told(signed: signed, file: file, isPosted: posts)
    }

    private func post(_ signed: SignedVerdict) async throws {
        let client = try RelayClient(
            charter: charter.signed,
            identity: RelayClient.Identity(delegate: keys.delegate, sign: keys.sign), memory: nil)
        do {
            try await client.post(signed)
        } catch {
            try? await client.shutdown()
            throw error
        }
        try await client.shutdown()
    }
}

extension VerdictTeller.Told {
    /// What it says, and where it went.
    var words: String {
        let verdict = signed.verdict
        let what = verdict.finding.map { "against it, \($0)" } ?? "that all of it is right"
        let places = [isPosted ? "posted at the relay" : nil, file.map { "written to \($0)" }].compactMap(\.self)
        return "\(verdict.auditor) on \(verdict.head.size) entries: \(what); \(places.joined(separator: ", "))"
    }

    var json: JSONValue {
        let verdict = signed.verdict
        return [
            "auditor": .string(verdict.auditor.description), "size": .unsigned(verdict.head.size.rawValue),
            "root": .string(Base64.encode(verdict.head.root.bytes)), "at": .integer(verdict.at.milliseconds),
            "sound": .bool(verdict.isSound), "posted": .bool(isPosted), "file": .optional(file),
        ]
    }
}
