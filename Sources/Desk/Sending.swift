import Archive
import Envelope
import Keyring
import Ledger
import Rules
import Sealing
import Statements
import Transport
import Wire

extension Desk {
    /// Seals a message, signs its submission, keeps both durably, and hands them to the relay. Plaintext never touches
    /// the disk.
    ///
    /// A relay that does not answer is no error: the message stays in the outbox then. A final "no" of the relay is
    /// thrown, and the message is taken out again.
    /// - Throws: ``DeskError``, ``Sealing/SealingError``, ``Transport/TransportError``.
    package func send(_ outgoing: Outgoing, progress: StepProgress = .none) async throws -> SentMessage {
        let signers = try signers(outgoing.releasers)
        let expiry = now() + outgoing.lifetime
        let keys = try await RecipientKeys.find(
            for: outgoing.readers(own: party), until: expiry, from: .relayOrKept, desk: self)
        let composed = try compose(outgoing, keys: keys, expiry: expiry, progress: progress)
        defer { composed.payload.remove() }
        let outbox = try await Outbox(self)
        let window: TimeSpan? = signers.count > 1 ? charter.inForce.limits.longestSubmitWindow : nil
        let statement = try await statement(
            .submission(composed.submission(under: charter.inForce)), signers: signers, window: window)
        var item = try await OutboxItem(
            header: header(statement, sealedKeys: composed.wrapped.sealedKeys), fields: composed.fields,
            text: composed.text, opening: composed.opening?.derBytes(), made: now(), contentKey: composed.contentKey)
        guard composed.payload.lock() else { throw OutboxItem.damaged }
        defer { composed.payload.unlock() }
        if let away = keys.away {
            item.reason = OutboxReason(away, mayBeWhole: false)
            item.failed(at: now())
            item.isSealedToKept = true
            item.isOpenToIntermediaries = outgoing.openToIntermediaries
            try outbox.add(item, payload: composed.payload)
            try await keep(item)
            return item.sent(.kept(away), keysAge: keys.age)
        }
        item.begin(at: now())
        try outbox.add(item, payload: composed.payload)
        try await keep(item)
        let outcome = try await handOver(&item, composed.payload, outbox, progress)
        if case .kept(let error) = outcome, let reason = item.reason, reason.isFinal {
            try outbox.withdraw(item.message, refusal: reason.rejection)
            try outbox.remove(item)
            throw error
        }
        return item.sent(outcome, keysAge: keys.age)
    }

    /// What stands before the payload once this delegate has signed: an envelope's header, or a draft's.
    func header(_ statement: Statement, sealedKeys: SealedKeysBlock) async throws -> [UInt8] {
        guard statement.signers.count > 1 else {
            let signed = try await SignedStatement.sign(statement, by: [{ try await keys.sign($0) }])
            guard case .submission(let submission) = statement.act else { throw OutboxItem.damaged }
            return try EnvelopeWriter.header(signed, sealedKeys: sealedKeys, payloadSize: submission.payloadSize)
        }
        return try DraftWriter.header(await signedDraft(statement), sealedKeys: sealedKeys)
    }

    /// A draft with this delegate's signature.
    func signedDraft(_ statement: Statement) async throws -> Draft {
        let draft = try Draft(statement)
        return try draft.adding(DraftSignature(signer: id.name, signature: await keys.sign(draft.message)))
    }

    /// Archives what was signed, and remembers its identifier. To do it again is harmless.
    func keep(_ item: OutboxItem) async throws {
        guard let archived = item.archived() else { return }
        try await archive().add(archived)
        let list = SentList(home)
        if try !list.messages().contains(item.message) { try list.add(item.message) }
    }

    /// Takes a message out of the outbox whose record is in the archive: the payload that the record has the key to
    /// goes there.
    func settle(_ item: OutboxItem, _ outbox: Outbox) async throws {
        try outbox.settle(item, to: item.contentKey == nil ? nil : try await archive().payloads)
    }
}

/// Handing over.
extension Desk {
    /// Tries once, signing anew where that is what is missing. The item, which has begun, says in the outbox what came
    /// of it.
    /// - Parameter payload: held against other runs.
    /// - Throws: what is no answer of the relay; the message stays in the outbox.
    func handOver(
        _ item: inout OutboxItem, _ payload: SpoolFile, _ outbox: Outbox, _ progress: StepProgress
    ) async throws -> SentMessage.Outcome {
        var isNew = false
        // An earlier attempt may have got through whole.
        var mayBeWhole = item.wasHandedOver
        while true {
            let watch = HandOverWatch()
            do {
                return try await handOverOnce(&item, payload, outbox, watch, progress)
            } catch let error as TransportError {
                mayBeWhole = mayBeWhole || watch.isWhole
                if !isNew, Self.wantsNewSignature(error), now() < item.submission.expiry {
                    isNew = true
                    try await signAgain(&item, outbox)
                    continue
                }
                item.reason = OutboxReason(error, mayBeWhole: mayBeWhole)
                if !watch.hasBegun, !isNew { item.isHandedOver = item.wasHandedOver }
                try outbox.write(item)
                return .kept(error)
            }
        }
    }

