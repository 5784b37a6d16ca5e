/// The one table of causes: the exit code of each stable error code that more than one command or program meets, and of
/// each kind of error. The same cause ends every program the same way.
///
/// `CommandFailure` applies it to every code, whatever status the program had in mind.
extension ExitStatus {
    /// The status that belongs to a stable error code, or to a kind of errors; nil where the program knows better.
    package static func cause(_ code: String) -> ExitStatus? {
        if let found = causes[code] { return found }
        return code.hasPrefix("charter-") && !ownCharterCodes.contains(code) ? .verificationFailed : nil
    }

    private static let causes: [String: ExitStatus] = {
        var causes: [String: ExitStatus] = [:]
        for (status, kind, codes) in rows { for code in [kind] + codes { causes[code] = status } }
        return causes
    }()

    /// Each with the kind that stands for whatever else is of its sort.
    private static let rows: [(ExitStatus, kind: String, codes: [String])] = [
        (
            .verificationFailed, "verification",
            [
                "malformed", "oversized", "unknown-version", "digest-mismatch", "block-mismatch", "truncated",
                "unsigned",
                "signature-damaged", "card-damaged", "certificate-damaged", "certificate-unfit", "checkpoint-damaged",
                "tiles-damaged", "store-damaged", "store-differs", "older-copy", "other-history", "head-file-damaged",
                "archive-damaged", "relay-untrusted", "proof-wrong", "checkpoint-wrong", "fork",
                "withheld", "file-cut-short", "wrong-charter", "other-restatement", "commitment-mismatch",
                "source-not-opened", "rejection-not-signed", "statement-not-signed", "rejection-wrong", "entry-ahead",
            ]
        ),
        (
            .refused, "refused",
            [
                "relay-refused", "file-exists", "key-file-exists", "keys-exist", "log-exists", "other-charter-pinned",
                "folder-not-empty",
            ]
        ),
        (
            .notFound, "not-found",
            [
                "file-missing", "no-keys", "no-log", "not-joined", "not-served", "store-not-found", "message-unknown",
                "mirror-too-short",
            ]
        ),
        (
            .unavailable, "unavailable",
            [
                "relay-unavailable", "busy", "overloaded", "storage-failed", "source-unavailable", "port-in-use",
                "still-draining",
            ]
        ),
        (
            .locked, "locked",
            [
                "no-terminal", "key-file-missing", "key-file-open-to-others", "key-file-damaged",
                "key-file-unsupported", "wrong-key-kind", "wrong-passphrase", "passphrase-missing",
                "passphrase-malformed", "wrong-log-key", "wrong-act-key", "archive-other-key", "unknown-sealing-key",
                "cannot-unseal", "agent-not-running", "agent-already-running", "agent-folder-open-to-others",
                "agent-path-too-long", "agent-message-too-large", "agent-failed",
            ]
        ),
        (
            .usage, "usage",
            [
                "name-malformed", "url-malformed", "origin-malformed", "host-name-malformed", "size-malformed",
                "duration-malformed", "profile-malformed", "home-and-profile", "no-home", "message-malformed",
                "confirmation-needed", "log-level-unknown",
            ]
        ),
        (
            .failed, "failed",
            [
                "file-unreadable", "file-unwritable", "file-too-large", "file-not-text", "output-not-written",
                "data-directory-in-use", "mirror-busy", "exec-busy", "cryptography-failed", "no-randomness",
                "malformed-answer",
            ]
        ),
    ]

    /// Codes about a charter that no damaged or unfit charter is behind.
    private static let ownCharterCodes: Set<String> = [
        "charter-signed-already", "charter-too-large", "charter-unusable",
    ]
}
