/// An error that a program can match by its code and a person can act on.
public protocol LedgerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Stable, lower case, words joined by hyphens.
    var code: String { get }
    /// One sentence that names the thing and what was expected.
    var sentence: String { get }
    /// What to do next.
    var nextStep: String { get }
}

extension LedgerError {
    /// Code, sentence and next step on one line.
    public var description: String { "\(code): \(sentence) \(nextStep)" }
}