    private func handOverOnce(
        _ item: inout OutboxItem, _ payload: SpoolFile, _ outbox: Outbox, _ watch: HandOverWatch,
        _ progress: StepProgress
    ) async throws -> SentMessage.Outcome {
        let (header, total) = (item.header, UInt64(item.header.count) + item.submission.payloadSize)
        let read: FileReading = { offset, count in
            watch.begin()
            let bytes = try payload.read(offset, count, after: header)
            watch.reach(offset + UInt64(bytes.count), of: total)
            return bytes
        }
        if item.isDraft {
            let shelved = try await relay.putDraft(
                read, size: total, id: StatementID(item.message.hash), payload: item.submission.payloadSize
            ) { progress.report(.sending, $0, $1) }
            try outbox.park(item)
            return .drafted(missing: shelved.missing)
        }
        guard let signed = item.signed else { throw OutboxItem.damaged }
        let accepted = try await relay.submit(envelope: read, size: total, submission: signed) {
            progress.report(.sending, $0, $1)
        }
        let logged = MessageID(accepted.signed.id)
        if logged != item.message {
            // An earlier signature under the same nonce had been accepted unheard.
            try outbox.withdraw(item.message)
            try outbox.reinstate(logged)
            try item.replace(logged: accepted.signed)
            try await keep(item)
        }
        try await settle(item, outbox)
        return .accepted(accepted)
    }

    /// Signs what an item says again, under the charter and the time of now, with the same nonce; no content is sealed
    /// again. The earlier identifier is given up.
    /// - Parameter keys: the content key sealed anew; nil where it stays sealed as it is.
    func signAgain(_ item: inout OutboxItem, sealedTo keys: WrappedPayload? = nil, _ outbox: Outbox) async throws {
        let old = item.submission
        let block = try keys?.sealedKeys ?? item.sealedKeys
        let fresh = Submission(
            nonce: old.nonce, writtenUnder: charter.inForce.revisions(originator: party, legs: old.legs),
            legs: old.legs, precedence: old.precedence, expiry: old.expiry, sealedTo: block.keyIDs,
            sealedKeysDigest: block.digest, payloadDigest: old.payloadDigest, payloadSize: old.payloadSize,
            keyCommitment: old.keyCommitment, contentCommitment: old.contentCommitment)
        let window: TimeSpan? = item.isDraft ? charter.inForce.limits.longestSubmitWindow : nil
        let statement = try await statement(.submission(fresh), signers: item.statement.signers, window: window)
        let earlier = item.message
        try item.replace(header: await header(statement, sealedKeys: block))
        item.reason = nil
        try outbox.write(item)
        try await keep(item)
        if item.message != earlier { try outbox.withdraw(earlier) }
    }

    /// The relay wants the same message under a newer signature.
    private static func wantsNewSignature(_ error: TransportError) -> Bool {
        error.isSignedRejection
            && [RejectionCode.staleCharter, .tooLate].map(\.rawValue).contains(error.problem?.code ?? "")
    }
}

extension TransportError {
    /// A rejection that the relay signed: one that it cannot take back and log the statement after all, unseen.
    fileprivate var isSignedRejection: Bool { if case .signed = rejection { true } else { false } }
}

extension OutboxReason {
    /// Refusals of a file's form, which the relay does not sign.
    private static let ofForm = ["malformed", "oversized", "unknown-version", "digest-mismatch", "block-mismatch"]

    /// Says that the file is not taken as it is, and is not the last word: the relay may log it all the same.
    var isOpenRefusal: Bool { !isFinal && Self.ofForm.contains(code) }

    /// Final is what will not be otherwise the next time: a rejection by the rules only if the relay signed it, for an
    /// unsigned "no" may be followed by an entry in the log.
    /// - Parameter mayBeWhole: whether the relay may have the whole file, so that it could log it.
    init(_ error: TransportError, mayBeWhole: Bool) {
        let code = error.problem?.code ?? ""
        let isFinal =
            RejectionCode(rawValue: code).map { $0 != .quotaExceeded && $0 != .clock && error.isSignedRejection }
            ?? false
            || !mayBeWhole && Self.ofForm.contains(code)
        self.init(code: error.reportedCode, message: error.message, isFinal: isFinal)
    }
}

extension OutboxItem {
    /// An attempt that ended before anything was handed over.
    mutating func failed(at time: Timestamp) {
        attempts += 1
        lastAttempt = time
    }

    mutating func begin(at time: Timestamp) {
        failed(at: time)
        wasHandedOver = isHandedOver
        isHandedOver = true
    }

    /// The signed submission that the log holds in this one's place.
    mutating func replace(logged: SignedStatement) throws {
        guard case .submission(let submission) = logged.statement.act else { throw Self.damaged }
        try replace(
            header: EnvelopeWriter.header(logged, sealedKeys: sealedKeys, payloadSize: submission.payloadSize))
    }

    func sent(_ outcome: SentMessage.Outcome, keysAge: TimeSpan?) -> SentMessage {
        SentMessage(
            message: message, legs: submission.legs, signers: statement.signers, outcome: outcome,
            sealedTo: submission.sealedTo.count, payloadSize: submission.payloadSize, expiry: submission.expiry,
            submitBy: submitBy, keysAge: keysAge)
    }
}

extension SpoolFile {
    /// Bytes of the file that begins with `header` and goes on with this one.
    func read(_ offset: UInt64, _ count: Int, after header: [UInt8]) throws -> [UInt8] {
        guard offset < UInt64(header.count) else { return try read(offset - UInt64(header.count), count) }
        let head = Array(header.dropFirst(Int(offset)).prefix(count))
        return head.count == count ? head : head + (try read(0, count - head.count))
    }
}
