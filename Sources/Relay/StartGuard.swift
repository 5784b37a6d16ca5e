import Ledger
package import Logging
import Rules
import Statements
import Store
import Transport

/// Keeps a relay from serving a log that is older than, or another one than, what it has signed before: each statement
/// that it would sign then contradicts a receipt that some party holds.
package enum StartGuard {
    /// Where to read on.
    private static let page = "Docs/Operations/backup.md#an-older-copy"
    private static let wayOut =
        "find the newer data directory, or start a standby that has it; where neither exists, the parties found a new "
        + "charter (\(page)). Nothing was signed"

    /// Compares the log with the newest head that was kept, and keeps its own.
    /// - Parameter witnesses: asks whoever else may know a newer one, before the own one is kept.
    /// - Throws: ``RelayError`` `older-copy` or `other-history`, and what ``HeadFile`` and `witnesses` throw.
    package static func check(
        _ log: PublishedLog, reader: LogReader, against file: HeadFile, witnesses: () async throws -> Void = {}
    ) async throws {
        let snapshot = log.snapshot
        if let known = try file.read(log: snapshot.logKey()) {
            try await check(snapshot, reader: reader, has: known, by: file.path)
        }
        try await witnesses()
        try await file.write(snapshot.checkpoint)
    }

    private static func check(
        _ snapshot: PublishedLog.Snapshot, reader: LogReader, has known: LogHead, by witness: String
    ) async throws {
        guard known.size <= snapshot.head.size else {
            throw older(snapshot.head.size, known.size, witness)
        }
        let roots = try await reader.roots([known.size], in: snapshot)
        guard roots[known.size] == known.root else { throw other(known.size, witness) }
    }

    /// Asks the charter's witnesses what they have cosigned; one that is away or refuses holds nothing up.
    /// - Parameters:
    ///   - roots: PEM of the TLS roots that their certificates are under; nil for the system's.
    ///   - disregarded: witnesses whose word the operator has looked into and does not take.
    /// - Throws: ``RelayError`` `older-copy` or `other-history`; what TLS says of the roots.
    package static func askWitnesses(
        about log: PublishedLog, reader: LogReader, roots: [UInt8]?, disregarding disregarded: Set<String>,
        logger: Logger
    ) async throws {
        let snapshot = log.snapshot
        guard !snapshot.standing.charter.charter.witnesses.isEmpty else { return }
        let client = try WitnessClient(roots: roots)
        let panel = WitnessPanel(snapshot.standing.charter.charter, log: try snapshot.logKey(), logger: logger) {
            await client.post($0, to: $1)
        }
        let answer: Result<Void, any Error>
        do {
            answer = .success(try await ask(panel, about: log, reader: reader, disregarding: disregarded))
        } catch { answer = .failure(error) }
        try await client.shutdown()
        try answer.get()
    }

    /// The same of witnesses that sit already.
    package static func ask(
        _ panel: WitnessPanel, about log: PublishedLog, reader: LogReader, disregarding disregarded: Set<String> = []
    ) async throws {
        guard !panel.isEmpty else { return }
        let snapshot = log.snapshot
        _ = await panel.cosign(try SignedNote(parsing: snapshot.checkpoint)) { old in
            try await reader.consistency(from: old, to: snapshot.head.size, in: snapshot)
        }
        for witness in panel.standings where !disregarded.contains(witness.name) {
            switch witness.alarm {
            case .largerTree(let size):
                throw older(snapshot.head.size, size, "witness \(witness.name)", isWitness: true)
            case .otherRoot(let size), .otherBeginning(let size):
                throw other(size, "witness \(witness.name)", isWitness: true)
            case .unexplained, nil: break
            }
        }
    }

    private static func older(
        _ size: TreeSize, _ known: TreeSize, _ source: String, isWitness: Bool = false
    ) -> RelayError {
        RelayError(
            "older-copy",
            "This data directory has \(size) entries, and \(source) knows that this relay has signed \(known).",
            hint: isWitness ? "\(wayOut); \(witnessHint)" : wayOut)
    }

    private static func other(_ size: TreeSize, _ source: String, isWitness: Bool = false) -> RelayError {
        RelayError(
            "other-history",
            "The first \(size) entries of this data directory are not those that this relay has signed, as \(source) "
                + "knows them.",
            hint: isWitness ? "\(wayOut); \(witnessHint)" : wayOut)
    }

    private static let witnessHint =
        "a witness that is wrong by what the parties' newest checkpoints say is named with --disregard-witness"
}

extension PublishedLog.Snapshot {
    /// The key that signs this log, as the charter names it.
    func logKey() throws -> VerifierKey {
        guard let key = try? standing.charter.charter.relay.verifierKey else {
            throw RelayError(
                "charter-origin", "The charter's origin cannot name a log key.",
                hint: "compile the charter again with another origin")
        }
        return key
    }
}
