package import Keyring
import Ledger
package import Statements
import Wording

/// The files by which a charter comes about: compiled, signed on each founder's own desk, collected.
package enum CharterFiles {
    /// A charter file: compiled, or with its signatures.
    package enum Found: Sendable {
        case compiled(Charter, bytes: [UInt8])
        case signed(SignedCharter)

        package var charter: Charter {
            switch self {
            case .compiled(let charter, _): charter
            case .signed(let signed): signed.charter
            }
        }
        package var id: CharterID {
            switch self {
            case .compiled(_, let bytes): CharterFiles.id(bytes)
            case .signed(let signed): signed.id
            }
        }
        /// Everything that is wrong with it; an unsigned charter has one finding for that.
        package var findings: [CharterCheck.Finding] {
            switch self {
            case .compiled(let charter, _):
                CharterCheck.findings(charter) + [
                    CharterCheck.Finding("charter-unsigned", "the file is a compiled charter without its signatures")
                ]
            case .signed(let signed): CharterCheck.findings(signed)
            }
        }
    }

    /// The identifier of a compiled charter.
    package static func id(_ charterBytes: [UInt8]) -> CharterID { CharterID(Label.charterID.hash(charterBytes)) }

    /// - Throws: ``DeskError`` `charter-damaged` unless it is one of both.
    package static func read(_ path: String) throws -> Found {
        let bytes = try DeskFile.read(path, limit: Bounds.signedCharter)
        if let signed = try? SignedCharter(der: bytes, limit: Bounds.signedCharter) { return .signed(signed) }
        do {
            return .compiled(try Charter(der: bytes, limit: Bounds.charter), bytes: bytes)
        } catch {
            throw damaged(path, "a charter: \(error.field): expected \(error.expected)")
        }
    }

    /// - Throws: ``DeskError`` `charter-damaged`, `charter-unsigned`.
    package static func readSigned(_ path: String) throws -> SignedCharter {
        guard case .signed(let signed) = try read(path) else {
            throw DeskError(
                "charter-unsigned", "\(path) is a compiled charter without its signatures.",
                hint: "valise charter collect \(ShellWord.quoted(path)) SIGNATURES... -o charter.signed",
                kind: .verification)
        }
        return signed
    }

    /// The bytes of a compiled charter that a relay could run under once it is signed.
    /// - Throws: ``DeskError`` with the code of the first finding, or `charter-too-large`.
    package static func compile(_ charter: Charter) throws -> [UInt8] {
        if let finding = CharterCheck.findings(charter).first { throw unfit(finding) }
        let bytes = try charter.derBytes()
        guard bytes.count <= Bounds.charter else {
            throw DeskError(
                "charter-too-large",
                "The charter has \(bytes.count) bytes, and at most \(Bounds.charter) are possible.",
                hint: "use fewer parties, delegates or channels")
        }
        return bytes
    }

    /// Signs a compiled charter for the desk's party.
    ///
    /// Only a charter without a finding is signed, and only by the delegate whom it names founder, with the key that it
    /// lists.
    /// - Throws: ``DeskError`` with `not-in-charter`, `other-key-in-charter`, `not-founder`, or the code of a finding.
    package static func sign(_ found: Found, as card: Card, keys: any DelegateKeys) async throws -> CharterSignature {
        let bytes: [UInt8]
        switch found {
        case .compiled(_, let compiled): bytes = compiled
        case .signed(let signed): bytes = signed.charterBytes
        }
        let charter = found.charter
        try mayFound(charter, card)
        if let finding = CharterCheck.findings(charter).first { throw unfit(finding) }
        let message = SignedCharter.message(charterBytes: bytes)
        let signature = try await keys.sign(message)
        guard PinnedEd25519.verify(signature: signature, message: message, key: card.signingKey) else {
            throw DeskError(
                "signature-wrong", "The keys of this desk made a signature that does not fit its card.",
                hint: "valise lock, then valise unlock", kind: .locked)
        }
        return CharterSignature(
            charter: found.id, signature: OpenSignature(signer: card.id, signature: signature))
    }

    /// - Throws: ``DeskError`` with `not-in-charter`, `other-key-in-charter`, `not-founder`.
    package static func mayFound(_ charter: Charter, _ card: Card) throws {
        guard let party = charter.party(card.id.party), let listed = charter.delegate(card.id) else {
            throw DeskError(
                "not-in-charter", "The charter lists no delegate \(card.id), whose desk this is.",
                hint: "send your card to the steward who writes the charter: valise keys show", kind: .refused)
        }
        guard listed.signingKey == card.signingKey else {
            throw DeskError(
                "other-key-in-charter", "The charter lists \(card.id) with a signing key that is not the one here.",
                hint: "find out who gave the steward that card; do not sign", kind: .refused)
        }
        guard party.founder == card.id.name else {
            throw DeskError(
                "not-founder",
                "For \(party.id) the charter is signed by \(party.id)/\(party.founder), not by \(card.id).",
                hint: "run this command on the desk of \(party.id)/\(party.founder)", kind: .refused)
        }
    }

    /// Puts the founders' signatures to a compiled charter.
    /// - Throws: ``DeskError`` `signature-of-other-charter`, `signature-twice`, or the code of the first finding, such
    ///   as `charter-signature-missing` and `charter-signature-bad`.
    package static func collect(_ charterBytes: [UInt8], _ signatures: [CharterSignature]) throws -> SignedCharter {
        let id = id(charterBytes)
        var signers: Set<DelegateID> = []
        for signature in signatures {
            let signer = signature.signature.signer
            guard signature.charter == id else {
                throw DeskError(
                    "signature-of-other-charter",
                    "\(signer) signed the charter \(signature.charter.short), and this is \(id.short).",
                    hint: "send this very file to \(signer) to be signed", kind: .verification)
            }
            guard signers.insert(signer).inserted else {
                throw DeskError(
                    "signature-twice", "There are two signatures of \(signer).", hint: "give each signature once",
                    kind: .usage)
            }
        }
        let signed = try SignedCharter(charterBytes: charterBytes, signatures: signatures.map(\.signature))
        let findings = CharterCheck.findings(signed)
        guard let finding = findings.first else { return signed }
        let missing = findings.filter { $0.code == "charter-signature-missing" }
        guard missing.count == findings.count else {
            throw unfit(findings.first { $0.code != "charter-signature-missing" } ?? finding)
        }
        let absent = missing.map(\.message).joined(separator: "; ")
        throw DeskError(
            finding.code, "The charter is not complete: \(absent).",
            hint: "each of them runs \"valise charter sign\" on the compiled file and sends the signature",
            kind: .verification)
    }

    private static func unfit(_ finding: CharterCheck.Finding) -> DeskError {
        DeskError(
            finding.code, "The charter cannot be used: \(finding.message).",
            hint: "valise charter verify FILE shows everything that is wrong with it", kind: .verification)
    }

    private static func damaged(_ path: String, _ expected: String) -> DeskError {
        DeskError("charter-damaged", "\(path) is not \(expected).", hint: "fetch the file again", kind: .verification)
    }
}
