package import Rules
package import Statements
package import Transport

/// Taking back what its recipient has not retrieved.
extension Desk {
    /// What became of a recall.
    package struct Recalled: Sendable {
        package let message: MessageID
        package let legs: [LegNumber]
        package let accepted: AcceptedStatement
        /// The legs that were left as they are, with the stage that each is in.
        package let left: [(leg: LegNumber, stage: LegStage)]
    }

    /// Recalls one leg of a message of this party, or every leg that can still be recalled.
    ///
    /// Recalled is recalled: what was retrieved before stays with its recipient, and the custody chain shows which came
    /// first.
    /// - Throws: ``DeskError`` `not-originator`, `no-such-leg`, `not-recallable`; ``Transport/TransportError``.
    package func recall(_ id: MessageID, leg: LegNumber? = nil) async throws -> Recalled {
        let tracked = try await message(id)
        guard tracked.state.originator == party else {
            throw DeskError(
                "not-originator", "Message \(id.short) is of \(tracked.state.originator), who alone can recall it.",
                hint: "valise refuse \(id.short) ends a leg that \(party) holds", kind: .refused)
        }
        let all = tracked.state.legs.indices.compactMap { LegNumber($0) }
        if let leg, !all.contains(leg) {
            throw DeskError(
                "no-such-leg", "Message \(id.short) has no leg \(leg): its legs are 0 to \(all.count - 1).",
                hint: "valise track \(id.short) shows them", kind: .notFound)
        }
        var open: [LegNumber] = []
        var left: [(leg: LegNumber, stage: LegStage)] = []
        for number in leg.map({ [$0] }) ?? all {
            let stage = tracked.stage(number, at: now(), charter: charter)
            switch stage {
            case .held, .available: open.append(number)
            default: left.append((number, stage))
            }
        }
        guard !open.isEmpty else {
            let words = Set(left.map(\.stage.word)).sorted().joined(separator: ", ")
            throw DeskError(
                "not-recallable", "Nothing of message \(id.short) can be recalled any more: it is \(words).",
                hint: "valise track \(id.short) shows how it went", kind: .refused)
        }
        return Recalled(message: id, legs: open, accepted: try await say(.recall(id, legs: open)), left: left)
    }
}
