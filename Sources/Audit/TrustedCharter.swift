package import Ledger
import Rules
package import Statements

/// The charter that an audit is made under: checked, and with the keys that open its log's checkpoints.
package struct TrustedCharter: Sendable {
    package let signed: SignedCharter
    /// The signed charter as it must stand in entry 0.
    let bytes: [UInt8]
    package let logKey: VerifierKey
    private let witnesses: [VerifierKey]

    /// - Parameters:
    ///   - bytes: the DER of a ``Statements/SignedCharter``.
    ///   - fingerprint: what it must be, as ``Statements/CharterID/fingerprint`` or in full; spaces do not count.
    /// - Throws: ``AuditError`` `charter-malformed`; ``Finding`` `charter-mismatch` for an unfit charter or another
    ///   fingerprint.
    package init(_ bytes: [UInt8], fingerprint: String? = nil) throws {
        let signed: SignedCharter
        do {
            signed = try SignedCharter(der: bytes, limit: Bounds.signedCharter)
        } catch {
            throw AuditError(
                .charterMalformed, "The charter is not a signed charter: \(error).",
                hint: "give the file charter.signed that was collected from the founding parties")
        }
        if let fingerprint { try Self.check(fingerprint, signed.id) }
        if let finding = CharterCheck.findings(signed).first {
            throw Finding(.charterMismatch, "The charter cannot be used: \(finding.message) (\(finding.code))")
        }
        guard let key = try? signed.charter.relay.verifierKey else {
            throw Finding(.charterMismatch, "The charter's origin and log key make no verifier key")
        }
        self.signed = signed
        self.bytes = bytes
        logKey = key
        witnesses = signed.charter.cosigners
    }

    package var charter: Charter { signed.charter }

    /// A checkpoint of this charter's log, read from a note and verified.
    struct Opened {
        let checkpoint: Checkpoint
        let note: [UInt8]
        /// The charter's witnesses that have cosigned it.
        let cosigners: [SignedNote.Verified]
        /// The names of the keys of signature lines that nobody here can check.
        let unknownSigners: [String]
    }

    /// - Parameter path: what the note is called in findings.
    func open(_ note: [UInt8], path: String) throws(Finding) -> Opened {
        do {
            let signed = try SignedNote(parsing: note)
            let (checkpoint, cosigners) = try Checkpoint.open(signed, log: logKey, cosigners: witnesses)
            let unknown = signed.signatures.filter { line in !([logKey] + witnesses).contains { line.isBy($0) } }
            return Opened(
                checkpoint: checkpoint, note: note, cosigners: cosigners,
                unknownSigners: unknown.map(\.name.description))
        } catch {
            switch error {
            case .tooLarge, .malformed, .malformedCheckpoint, .extensionLines:
                throw Finding(.checkpointMalformed, path: path, error.sentence)
            default: throw Finding(.checkpointSignature, path: path, error.sentence)
            }
        }
    }

    private static func check(_ fingerprint: String, _ id: CharterID) throws(Finding) {
        let typed = fingerprint.filter { $0 != " " && $0 != "-" }.lowercased()
        let short = id.fingerprint.filter { $0 != " " }
        guard typed == short || typed == id.description else {
            throw Finding(
                .charterMismatch, "The charter's fingerprint is \(id.fingerprint), not the one that was given")
        }
    }
}
