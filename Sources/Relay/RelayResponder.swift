import Daemon
import Envelope
import HTTPTypes
import Hummingbird
import Ledger
import Logging
import NIOCore
import Rules
import Statements
import Store
import Wire

/// Answers the routes of `Docs/Specification.md#api`. Errors become problem documents here and nowhere else.
struct RelayResponder: HTTPResponder {
    typealias Context = BasicRequestContext
    let sequencer: Sequencer
    let log: PublishedLog
    let shown: ShownCheckpoints
    let store: any Store
    let reader: LogReader
    let clock: RelayClock
    let bell: InboxBell
    let disk: DiskWatch
    let turnstile: Turnstile
    let turns = UploadTurns()
    let door = DraftDoor()
    let verdicts: VerdictShelf

    func respond(to request: Request, context: Context) async throws -> Response {
        let response = try await outcome(of: request, context)
        // A body would be read as the next answer on the connection.
        return request.method == .head ? response.createHeadResponse() : response
    }

    private func outcome(of request: Request, _ context: Context) async throws -> Response {
        do {
            let route = try admit(request)
            if let query = Self.waiting(route) { return try await poll(query, request) }
            return try await answer(route, request)
        } catch {
            return Answer.problem(try problem(of: error, context))
        }
    }

    /// Refuses what costs nothing to refuse.
    private func admit(_ request: Request) throws -> Route {
        let route = try Route(method: request.method, target: request.uri.string)
        RequestTrace.current?.note(route)
        try turnstile.admitArrival()
        try log.admit(route)
        try disk.admit(route)
        return route
    }

    /// - Throws: `CancellationError`: nobody is left to answer.
    private func problem(of error: any Error, _ context: Context) throws -> Problem {
        switch error {
        case let problem as Problem: return problem
        case let error as FormError: return Problem(error)
        case let error as EnvelopeError: return Answer.problem(of: error)
        case let error as StoreError:
            context.logger.error(
                "the store failed", metadata: ["error": LoggedError.words(error, for: context.logger)])
            return Problem(.storageFailed, "The relay could not read or write its store.")
        case is CancellationError: throw CancellationError()
        default:
            // An aborted upload ends here too; there is nobody left to answer.
            context.logger.info("a request failed", metadata: ["error": "\(error)"])
            return Problem(.internal, "The relay could not answer this request.")
        }
    }

    private func answer(_ route: Route, _ request: Request) async throws -> Response {
        let charter = log.snapshot.standing.charter
        switch route {
        case .submitEnvelope: return try await submitEnvelope(request, charter: charter)
        case .submitStatement: return try await submitStatement(request, charter: charter)
        case .charter: return Answer.json(try CharterView(charter: charter.signed).encoded())
        case .beginUpload: return try await uploads(charter).begin(request.body)
        case .postVerdict: return try await takeVerdict(request)
        case .signDraft(let id):
            let limit = ByteLimit.openSignature
            let (who, body) = try await writer(request, route, charter, limit: limit)
            return try await shelf(charter).sign(id, body, by: who)
        case .rejectDraft(let id):
            let (who, body) = try await writer(request, route, charter, limit: ByteLimit.draftNote)
            return try await shelf(charter).reject(id, note: body, by: who)
        default: break
        }
        if let answer = try await published(route, request, charter) { return answer }
        let who = try Authentication.reader(request, route: route, charter: charter, now: clock.now)
        try turnstile.admitRequest(who)
        if route.appetite == .content { try turnstile.admitContent(Self.length(of: request) ?? 0, of: who.party) }
        if let answer = try await workInProgress(route, request, by: who) { return answer }
        return try await read(route, request, as: who.party)
    }

    /// What strangers may see of the log, as the charter has it; nil for everything else.
    private func published(_ route: Route, _ request: Request, _ charter: CharterInForce) async throws -> Response? {
        let views = LogViews(log: log, shown: shown, store: store)
        switch (route, charter.charter.relay.publication) {
        case (_, .private): return nil
        case (.checkpoint, .always), (.tile, .always): return try await views.answer(route)
        case (.checkpoint, .onCadence), (.tile, .onCadence):
            // A delegate's request is signed, and is answered with the log as it is now.
            if MessageSignature.isPresent(in: request.headers) { return nil }
            return try await views.answerStrangers(route)
        default: return nil
        }
    }

    /// Uploads and drafts, by requests whose signature covers no digest of the body: there is none, or it is streamed,
    /// and signatures in the file cover it.
    /// - Returns: nil for everything else.
    private func workInProgress(_ route: Route, _ request: Request, by who: DelegateID) async throws -> Response? {
        let charter = log.snapshot.standing.charter
        switch route {
        case .putDraft:
            let isPaid = Self.length(of: request) != nil
            return try await shelf(charter).put(request.body, by: who) { size throws(Problem) in
                if !isPaid { try turnstile.admitContent(size, of: who.party) }
            }
        case .withdrawDraft(let id): return try await shelf(charter).withdraw(id, by: who)
        case .beginDraftUpload: return try await draftUploads(charter, who).begin(request.body)
        case .continueUpload(let id):
            return try await uploads(charter).go(on: .envelope(id), for: who.party, request)
        case .continueDraftUpload(let id):
            return try await draftUploads(charter, who).go(on: .draft(id), for: who.party, request)
        case .upload(let id): return try await uploads(charter).look(.envelope(id), for: who.party)
        case .draftUpload(let id): return try await draftUploads(charter, who).look(.draft(id), for: who.party)
        default: return nil
        }
    }

