import Ledger
import Statements
import Wire

/// What was known when a statement was handed in: the relay's answer must fit it.
struct HandingIn: Sendable {
    let start: Timestamp
    /// Entries that the relay had shown under its signature before.
    let shown: TreeSize
}

extension RelayClient {
    func handIn(_ signed: SignedStatement) async throws -> HandingIn {
        try await views?.handIn(signed.id)
        let shown = try await loadRemembered()?.head.size ?? 0
        return HandingIn(start: options.now(), shown: shown)
    }

    /// A refusal of a statement, with what stands behind it: a rejection that the relay signed is kept, and held
    /// against what is known here.
    func refused(_ error: TransportError, _ signed: SignedStatement, _ asked: HandingIn) async -> TransportError {
        guard let problem = error.problem else { return error }
        let standing = standing(of: problem, for: signed)
        guard case .signed(let found) = standing else { return TransportError(problem: problem, rejection: standing) }
        let doubt = doubt(found.rejection, of: signed, asked)
        if let rejected = try? RejectedStatement(signed, found) {
            // One that cannot be kept is told all the same.
            try? await views?.keep(rejected, at: options.now(), isUntrue: doubt != nil)
        }
        if let doubt { return TransportError(untrue: found, doubt) }
        return TransportError(problem: problem, rejection: standing)
    }

    private nonisolated func standing(of problem: Problem, for signed: SignedStatement) -> RejectionStanding {
        guard let bytes = problem.rejection else { return .absent }
        guard let found = try? SignedRejection(der: bytes, limit: ByteLimit.rejection),
            found.rejection.charter == charter.id, found.rejection.statement == signed.id,
            found.rejection.code == problem.code, found.isValid(key: charter.charter.relay.actKey)
        else { return .invalid }
        return .signed(found)
    }

    /// Why a signed rejection cannot be true, by what this client knows without the log; nil if nothing speaks against
    /// it.
    private nonisolated func doubt(
        _ rejection: Rejection, of signed: SignedStatement, _ asked: HandingIn
    ) -> String? {
        let statement = signed.statement
        if rejection.treeSize < asked.shown {
            return "it says that it decided on \(rejection.treeSize) entries, and had shown \(asked.shown) before"
        }
        switch RejectionCode(rawValue: rejection.code) {
        case .clock:
            // The two clocks differ, or the relay lies: its own word must bear it out at least.
            return statement.madeAt > rejection.decidedAt + .clockTolerance
                ? nil : "the statement was not made ahead of the time of the decision"
        case .wrongCharter where statement.charter == charter.id: return "the statement is for this charter"
        case .tooLate
        where rejection.decidedAt <= statement.submitBy
            && statement.submitBy - statement.madeAt <= charter.charter.limits.longestSubmitWindow:
            return "the statement was in time at the time of the decision"
        default: break
        }
        let now = options.now()
        if rejection.decidedAt > now + .clockTolerance {
            let minutes = (rejection.decidedAt - now).milliseconds / 60_000
            return "the time of the decision is \(minutes) min ahead of this machine's clock"
        }
        if rejection.decidedAt < asked.start - .clockTolerance {
            let minutes = (asked.start - rejection.decidedAt).milliseconds / 60_000
            return "the time of the decision is \(minutes) min before the statement was handed in"
        }
        return nil
    }
}
