/// Why a long-running program could not start: a stable code, one sentence, and what to do next.
package struct DaemonError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Stable, lowercase, hyphenated: `data-directory-in-use`.
    package let code: String
    /// Names the thing and what was expected.
    package let message: String
    /// What to do next.
    package let hint: String

    package init(code: String, message: String, hint: String) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    package var description: String { message }
}
