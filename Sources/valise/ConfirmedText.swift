import Ledger
import Statements
import Terminal
import Transport

/// What the charter's witnesses have cosigned, as it is shown.
enum ConfirmedText {
    static func words(_ confirmed: ConfirmedHead) -> String {
        let names = confirmed.cosigners.map(\.name).joined(separator: ", ")
        let entries = Counted.words(confirmed.head.size.rawValue, "entry", "entries")
        return "the first \(entries), by \(names), \(TimeText.both(milliseconds: at(confirmed)))"
    }

    static func json(_ confirmed: ConfirmedHead) -> JSONValue {
        [
            "size": .unsigned(confirmed.head.size.rawValue), "at": .integer(at(confirmed)),
            "witnesses": .array(confirmed.cosigners.map { .string($0.name) }),
        ]
    }

    /// When the quorum was last whole, in milliseconds since 1970.
    private static func at(_ confirmed: ConfirmedHead) -> Int64 {
        Int64(clamping: confirmed.at.seconds.multipliedReportingOverflow(by: 1_000).partialValue)
    }
}
