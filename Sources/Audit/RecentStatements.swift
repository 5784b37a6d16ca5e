import Ledger
import Statements

/// The statements whose `submitBy` has not long passed: the only ones that could be accepted a second time.
struct RecentStatements: Sendable {
    struct Known: Hashable, Sendable {
        let id: StatementID
        let index: LogIndex
        let submitBy: Timestamp
    }

    private struct Place {
        let index: LogIndex
        let submitBy: Timestamp
    }

    /// By the hour of `submitBy`, so that a whole hour is forgotten at once.
    private var hours: [Int64: [StatementID: Place]] = [:]
    private static let hour = TimeSpan.hours(1).milliseconds

    init() {}

    init(_ known: [Known]) { for statement in known { add(statement) } }

    /// - Parameter submitBy: the statement's, which its identifier covers.
    func index(of id: StatementID, submitBy: Timestamp) -> LogIndex? { hours[Self.hour(of: submitBy)]?[id]?.index }

    /// In the order of the log.
    var all: [Known] {
        hours.values.joined().map { Known(id: $0.key, index: $0.value.index, submitBy: $0.value.submitBy) }
            .sorted { $0.index < $1.index }
    }

    mutating func add(_ statement: Known) {
        let place = Place(index: statement.index, submitBy: statement.submitBy)
        hours[Self.hour(of: statement.submitBy), default: [:]][statement.id] = place
    }

    /// Forgets hours that are wholly over: their statements would be rejected as `too-late`.
    mutating func forget(before time: Timestamp) {
        for hour in hours.keys where (hour + 1) * Self.hour <= time.milliseconds { hours[hour] = nil }
    }

    private static func hour(of time: Timestamp) -> Int64 { time.milliseconds / hour }
}