    /// What is announced of a body; nil for one that comes in chunks.
    private static func length(of request: Request) -> UInt64? {
        request.headers[.contentLength].flatMap { UInt64($0) }
    }

    private func writer(
        _ request: Request, _ route: Route, _ charter: CharterInForce, limit: Int
    ) async throws -> (who: DelegateID, body: [UInt8]) {
        let found = try await Authentication.writer(
            request, route: route, charter: charter, now: clock.now, limit: limit)
        try turnstile.admitRequest(found.who)
        return found
    }

    private func uploads(_ charter: CharterInForce) -> Uploads<EnvelopeUpload> {
        uploads(
            EnvelopeUpload(
                sequencer: sequencer, turnstile: turnstile, charter: charter, largest: largest(charter)), charter)
    }

    private func draftUploads(_ charter: CharterInForce, _ who: DelegateID) -> Uploads<DraftUpload> {
        uploads(DraftUpload(shelf: shelf(charter), who: who), charter)
    }

    private func uploads<Target: UploadTarget>(_ target: Target, _ charter: CharterInForce) -> Uploads<Target> {
        Uploads(
            target: target, store: store, turns: turns, turnstile: turnstile, disk: disk,
            room: charter.limits.unsettledBytes, clock: clock)
    }

    private func shelf(_ charter: CharterInForce) -> DraftShelf {
        DraftShelf(store: store, charter: charter, largest: largest(charter), clock: clock, door: door, disk: disk)
    }

    /// The largest payload that any channel takes.
    private func largest(_ charter: CharterInForce) -> UInt64 {
        charter.charter.channels.map(\.largestPayload).max() ?? 0
    }

    private func read(_ route: Route, _ request: Request, as party: PartyID) async throws -> Response {
        let views = PartyViews(log: log, store: store, reader: reader, bell: bell)
        switch route {
        case .inbox(let query): return try await views.inbox(query, of: party)
        case .sent(let query): return try await views.sent(query, of: party)
        case .message(let id): return try await views.message(id, for: party)
        case .envelope(let id): return try await views.envelope(id, for: party, request)
        case .drafts: return try await shelf(log.snapshot.standing.charter).list(for: party)
        case .draft(let id): return try await shelf(log.snapshot.standing.charter).file(id, for: party, request)
        case .draftRejection(let id): return try await shelf(log.snapshot.standing.charter).note(id, for: party)
        case .keys(let other): return try await views.keys(of: other, for: party)
        case .consistency(let from, let to): return try await views.consistency(from: from, to: to)
        case .scope(let query):
            return try await ScopeViews(log: log, store: store, reader: reader).answer(query, for: party)
        case .verdicts: return try await verdicts.show(log.snapshot, store: store)
        case .entries where log.snapshot.standing.charter.party(party)?.capabilities.auditor != true:
            throw Problem(.notFound, "Entries are for auditors.")
        default: return try await LogViews(log: log, shown: shown, store: store).answer(route)
        }
    }

    private func submitEnvelope(_ request: Request, charter: CharterInForce) async throws -> Response {
        let length = Self.length(of: request)
        let largest = largest(charter)
        if let length, length > largest + UInt64(EnvelopeFormat.longestHeader) {
            throw Problem(.oversized, "The envelope has \(length) bytes; no channel takes more than \(largest).")
        }
        let intake = EnvelopeIntake(
            store: store, sequencer: sequencer, turnstile: turnstile, disk: disk, charter: charter, largest: largest)
        let taken = try await intake.take(request.body, length: length.map { Int(clamping: $0) })
        if let old = taken.old { return try Answer.outcome(old) }
        let outcome = await sequencer.submit(taken.examined, envelope: taken.bytes)
        // A commit in doubt may refer to it; the next start removes what none refers to.
        if log.intake == .open { await taken.cleanUp() }
        return try Answer.outcome(outcome)
    }

    private func takeVerdict(_ request: Request) async throws -> Response {
        let bytes = try await body(of: request, named: "A verdict", limit: ByteLimit.verdict)
        let signed = try SignedVerdict(der: bytes, limit: ByteLimit.verdict)
        try turnstile.admitCarried()
        try Turnstile.admitProof()
        do {
            return try await verdicts.take(signed, log.snapshot, store: store, now: clock.now)
        } catch let problem as Problem where problem.code == ServiceCode.notAuthenticated.rawValue {
            Peer.current?.disprove()
            throw problem
        }
    }

    private func body(of request: Request, named name: String, limit: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await buffer in request.body {
            guard bytes.count + buffer.readableBytes <= limit else {
                throw Problem(.oversized, "\(name) has at most \(limit) bytes.")
            }
            bytes.append(contentsOf: buffer.readableBytesView)
        }
        return bytes
    }

    private func submitStatement(_ request: Request, charter: CharterInForce) async throws -> Response {
        let bytes = try await body(of: request, named: "A statement", limit: ByteLimit.statement)
        let signed = try SignedStatement(der: bytes, limit: ByteLimit.statement)
        guard signed.statement.act.kind != .submission else {
            throw Problem(.malformed, "A submission comes with its envelope, to /v1/envelopes.")
        }
        try turnstile.refuseEarly(signed.statement)
        let examined = try Authentication.examine(signed, charter: charter)
        if !turnstile.isOwn(signed.statement.party), let outcome = await sequencer.old(examined) {
            try turnstile.admitCarried()
            return try Answer.outcome(outcome)
        }
        try turnstile.admit(signed.statement)
        return try Answer.outcome(await sequencer.submit(examined))
    }
}
