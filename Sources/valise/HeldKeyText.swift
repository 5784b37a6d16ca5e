import Desk
import Statements
import Terminal

/// A key file in words.
extension HeldKey {
    /// Whole days, or hours on the first day.
    func age(_ now: Timestamp) -> String {
        let hours = max(0, (now - madeAt).milliseconds / 3_600_000)
        if hours == 0 { return "< 1 h" }
        return hours < 24 ? "\(hours) h" : "\(hours / 24) d"
    }

    func state(_ now: Timestamp) -> String {
        guard kind == .sealing else { return "in use" }
        guard let window else { return "not published" }
        if now < window.sealFrom { return "next" }
        if now < window.sealUntil { return "in use" }
        return now < window.keepUntil ? "opens only" : "to be destroyed"
    }

    func json(_ now: Timestamp) -> JSONValue {
        .object([
            .init("kind", .string(kind.rawValue)), .init("key", .string(name)),
            .init("madeAt", .integer(madeAt.milliseconds)),
            .init("state", .string(state(now).split(separator: " ").joined(separator: "-"))),
            .init("sealFrom", window.map { .integer($0.sealFrom.milliseconds) } ?? .null),
            .init("sealUntil", window.map { .integer($0.sealUntil.milliseconds) } ?? .null),
            .init("keepUntil", window.map { .integer($0.keepUntil.milliseconds) } ?? .null),
        ])
    }
}
