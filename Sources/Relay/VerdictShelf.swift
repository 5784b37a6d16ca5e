import Hummingbird
import Ledger
import Logging
import Rules
import Statements
import Store
import Wire

/// The newest verdict of each delegate of a full auditor. The relay cannot make one, and shows what was found wrong as
/// it shows what was found right.
actor VerdictShelf {
    private var kept: [DelegateID: SignedVerdict]?
    /// Whose verdict is being made durable: another one of the same delegate would be compared with an older one.
    private var taking: Set<DelegateID> = []
    /// Whose note could not be read; each is logged once.
    private var unreadable: Set<DelegateID> = []
    private let logger: Logger

    init(logger: Logger) { self.logger = logger }

    /// Takes a verdict that authenticates itself.
    /// - Returns: the view of it.
    /// - Throws: ``Wire/Problem``, ``Store/StoreError``.
    func take(
        _ signed: SignedVerdict, _ log: PublishedLog.Snapshot, store: any Store, now: Timestamp
    ) async throws -> Response {
        try Self.authenticate(signed, log.standing.charter)
        let verdict = signed.verdict
        guard verdict.at <= now + .clockTolerance else {
            throw Problem(.rejected(.clock), detail: "The verdict says that it was made after now.")
        }
        // Every delegate is shown these, so anybody may hand one in again: it costs no more than its signature.
        if try await isKept(signed, log.standing.charter, store) { return try Self.answer([signed], log) }
        try await Self.expect(verdict.head, in: log, LogReader(store))
        guard taking.insert(verdict.auditor).inserted else {
            throw Problem(.busy, "Another verdict of \(verdict.auditor) is being taken.")
        }
        defer { taking.remove(verdict.auditor) }
        if try await !isKept(signed, log.standing.charter, store) {
            try await store.keep(try signed.derBytes(), in: .verdict(verdict.auditor))
            kept?[verdict.auditor] = signed
        }
        return try Self.answer([signed], log)
    }

    /// - Throws: ``Wire/Problem`` `verdict-older` if another one is kept that is not older.
    private func isKept(_ signed: SignedVerdict, _ charter: CharterInForce, _ store: any Store) async throws -> Bool {
        let verdict = signed.verdict
        guard let before = try await all(charter, store)[verdict.auditor] else { return false }
        guard before != signed else { return true }
        guard before.verdict.at < verdict.at, before.verdict.head.size <= verdict.head.size else {
            throw Problem(
                .verdictOlder, "A newer verdict of \(verdict.auditor) is kept: of \(before.verdict.head.size) entries.")
        }
        return false
    }

    /// What is kept, for any delegate.
    func show(_ log: PublishedLog.Snapshot, store: any Store) async throws -> Response {
        let all = try await all(log.standing.charter, store)
        return try Self.answer(all.values.sorted { $0.verdict.auditor < $1.verdict.auditor }, log)
    }

    private static func answer(_ verdicts: [SignedVerdict], _ log: PublishedLog.Snapshot) throws -> Response {
        Answer.json(try VerdictsView(checkpoint: log.checkpoint, verdicts: verdicts).encoded())
    }

    /// To a stranger the relay is opaque: who is no delegate and who has not signed get one answer.
    private static func authenticate(_ signed: SignedVerdict, _ charter: CharterInForce) throws(Problem) {
        let verdict = signed.verdict
        guard verdict.charter == charter.id else {
            throw Problem(
                .rejected(.wrongCharter),
                detail: "It is for charter \(verdict.charter.short), this relay's is \(charter.id.short).")
        }
        guard let party = charter.party(verdict.auditor.party), let key = charter.key(verdict.auditor),
            signed.isValid(key: key)
        else { throw Problem(.notAuthenticated, "The verdict is not signed by a delegate in office of this charter.") }
        guard party.capabilities.auditor else {
            throw Problem(.notAnAuditor, "\(party.id) is not an auditor of the whole log.")
        }
        guard verdict.rulesVersion == charter.charter.rulesVersion else {
            throw Problem(
                .unknownVersion,
                "It is by rules version \(verdict.rulesVersion); the charter's is "
                    + "\(charter.charter.rulesVersion).")
        }
    }

    /// A verdict is kept only of this log; one that is of another is the auditor's evidence, and says so.
    private static func expect(_ head: LogHead, in log: PublishedLog.Snapshot, _ reader: LogReader) async throws {
        let root = try await reader.roots([head.size], in: log)[head.size]
        guard root == head.root else {
            throw Problem(
                .verdictOtherLog,
                "This log has another root, or none, for \(head.size) entries: it has "
                    + "\(log.head.size).")
        }
    }

    /// Read once. A note that cannot be read is left out, so that the delegate's next verdict takes its place.
    private func all(_ charter: CharterInForce, _ store: any Store) async throws -> [DelegateID: SignedVerdict] {
        if let kept { return kept }
        var found: [DelegateID: SignedVerdict] = [:]
        for party in charter.charter.parties where party.capabilities.auditor {
            for delegate in party.delegates {
                let id = DelegateID(party: party.id, name: delegate.name)
                if let signed = try await read(id, store) { found[id] = signed }
            }
        }
        if kept == nil { kept = found }
        return kept ?? found
    }

    private func read(_ id: DelegateID, _ store: any Store) async throws -> SignedVerdict? {
        do {
            guard let note = try await store.note(.verdict(id)) else { return nil }
            guard let signed = try? SignedVerdict(der: note, limit: ByteLimit.verdict) else {
                throw StoreError(.damaged, "the kept note of \(id) is no verdict")
            }
            return signed
        } catch let error as StoreError where error.code == .damaged {
            leaveOut(id, error)
            return nil
        }
    }

    private func leaveOut(_ id: DelegateID, _ error: StoreError) {
        guard unreadable.insert(id).inserted else { return }
        logger.error("a kept verdict cannot be read", metadata: ["error": LoggedError.words(error, for: logger)])
    }
}
