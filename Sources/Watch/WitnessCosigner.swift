package import Ledger
package import Logging
import Synchronization

/// A witness: it cosigns what extends what it has seen, one request after the other.
///
/// Deciding and keeping are one step under one lock; the cosignature leaves after the record is on the disk. Everything
/// here blocks: call it on threads that may wait.
package final class Cosigner: Sendable {
    private struct State {
        /// By the SHA-256 of their origins.
        var records: [Hash: WitnessRecord]
        /// The newest time that was cosigned, of any log.
        var newest: CosignatureTime?
        /// Logs whose record on the disk may be the old or the new one: it is read again before the next decision.
        var unsure: Set<Hash> = []
        /// Whether the operator was told that the clock went back, until it has caught up.
        var toldOfClock = false
    }

    /// What the witness signs with.
    package let verifier: VerifierKey
    private let signer: NoteSigner
    private let logs: [NoteName: [VerifierKey]]
    private let store: any WitnessStore
    private let now: @Sendable () -> UInt64
    private let logger: Logger
    private let state: Mutex<State>

    /// Reads the records; a damaged one keeps the witness from starting.
    ///
    /// - Parameters:
    ///   - logs: the keys of the logs that it may cosign; a log is known by its key's name.
    ///   - now: seconds since 1970 UTC.
    /// - Throws: ``WitnessError``, or what the store throws.
    package init(
        signer: NoteSigner, logs: [VerifierKey], store: any WitnessStore, now: @escaping @Sendable () -> UInt64,
        logger: Logger
    ) throws {
        var known: [NoteName: [VerifierKey]] = [:]
        for key in logs where known[key.name]?.contains(key) != true {
            guard key.kind == .ed25519, key.publicKey != signer.key.publicKey else {
                throw WitnessError(
                    .logUnusable,
                    "The key of the log \(key.name) was expected to be a log's (type 1), not a cosigner's.",
                    hint: "give the verifier key that valise-relay init printed")
            }
            known[key.name, default: []].append(key)
        }
        var records: [Hash: WitnessRecord] = [:]
        for record in try store.records() { records[Hash.sha256(record.checkpoint.origin.bytes)] = record }
        state = Mutex(State(records: records, newest: records.values.map(\.time).max()))
        verifier = signer.key
        self.signer = signer
        self.logs = known
        self.store = store
        self.now = now
        self.logger = logger
    }

    /// Answers the body of a request: the record whose cosignature may leave, or why there is none.
    package func answer(_ body: [UInt8]) -> Result<WitnessRecord, WitnessRefusal> {
        do {
            let request = try AddCheckpointRequest(parsing: body)
            return state.withLock { decide(request, &$0) }
        } catch { return .failure(error) }
    }

    /// The checkpoint that was cosigned last of the log with this SHA-256 of its origin.
    package func latest(_ origin: Hash) -> SignedNote? { state.withLock { $0.records[origin]?.note } }

    /// How many logs were cosigned so far.
    package var recordCount: Int { state.withLock { $0.records.count } }

    /// Why nothing could be cosigned now; nil when all is well.
    package var trouble: String? {
        let seconds = now()
        return state.withLock { state in
            if let newest = state.newest, seconds < newest.seconds {
                return "clock: \(newest.seconds - seconds) s behind the newest cosignature"
            }
            return state.unsure.isEmpty ? nil : "state: the last record could not be written"
        }
    }

    private func decide(_ request: AddCheckpointRequest, _ state: inout State) -> Result<WitnessRecord, WitnessRefusal>
    {
        let origin = Hash.sha256(request.checkpoint.origin.bytes)
        guard refresh(origin, &state) else { return .failure(.notDurable) }
        let seconds = now()
        guard let time = CosignatureTime(seconds: seconds) else {
            return .failure(.clockBehind(seconds: state.newest.map { $0.seconds - min(seconds, $0.seconds) } ?? 1))
        }
        let decision = WitnessDecision.decide(
            request, trusted: logs[request.checkpoint.origin] ?? [], record: state.records[origin],
            newest: state.newest, now: time)
        switch decision {
        case .again(let record): return .success(record)
        case .refuse(let refusal):
            tell(refusal, of: request, record: state.records[origin], &state)
            return .failure(refusal)
        case .cosign(let pending): return cosign(pending, origin, &state)
        }
    }

    private func cosign(
        _ pending: PendingCosignature, _ origin: Hash, _ state: inout State
    ) -> Result<WitnessRecord, WitnessRefusal> {
        do {
            let record = try pending.cosigned(by: signer)
            try store.keep(record)
            state.records[origin] = record
            state.newest = max(state.newest ?? record.time, record.time)
            state.toldOfClock = false
            logger.debug(
                "cosigned",
                metadata: ["log": "\(record.checkpoint.origin)", "size": "\(record.checkpoint.size)"])
            return .success(record)
        } catch {
            // The new record may be on the disk. No cosignature has left, so either may count; which, the disk says.
            state.unsure.insert(origin)
            logger.error(
                "a checkpoint was not cosigned: its record could not be made or kept",
                metadata: ["log": "\(pending.checkpoint.origin)", "error": "\(error)"])
            return .failure(.notDurable)
        }
    }

    /// Reads the record of a log again if the last writing left it open which it is.
    private func refresh(_ origin: Hash, _ state: inout State) -> Bool {
        guard state.unsure.contains(origin) else { return true }
        do {
            let record = try store.record(origin)
            state.records[origin] = record
            state.newest = [state.newest, record?.time].compactMap { $0 }.max()
            state.unsure.remove(origin)
            return true
        } catch {
            logger.error("a record cannot be read", metadata: ["error": "\(error)"])
            return false
        }
    }

    /// What the operator must know: forks, and a clock that went back.
    private func tell(
        _ refusal: WitnessRefusal, of request: AddCheckpointRequest, record: WitnessRecord?, _ state: inout State
    ) {
        switch refusal {
        case .clockBehind(let seconds) where !state.toldOfClock:
            state.toldOfClock = true
            logger.critical(
                "the clock went back: nothing is cosigned until it has caught up", metadata: ["seconds": "\(seconds)"])
        case .otherSize, .otherRoot:
            // The log's signature was verified before the sizes were compared.
            guard let record, record.contradicts(request.checkpoint) else { return }
            let isNew = (try? store.keepEvidence(request.note, of: request.checkpoint)) ?? false
            guard isNew else { return }
            logger.critical(
                "a log has forked: it signed two roots of one size, both are kept",
                metadata: [
                    "log": "\(record.checkpoint.origin)", "size": "\(record.checkpoint.size)",
                    "cosigned": "\(record.checkpoint.root)", "other": "\(request.checkpoint.root)",
                ])
        default: return
        }
    }
}
