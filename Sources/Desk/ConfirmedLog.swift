import Keyring
import Ledger
import Statements
package import Transport

/// What the charter's witnesses have confirmed, as far as this desk knows: kept across runs in `state/confirmed`.
extension Desk {
    /// The newest confirmed head: what the relay shows now, or what was kept when it shows none or is away.
    /// - Returns: nil when the charter asks for no witnesses, or no quorum was ever seen.
    /// - Throws: ``Transport/TransportError`` for what is wrong with what the relay shows; ``DeskError``.
    package func confirmed() async throws -> ConfirmedHead? {
        guard relay.hasWitnessQuorum else { return nil }
        let kept = try keptConfirmed()
        let shown: ConfirmedHead?
        do {
            shown = try await relay.confirmedHead()
        } catch let error as TransportError where error.code == .relayUnavailable {
            return kept
        }
        guard let shown else { return kept }
        if let kept, (kept.head.size, kept.at) >= (shown.head.size, shown.at) { return kept }
        try home.prepare()
        try Durable.write(path: home.confirmedFile, bytes: shown.note, mode: 0o600, exclusive: false)
        return shown
    }

    /// What was kept; one that cannot be read is as none, since the relay shows another.
    private func keptConfirmed() throws -> ConfirmedHead? {
        guard let note = try DeskFile.readIfThere(home.confirmedFile, limit: CheckpointFile.byteLimit) else {
            return nil
        }
        return (try? ConfirmedHead(note, charter: charter.charter, log: charter.logKey)) ?? nil
    }
}
