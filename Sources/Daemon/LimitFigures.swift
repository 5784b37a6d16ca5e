/// The limits that turn something away, by the names that metrics and `Docs/Operations/limits.md` give them.
package enum ServiceLimit: String, Sendable, CaseIterable {
    // Before anybody is known: by connection and address.
    case connections
    case addressConnections = "address-connections"
    case addressHandshakes = "address-handshakes"
    case addressBytes = "address-bytes"
    case addressRequests = "address-requests"
    case addressFailures = "address-failures"
    // Of a party or a delegate.
    case partyConnections = "party-connections"
    case partyPolls = "party-polls"
    case partyRequests = "party-requests"
    case partyStatements = "party-statements"
    case delegateStatements = "delegate-statements"
    case partyContent = "party-content"
    // Of all parties together.
    case allStatements = "all-statements"
    case allMessages = "all-messages"
    case allContent = "all-content"
    // Of what waits.
    case queue
    case patience
}

/// How often each limit turned something away. All of them are there from the start, so that a scrape shows what there
/// is.
package final class LimitFigures: Sendable {
    private let counts = Dictionary(uniqueKeysWithValues: ServiceLimit.allCases.map { ($0, Counter()) })
    /// Addresses that are remembered.
    package let addresses = Level()
    package init() {}

    package func add(_ limit: ServiceLimit) { counts[limit]?.add() }
    package func value(_ limit: ServiceLimit) -> UInt64 { counts[limit]?.value ?? 0 }

    package var families: [MetricFamily] {
        let samples = ServiceLimit.allCases.map {
            MetricFamily.Sample(
                suffix: "", labels: [MetricFamily.Label("limit", $0.rawValue)], value: .whole(value($0)))
        }
        return [
            MetricFamily("valise_limited_total", .counter, "What was turned away, by limit.", samples),
            MetricFamily(
                gauge: "valise_addresses", "Addresses that are connected or were a moment ago.",
                .whole(addresses.value)),
        ]
    }
}
