/// Why a key, a certificate or the unlock agent could not be had.
///
/// The message names the file or thing and what was expected of it; it never holds a secret.
package struct KeyringError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Stable names; they do not change between releases.
    package enum Code: String, Sendable, CaseIterable {
        case keyFileMissing = "key-file-missing"
        case keyFileExists = "key-file-exists"
        case keyFileOpenToOthers = "key-file-open-to-others"
        case keyFileDamaged = "key-file-damaged"
        case keyFileUnsupported = "key-file-unsupported"
        case wrongKeyKind = "wrong-key-kind"
        case wrongPassphrase = "wrong-passphrase"
        case passphraseMissing = "passphrase-missing"
        case passphraseMalformed = "passphrase-malformed"
        case fileExists = "file-exists"
        case fileUnreadable = "file-unreadable"
        case fileUnwritable = "file-unwritable"
        case unknownSealingKey = "unknown-sealing-key"
        case cannotUnseal = "cannot-unseal"
        case agentNotRunning = "agent-not-running"
        case agentAlreadyRunning = "agent-already-running"
        case agentFolderOpenToOthers = "agent-folder-open-to-others"
        case agentPathTooLong = "agent-path-too-long"
        case agentMessageTooLarge = "agent-message-too-large"
        case agentFailed = "agent-failed"
        case hostNameMalformed = "host-name-malformed"
        case certificateDamaged = "certificate-damaged"
        case certificateUnfit = "certificate-unfit"
        case cryptographyFailed = "cryptography-failed"
    }

    package let code: Code
    /// One sentence: the thing, and what was expected.
    package let message: String
    /// The next step.
    package let hint: String

    package init(_ code: Code, _ message: String, hint: String) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    package var description: String { "\(code.rawValue): \(message) \(hint)" }

    /// An operation of the cryptographic library that fails only when memory or random bytes run out.
    static func failed(_ operation: String) -> KeyringError {
        KeyringError(
            .cryptographyFailed, "The cryptographic library could not \(operation).",
            hint: "Check free memory and the installed OpenSSL 3 library, then try again.")
    }
}
