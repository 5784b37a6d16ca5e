package import Statements
package import Wire

/// One thing that must be right for a relay to do its work: how it stands, and what to do about it.
package struct ReadinessCheck: Sendable, Hashable {
    package enum State: String, Sendable, Comparable {
        case ok, warn, fail

        package static func < (left: State, right: State) -> Bool { left.weight < right.weight }

        /// 0, 1 and 2: as a number in metrics.
        var weight: UInt64 {
            switch self {
            case .ok: 0
            case .warn: 1
            case .fail: 2
            }
        }
    }

    /// Stable, lowercase: `store`, `disk`, `witness NAME`.
    package let name: String
    package let state: State
    package let sentence: String
    /// What to do; nil where nothing is to be done.
    package let next: String?

    package init(_ name: String, _ state: State, _ sentence: String, next: String? = nil) {
        self.name = name
        self.state = state
        self.sentence = sentence
        self.next = next
    }
}

/// What `/readyz` says: whether the relay can do its work now, and each check.
package struct Readiness: Sendable, Hashable {
    package static let schema = "valise/relay-ready/v1"
    package let entries: UInt64
    package let checks: [ReadinessCheck]

    package init(entries: UInt64, checks: [ReadinessCheck]) {
        self.entries = entries
        self.checks = checks
    }

    package var state: ReadinessCheck.State { checks.map(\.state).max() ?? .ok }
    /// Warnings leave a relay ready.
    package var isReady: Bool { state != .fail }

    /// A line for each check, and under it what to do.
    package var text: String {
        var text = "\(isReady ? "ready" : "not ready"), \(entries) entries\n"
        for check in checks {
            let state = check.state.rawValue
            text += state + String(repeating: " ", count: 6 - state.count) + "\(check.name): \(check.sentence)\n"
            if let next = check.next { text += "      next: \(next)\n" }
        }
        return text
    }

    package var json: JSON {
        .object([
            .init("schema", .string(Self.schema)), .init("ready", .bool(isReady)),
            .init("state", .string(state.rawValue)), .init("entries", .count(entries)),
            .init(
                "checks",
                .array(
                    checks.map { check in
                        .object([
                            .init("name", .string(check.name)), .init("state", .string(check.state.rawValue)),
                            .init("sentence", .string(check.sentence)),
                            .init("next", check.next.map { .string($0) } ?? .null),
                        ])
                    })),
        ])
    }

    /// Reads what ``json`` wrote.
    /// - Throws: ``Statements/FormError`` for anything else.
    package init(parsing bytes: [UInt8]) throws(FormError) {
        let fields = try JSONFields(parsing: bytes, limit: Self.byteLimit, schema: Self.schema)
        var checks: [ReadinessCheck] = []
        for item in try fields.items("checks", limit: Self.mostChecks) {
            checks.append(try ReadinessCheck(JSONFields(item, form: "\(Self.schema).checks")))
        }
        self.init(entries: try fields.count("entries"), checks: checks)
    }

    /// The relay's own checks, and one for each witness.
    package static let mostChecks = 16 + Bounds.witnesses
    private static let byteLimit = 256 * 1024
}

extension ReadinessCheck {
    fileprivate init(_ fields: JSONFields) throws(FormError) {
        guard let state = State(rawValue: try fields.string("state", limit: 16)) else {
            throw fields.error("state", "ok, warn or fail")
        }
        let next = fields.value("next") ?? .null
        self.init(
            try fields.string("name", limit: Bounds.text), state, try fields.string("sentence", limit: Self.longest),
            next: next == .null ? nil : try fields.string("next", limit: Self.longest))
    }

    /// The longest sentence, in bytes of UTF-8.
    private static let longest = 4_096
}
