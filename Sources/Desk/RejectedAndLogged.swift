package import Ledger
import Statements
import Transport
import Wire

extension StatusReport.Concern {
    static func rejected(_ kept: KeptRejection, inLog entry: LogIndex) -> Self {
        .init(
            weight: .alarm, code: "rejected-and-logged",
            sentence: "The relay rejected statement \(kept.statement.id.short) as \(kept.rejection.code), and has "
                + "logged it all the same, as entry \(entry).",
            advice: "ask who else handed it in; if nobody did, valise rejections save, and show the file to an auditor")
    }
}

extension Desk {
    /// The rejections whose statement the log has all the same, though this desk has not handed it in again.
    ///
    /// Somebody else may have handed it in; else the relay kept it. Of many statements a few are looked at, and the
    /// next call goes on behind them.
    /// - Throws: ``Transport/TransportError``; as ``rejections()``.
    package func rejectedAndLogged() async throws -> [(kept: KeptRejection, entry: LogIndex)] {
        let store = KeptRejections(home, keys)
        var open: [StatementID: KeptRejection] = [:]
        for kept in try await store.all() where !kept.isHandedInAgain && open[kept.statement.id] == nil {
            // Nothing is accepted after its submitBy, and what was is in the log a moment later.
            if now() < kept.statement.statement.submitBy + Self.lookBack { open[kept.statement.id] = kept }
        }
        var found: [(kept: KeptRejection, entry: LogIndex)] = []
        for statement in store.turn(of: open.keys, most: Self.mostLookedAt) {
            guard let kept = open[statement] else { continue }
            // One that cannot be asked about does not hold up the others of the next turn.
            if open.count > Self.mostLookedAt { store.endTurn(at: statement) }
            if let entry = try await entry(of: kept.statement) { found.append((kept, entry)) }
        }
        return found
    }

    /// For how long after its `submitBy` a rejected statement is looked for in the log.
    private static let lookBack = TimeSpan.days(30)
    /// Each costs a request.
    private static let mostLookedAt = 16

    /// Where a statement stands in the log as the relay shows it.
    private func entry(of signed: SignedStatement) async throws -> LogIndex? {
        do {
            let chain: [VerifiedEntry]
            switch signed.statement.act {
            case .keyPublication: chain = try await relay.keys(party).publications.map(\.entry)
            case .submission: chain = try await relay.message(MessageID(signed.id)).chain
            default:
                guard let message = signed.statement.act.message else { return nil }
                chain = try await relay.message(message).chain
            }
            return chain.first { $0.entry.signed?.id == signed.id }?.index
        } catch let error as TransportError where error.problem?.status == 404 {
            return nil
        }
    }
}
