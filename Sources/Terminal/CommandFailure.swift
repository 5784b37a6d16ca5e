/// An error as a person and a script see it: a stable code, one sentence, and what to do next.
///
/// Rooms keep their own typed errors; a program converts them to this at its edge (`Program.run(convert:)`).
/// Nothing secret belongs in any field.
package struct CommandFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// Stable, lowercase, hyphenated: `key-file-readable`. Scripts match on it.
    package let code: String
    /// One sentence that names the thing and what was expected, with its period. Strangers' text in it is made safe
    /// when printed.
    package let message: String
    /// What to do next, the next command to type where there is one.
    package let hints: [String]
    /// The exit code of the program.
    package let status: ExitStatus

    /// Makes a failure. `status` counts where `ExitStatus.cause` has no row for the code. Empty hints are left out.
    package init(code: String, message: String, hints: [String] = [], status: ExitStatus = .failed) {
        self.code = code
        self.message = message.hasSuffix(".") ? message : "\(message)."
        self.hints = hints.filter { !$0.isEmpty }
        self.status = ExitStatus.cause(code) ?? status
    }

    /// The same for a room's error, which says by a word of `ExitStatus.cause` of what kind its codes are.
    package init(code: String, kind: String, message: String, hints: [String]) {
        self.init(code: code, message: message, hints: hints, status: ExitStatus.cause(kind) ?? .failed)
    }

    /// The sentence alone, which is what ArgumentParser shows after the name of a bad option.
    package var description: String { message }

    /// Writes `error: message [code]`, then `hint: ...` for each hint.
    package func print(on output: Output) {
        output.note(.error, "\(message) [\(code)]")
        for hint in hints { output.note(.hint, hint) }
    }

    /// One JSON object of schema `valise/error/v1`: `schema`, `code`, `message`, `hints`, in this order.
    package var json: JSONValue {
        [
            "schema": "valise/error/v1",
            "code": .string(code),
            "message": .string(message),
            "hints": .array(hints.map { .string(NamedDesk.naming($0)) }),
        ]
    }
}
