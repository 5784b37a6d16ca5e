import Daemon
import Ledger
import Statements

/// How the witnesses stand, as metrics. Labels are the names of the charter's witnesses, 16 at most.
struct WitnessMetrics {
    let shown: ShownCheckpoints.Shown?
    let witnesses: [WitnessPanel.Standing]

    var families: [MetricFamily] {
        [
            MetricFamily(
                gauge: "valise_checkpoint_cosigned_timestamp_seconds",
                "The newest time among the cosignatures of the checkpoint that parties are shown.",
                shown?.cosignedAt.map { .whole($0.seconds) }),
            MetricFamily(
                gauge: "valise_witness_up", "Whether the witness cosigned when it was asked last.", by: "witness",
                witnesses.map { ($0.name, .whole($0.trouble == nil && $0.at != nil ? 1 : 0)) }),
            MetricFamily(
                gauge: "valise_witness_alarm", "Whether the witness knows something else than this log.",
                by: "witness", witnesses.map { ($0.name, .whole($0.alarm == nil ? 0 : 1)) }),
            MetricFamily(
                gauge: "valise_witness_cosigned_size", "The size of the tree that the witness cosigned last.",
                by: "witness", witnesses.compactMap { one in one.size.map { (one.name, .whole($0.rawValue)) } }),
            MetricFamily(
                gauge: "valise_witness_cosigned_timestamp_seconds", "When the witness cosigned last, by its clock.",
                by: "witness", witnesses.compactMap { one in one.at.map { (one.name, .whole($0.seconds)) } }),
        ]
    }
}

extension WitnessPanel.Standing {
    /// One sentence for the operator.
    func sentence(at now: Timestamp) -> String {
        if let trouble { return trouble }
        guard let size, let at else { return "not asked yet" }
        // Its clock may be a little ahead of ours.
        return "cosigned \(size) entries \(max(0, now.milliseconds / 1_000 - Int64(at.seconds))) s ago"
    }
}
