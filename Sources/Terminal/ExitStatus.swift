/// How a program ended: the one table of exit codes, the same for every executable of this package.
///
/// A script may rely on these numbers. A number that is not listed means failure.
package enum ExitStatus: Int32, CaseIterable, Sendable {
    case done = 0
    case failed = 1
    case verificationFailed = 2
    case refused = 3
    case notFound = 4
    case unavailable = 5
    case locked = 6
    case wrongful = 7
    case usage = 64
    case interrupted = 130

    /// One line for the manual and for `help exit-codes`.
    package var summary: String {
        switch self {
        case .done: "done; what was asked for has happened"
        case .failed: "failed for a reason without a code of its own; the error names it"
        case .verificationFailed: "a signature, proof, digest or replay did not verify"
        case .refused: "refused by the rules, or because something is there already; nothing was changed"
        case .notFound: "the thing that was named does not exist here"
        case .unavailable: "the relay did not answer, or a port is taken"
        case .locked: "a key or passphrase is missing, wrong, or readable by others"
        case .wrongful: "a signed rejection is wrongful: the rules do not bear it out"
        case .usage: "the command line was not understood"
        case .interrupted: "stopped by the user"
        }
    }

    /// The whole table, one `code<TAB>summary` line for each status, in ascending order of code.
    package static var table: String {
        allCases.map { "\($0.rawValue)\t\($0.summary)\n" }.joined()
    }
}
