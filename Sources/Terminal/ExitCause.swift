/// The exit codes of causes that more than one program meets: the same cause ends every program the same way.
///
/// `CommandFailure` applies it to every code, whatever status the program had in mind.
extension ExitStatus {
    /// The status that belongs to a stable error code; nil where the program knows better.
    package static func cause(_ code: String) -> ExitStatus? {
        if let found = causes[code] { return found }
        return code.hasPrefix("charter-") && !ownCharterCodes.contains(code) ? .verificationFailed : nil
    }

    private static let causes: [String: ExitStatus] = {
        var causes: [String: ExitStatus] = [:]
        for (status, codes) in codes { for code in codes { causes[code] = status } }
        return causes
    }()

    private static let codes: [(ExitStatus, [String])] = [
        (
            .verificationFailed,
            [
                "malformed", "oversized", "unknown-version", "digest-mismatch", "block-mismatch",
                "signature-damaged", "card-damaged", "certificate-damaged", "checkpoint-damaged", "tiles-damaged",
                "store-damaged", "archive-damaged", "relay-untrusted", "proof-wrong", "checkpoint-wrong", "withheld",
                "file-cut-short",
            ]
        ),
        (.refused, ["file-exists", "key-file-exists", "keys-exist", "log-exists", "other-charter-pinned"]),
        (
            .notFound,
            [
                "file-missing", "no-keys", "no-log", "not-joined", "not-served", "store-not-found", "not-found",
                "message-unknown",
            ]
        ),
        (.unavailable, ["relay-unavailable", "source-unavailable", "port-in-use"]),
        (
            .locked,
            [
                "no-terminal", "key-file-missing", "key-file-open-to-others", "key-file-damaged",
                "key-file-unsupported", "wrong-key-kind", "wrong-passphrase", "passphrase-missing",
                "passphrase-malformed", "wrong-log-key", "wrong-act-key", "archive-other-key",
            ]
        ),
        (
            .usage,
            [
                "usage", "name-malformed", "url-malformed", "origin-malformed", "host-name-malformed",
                "size-malformed", "duration-malformed", "profile-malformed", "home-and-profile", "no-home",
                "message-malformed", "confirmation-needed", "log-level-unknown",
            ]
        ),
        (
            .failed,
            [
                "file-unreadable", "file-unwritable", "file-too-large", "file-not-text", "output-not-written",
                "data-directory-in-use", "mirror-busy", "cryptography-failed", "no-randomness",
            ]
        ),
    ]

    /// Codes about a charter that no damaged or unfit charter is behind.
    private static let ownCharterCodes: Set<String> = [
        "charter-signed-already", "charter-too-large", "charter-unusable",
    ]
}
