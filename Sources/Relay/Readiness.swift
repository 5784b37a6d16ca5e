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

    /// Reads what ``json`` wrote; nil for anything else.
    package init?(parsing bytes: [UInt8]) {
        guard let value = try? JSON(parsing: bytes, limit: 1 << 20, form: Self.schema),
            value.member("schema") == .string(Self.schema), case .integer(let count) = value.member("entries"),
            let entries = UInt64(exactly: count), case .array(let items) = value.member("checks")
        else { return nil }
        var checks: [ReadinessCheck] = []
        for item in items {
            guard case .string(let name) = item.member("name"), case .string(let word) = item.member("state"),
                let state = ReadinessCheck.State(rawValue: word), case .string(let sentence) = item.member("sentence")
            else { return nil }
            var next: String?
            if case .string(let text) = item.member("next") { next = text }
            checks.append(ReadinessCheck(name, state, sentence, next: next))
        }
        self.init(entries: entries, checks: checks)
    }
}

extension JSON {
    fileprivate func member(_ name: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }
}
