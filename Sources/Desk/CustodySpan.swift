package import Rules
package import Statements

/// One stretch of a leg's life: in which stage it was, with whom, and how long.
package struct CustodySpan: Hashable, Sendable {
    package let party: PartyID
    /// `held`, `available` or `retrieved`.
    package let stage: LegStage
    package let since: Timestamp
    /// When it went on or came to its end; nil while it lasts.
    package let until: Timestamp?

    /// How long it lasted, up to `now` while it lasts; never below zero.
    package func length(at now: Timestamp) -> TimeSpan {
        TimeSpan(milliseconds: max(0, ((until ?? now) - since).milliseconds))
    }
}

extension TrackedMessage {
    /// The stretches of a leg in their order: every holder with the time that it had the leg. A leg that ran out of
    /// time ended at its expiry, whenever the relay gave notice of it.
    package func custody(of leg: LegNumber, at now: Timestamp, charter: PinnedCharter) -> [CustodySpan] {
        guard leg.value < state.legs.count else { return [] }
        var replayed = MessageState(
            id: state.id, originator: state.originator, submission: state.submission, at: state.submittedAt,
            index: state.firstIndex)
        var spans: [CustodySpan] = []
        var begun = state.submittedAt
        for step in steps.dropFirst() {
            let before = replayed.legs[leg.value]
            replayed.advance(step.act, by: step.party, index: step.index)
            let after = replayed.legs[leg.value]
            guard after.stage != before.stage else { continue }
            Self.close(before, from: begun, to: min(step.at, end(of: before.stage, charter)), into: &spans)
            begun = step.at
        }
        let last = replayed.legs[leg.value]
        let ending = end(of: last.stage, charter)
        Self.close(last, from: begun, to: ending <= now ? ending : nil, into: &spans)
        return spans
    }

    /// When a stage ends by time alone.
    private func end(of stage: LegStage, _ charter: PinnedCharter) -> Timestamp {
        stage == .retrieved ? state.submission.expiry + charter.inForce.limits.confirmGrace : state.submission.expiry
    }

    private static func close(_ leg: LegState, from: Timestamp, to: Timestamp?, into spans: inout [CustodySpan]) {
        guard let holder = leg.holder else { return }
        spans.append(CustodySpan(party: holder, stage: leg.stage, since: from, until: to))
    }
}
