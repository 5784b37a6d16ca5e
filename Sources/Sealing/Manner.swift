/// How an intermediary's own words relate to the message that they come from.
package enum Manner: Int, Sendable, CaseIterable, CustomStringConvertible {
    case translated, summarised, excerpt, oral

    package var description: String {
        switch self {
        case .translated: "translated"
        case .summarised: "summarised"
        case .excerpt: "excerpt"
        case .oral: "oral"
        }
    }

    package init?(_ text: String) {
        guard let match = Self.allCases.first(where: { $0.description == text }) else { return nil }
        self = match
    }
}
