import Ledger

/// How the witnesses stand, in Prometheus' text format 0.0.4. Labels are the names of the charter's witnesses, 16 at
/// most.
struct WitnessMetrics {
    let size: TreeSize
    let shown: ShownCheckpoints.Shown?
    let witnesses: [WitnessPanel.Standing]

    var text: String {
        gauge("valise_log_size", "Entries in the log.", [("", "\(size)")])
            + gauge(
                "valise_checkpoint_cosigned_timestamp_seconds",
                "The newest time among the cosignatures of the checkpoint that parties are shown.",
                shown?.cosignedAt.map { [("", "\($0)")] } ?? [])
            + gauge(
                "valise_witness_up", "Whether the witness cosigned when it was asked last.",
                witnesses.map { ($0.name, $0.trouble == nil && $0.at != nil ? "1" : "0") })
            + gauge(
                "valise_witness_alarm", "Whether the witness knows something else than this log.",
                witnesses.map { ($0.name, $0.alarm == nil ? "0" : "1") })
            + gauge(
                "valise_witness_cosigned_size", "The size of the tree that the witness cosigned last.",
                witnesses.compactMap { witness in witness.size.map { (witness.name, "\($0)") } })
            + gauge(
                "valise_witness_cosigned_timestamp_seconds", "When the witness cosigned last, by its clock.",
                witnesses.compactMap { witness in witness.at.map { (witness.name, "\($0)") } })
    }

    private func gauge(_ name: String, _ help: String, _ values: [(witness: String, value: String)]) -> String {
        guard !values.isEmpty else { return "" }
        let lines = values.map { witness, value in
            witness.isEmpty ? "\(name) \(value)\n" : "\(name){witness=\"\(Self.escaped(witness))\"} \(value)\n"
        }
        return "# HELP \(name) \(help)\n# TYPE \(name) gauge\n" + lines.joined()
    }

    private static func escaped(_ text: String) -> String {
        text.map { $0 == "\\" ? "\\\\" : $0 == "\"" ? "\\\"" : String($0) }.joined()
    }
}

extension WitnessPanel.Standing {
    /// One sentence for the operator.
    var sentence: String {
        if let trouble { return trouble }
        guard let size, let at else { return "not asked yet" }
        return "cosigned \(size) entries at \(at)"
    }
}
