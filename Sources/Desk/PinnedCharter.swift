import Keyring
package import Ledger
package import Rules
package import Statements

/// The charter that this desk has joined: checked again whenever it is loaded, and the same as the one once confirmed.
package struct PinnedCharter: Sendable {
    package let inForce: CharterInForce
    /// The key that signs the log's checkpoints, named by the log's origin.
    package let logKey: VerifierKey

    package var signed: SignedCharter { inForce.signed }
    package var charter: Charter { inForce.charter }
    package var id: CharterID { inForce.id }

    /// The charter in this home.
    /// - Throws: ``DeskError`` with `no-keys`, `not-joined`, `charter-pin-mismatch`, `charter-damaged`, or the code of
    ///   the first finding of ``Statements/CharterCheck``.
    package static func load(_ home: DeskHome) throws -> PinnedCharter {
        guard let pin = try pinned(home), DeskFile.exists(home.charterFile) else {
            // Keys come first: without them there is nothing to join with.
            _ = try home.card()
            throw notJoined(home)
        }
        let signed = try CharterFiles.readSigned(home.charterFile)
        guard signed.id == pin else {
            throw DeskError(
                "charter-pin-mismatch",
                "\(home.charterFile) is the charter \(signed.id.fingerprint), and this desk joined \(pin.fingerprint).",
                hint: "put the joined charter back, or join this one: valise join CHARTER --replace",
                kind: .verification)
        }
        return try PinnedCharter(checking: signed)
    }

    /// - Throws: ``DeskError`` with the code of the first finding; nothing about it is trusted then.
    package init(checking signed: SignedCharter) throws {
        if let finding = CharterCheck.findings(signed).first { throw Self.unfit(finding) }
        guard let key = try? signed.charter.relay.verifierKey else {
            throw Self.unfit(CharterCheck.Finding("charter-origin", "the origin cannot name a log key"))
        }
        inForce = CharterInForce(signed)
        logKey = key
    }

    /// The identifier that this home has pinned; nil when it has joined nothing.
    package static func pinned(_ home: DeskHome) throws -> CharterID? {
        guard let bytes = try DeskFile.readIfThere(home.pinFile, limit: 256) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first.map { String($0) }
        guard let id = text.flatMap({ CharterID($0) }) else {
            throw DeskError(
                "charter-pin-damaged", "\(home.pinFile) was expected to hold the identifier of a charter.",
                hint: "join again: valise join CHARTER --replace")
        }
        return id
    }

    /// Makes this the charter of the home. What was seen of another charter's log is forgotten.
    /// - Throws: ``DeskError`` `other-charter-pinned` unless `replacing`; `not-in-charter` when the home's own card is
    ///   not in it.
    package func pin(in home: DeskHome, replacing: Bool) throws {
        try checkMembership(of: home.card())
        let earlier = try replacing ? (try? Self.pinned(home)) : Self.pinned(home)
        if let earlier, earlier != id, !replacing {
            throw DeskError(
                "other-charter-pinned", "This desk has joined the charter \(earlier.fingerprint) already.",
                hint: "use another --home or --profile for the new charter; --replace forgets the old one",
                kind: .refused)
        }
        try home.prepare()
        if earlier != id { try Self.forgetLog(home) }
        try Durable.write(path: home.charterFile, bytes: signed.derBytes(), mode: 0o600, exclusive: false)
        try Durable.write(path: home.pinFile, bytes: Array("\(id)\n".utf8), mode: 0o600, exclusive: false)
    }

    /// Removes what belongs to the log of an earlier charter.
    private static func forgetLog(_ home: DeskHome) throws {
        let files =
            [home.checkpointFile, home.confirmedFile] + InboxMemory.files(home) + KeptViews.files(home)
            + [KeyRecords.file(home)]
        for file in files { try DeskFile.remove(file) }
    }

    /// Whether this card is what the charter lists.
    /// - Throws: ``DeskError`` `not-in-charter`, `other-key-in-charter`.
    package func checkMembership(of card: Card) throws {
        guard let listed = charter.delegate(card.id) else {
            throw DeskError(
                "not-in-charter", "The charter lists no delegate \(card.id), whose desk this is.",
                hint: "send your card to the steward who writes the charter: valise keys show", kind: .refused)
        }
        guard listed.signingKey == card.signingKey else {
            throw DeskError(
                "other-key-in-charter", "The charter lists \(card.id) with a signing key that is not the one here.",
                hint: "find out who gave the steward that card before anyone uses this charter", kind: .refused)
        }
    }

    private static func notJoined(_ home: DeskHome) -> DeskError {
        DeskError(
            "not-joined", "The desk in \(home.path) has not joined a charter.", hint: "valise join charter.signed",
            kind: .notFound)
    }

    private static func unfit(_ finding: CharterCheck.Finding) -> DeskError {
        DeskError(
            finding.code, "The charter cannot be trusted: \(finding.message).",
            hint: "valise charter verify FILE shows everything that is wrong with it", kind: .verification)
    }
}
