package import Ledger
package import Statements

/// What the rules say of one statement.
package enum Decision: Sendable {
    case accepted(Changes)
    /// It, or its nonce, is in the log already: the first acceptance is answered again.
    case repeated(LogIndex)
    case rejected(Objection)
}

/// Why a statement is rejected.
package struct Objection: Error, Hashable, Sendable {
    package let code: RejectionCode
    /// One sentence that names the thing and what was expected.
    package let detail: String
    /// Routes that would be permitted instead.
    package let routes: [Leg]

    package init(_ code: RejectionCode, _ detail: String, routes: [Leg] = []) {
        self.code = code
        self.detail = detail
        self.routes = routes
    }
}
