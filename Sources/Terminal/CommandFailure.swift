/// An error as a person and a script see it: a stable code, one sentence, and what to do next.
///
/// Rooms keep their own typed errors; a program converts them to this at its edge (`Program.run(convert:)`).
/// Nothing secret belongs in any field.
package struct CommandFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// Stable, lowercase, hyphenated: `key-file-readable`. Scripts match on it.
    package let code: String
    /// One sentence that names the thing and what was expected. Strangers' text in it is made safe when printed.
    package let message: String
    /// What to do next, the next command to type where there is one.
    package let hints: [String]
    /// The exit code of the program.
    package let status: ExitStatus

    /// Makes a failure; `status` is `failed` unless a more exact row of `ExitStatus` fits. What
    /// `ExitStatus.cause` says of
    /// the code goes first. Empty hints are left out.
    package init(code: String, message: String, hints: [String] = [], status: ExitStatus = .failed) {
        self.code = code
        self.message = message
        self.hints = hints.filter { !$0.isEmpty }
        self.status = ExitStatus.cause(code) ?? status
    }

    /// The sentence alone, which is what ArgumentParser shows after the name of a bad option.
    package var description: String { message }

    /// Lines for a terminal: `error: message [code]`, then `hint: ...` for each hint. Ends in a newline.
    ///
    /// The sentence is broken between words; a hint is not, so that a command in it can be copied in one piece.
    package func text(on output: Output) -> String {
        let sentence = output.prose("error: \(SafeText.display(message)) [\(code)]").dropFirst("error:".count)
        var text = output.styled("error:", .bad) + sentence + "\n"
        for hint in hints {
            text += output.styled("hint:", .heading) + " \(SafeText.display(hint))\n"
        }
        return text
    }

    /// One JSON object of schema `valise/error/v1`: `schema`, `code`, `message`, `hints`, in this order.
    package var json: JSONValue {
        [
            "schema": "valise/error/v1",
            "code": .string(code),
            "message": .string(message),
            "hints": .array(hints.map { .string($0) }),
        ]
    }
}
