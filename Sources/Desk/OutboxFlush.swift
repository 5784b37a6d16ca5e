import Archive
import Envelope
import Ledger
import Sealing
package import Statements
package import Transport
import Wire

/// What became of one message of the outbox.
package struct FlushedItem: Sendable {
    package enum Outcome: Sendable {
        case accepted(AcceptedStatement)
        case drafted(missing: [DelegateName])
        case kept(OutboxReason)
    }
    package let message: MessageID
    package let outcome: Outcome
}

extension Desk {
    /// With these the relay is not asked for the next message: that it is away, or that it is busy for longer than was
    /// waited.
    private static let away: Set<String> = [TransportError.Code.relayUnavailable.rawValue, "busy", "overloaded"]

    /// Tries everything in the outbox again, oldest first; a relay that does not answer is asked once. Messages that
    /// the relay refused for good are left alone. It may be called at any time, and by several runs at once.
    /// - Throws: ``DeskError``, ``Keyring/KeyringError``; what the relay says is in the outcomes.
    @discardableResult
    package func flushOutbox(progress: StepProgress = .none) async throws -> [FlushedItem] {
        Outbox.removeOrphans(in: home)
        guard outboxCount > 0 else { return [] }
        let outbox = try await Outbox(self)
        var results: [FlushedItem] = []
        var away: OutboxReason?
        for known in try outbox.items().items {
            if let reason = known.reason, reason.isFinal {
                results.append(FlushedItem(message: known.message, outcome: .kept(reason)))
                continue
            }
            if let away {
                results.append(FlushedItem(message: known.message, outcome: .kept(away)))
                continue
            }
            guard let held = try outbox.held(known.name) else { continue }
            defer { held.payload.unlock() }
            let flushed = try await flush(held.item, held.payload, outbox, progress)
            results.append(flushed)
            if case .kept(let reason) = flushed.outcome, Self.away.contains(reason.code) { away = reason }
        }
        return results
    }

    private func flush(
        _ found: OutboxItem, _ payload: SpoolFile, _ outbox: Outbox, _ progress: StepProgress
    ) async throws -> FlushedItem {
        var item = found
        // A crash may have come between outbox and archive.
        try await keep(item)
        if now() >= item.submission.expiry, !item.isHandedOver {
            let reason = OutboxReason(code: "expired", message: "It is past its expiry.", isFinal: true)
            item.reason = reason
            try outbox.write(item)
            return FlushedItem(message: item.message, outcome: .kept(reason))
        }
        if let reason = try await settledRefusal(item) {
            item.reason = reason
            try outbox.write(item)
            return FlushedItem(message: item.message, outcome: .kept(reason))
        }
        if item.isSealedToKept, let reason = try await sealToPublished(&item, outbox) {
            item.reason = reason
            item.failed(at: now())
            try outbox.write(item)
            return FlushedItem(message: item.message, outcome: .kept(reason))
        }
        item.begin(at: now())
        try outbox.write(item)
        switch try await handOver(&item, payload, outbox, progress) {
        case .accepted(let accepted): return FlushedItem(message: item.message, outcome: .accepted(accepted))
        case .drafted(let missing): return FlushedItem(message: item.message, outcome: .drafted(missing: missing))
        case .kept(let error):
            let reason = item.reason ?? OutboxReason(error, mayBeWhole: true)
            return FlushedItem(message: item.message, outcome: .kept(reason))
        case .sealed: throw OutboxItem.damaged
        }
    }

    /// Whether a refusal that the relay did not sign has become final: nothing is accepted after its `submitBy`, and
    /// the relay does not show the message.
    /// - Returns: nil as long as it is not, and for a message that is in the log: to hand it over again brings its
    ///   acceptance.
    private func settledRefusal(_ item: OutboxItem) async throws -> OutboxReason? {
        guard let reason = item.reason, reason.isOpenRefusal, now() > item.submitBy + .clockTolerance else {
            return nil
        }
        do {
            _ = try await relay.message(item.message)
        } catch let error as TransportError where error.problem?.status == 404 {
            return OutboxReason(code: reason.code, message: reason.message, isFinal: true)
        } catch is TransportError {}
        return nil
    }

    /// Asks for the keys that the relay did not answer for when an item was sealed, and seals its content key anew
    /// where they are others by now. Else a relay could have a message sealed to old keys by not answering for keys
    /// alone.
    /// - Returns: why the item cannot go out yet.
    private func sealToPublished(_ item: inout OutboxItem, _ outbox: Outbox) async throws -> OutboxReason? {
        let submission = item.submission
        do {
            let readers = Outgoing.readers(submission.legs, own: party, areHopsIncluded: item.isOpenToIntermediaries)
            let keys = try await RecipientKeys.find(for: readers, until: submission.expiry, from: .relay, desk: self)
            if Set(keys.publicKeys.map { KeyID(publicKey: $0) }) != Set(submission.sealedTo) {
                let opener = try Opener(
                    submission: submission, charter: charter.id, originator: party,
                    sealedKeys: item.sealedKeys.bytes, ownKeys: ownKeys(among: submission.sealedTo))
                let wrapped = try await opener.rewrap(to: keys.publicKeys) { try await open($0) }
                try await signAgain(&item, sealedTo: wrapped, outbox)
            }
            item.isSealedToKept = false
            return nil
        } catch let error as TransportError {
            // It is about the keys, and the message was not handed over.
            return OutboxReason(code: error.reportedCode, message: error.message, isFinal: false)
        } catch let error as DeskError {
            return OutboxReason(code: error.code, message: error.message, isFinal: false)
        } catch let reason as UnreadableReason {
            return OutboxReason(
                code: "unreadable-\(reason)", message: "Its key could not be sealed anew: \(Self.sentence(reason)).",
                isFinal: true)
        }
    }
}

/// What taking a message out of the outbox means.
package enum CancelledItem: Sendable {
    /// The relay never had it: it is gone.
    case gone(MessageID)
    /// The relay may have it, and may accept it until then.
    case mayBeAccepted(MessageID, until: Timestamp)
    /// The relay had accepted it already: it is in the log.
    case wasAccepted(MessageID)
}

extension Desk {
    /// Takes a message out of the outbox; the archive keeps it, marked as not sent.
    /// - Throws: ``DeskError`` with `not-in-outbox`, `being-sent`.
    package func cancelOutboxItem(_ message: MessageID) async throws -> CancelledItem {
        let outbox = try await Outbox(self)
        guard let known = try outbox.items().items.first(where: { $0.message == message }) else {
            throw DeskError(
                "not-in-outbox", "Message \(message.short) is not in the outbox.",
                hint: "valise outbox lists what is there; valise recall \(message.short) takes a sent one back",
                kind: .notFound)
        }
        guard let held = try outbox.held(known.name) else {
            throw DeskError(
                "being-sent", "Message \(message.short) is being handed to the relay by another run.",
                hint: "wait for it; valise recall \(message.short) takes it back afterwards", kind: .refused)
        }
        defer { held.payload.unlock() }
        var accepted = false
        if held.item.isHandedOver, !held.item.isDraft { accepted = await isInLog(message) }
        if !accepted { try outbox.withdraw(message, refusal: held.item.reason?.rejection) }
        let stillOpen = held.item.isHandedOver && now() < held.item.submitBy && !(held.item.reason?.isFinal ?? false)
        if accepted || stillOpen && !held.item.isDraft {
            try await settle(held.item, outbox)
        } else {
            try outbox.remove(held.item)
        }
        if accepted { return .wasAccepted(message) }
        return stillOpen ? .mayBeAccepted(message, until: held.item.submitBy) : .gone(message)
    }

    /// Removes files of the outbox that cannot be read, by the names that ``damagedOutboxFiles()`` gives.
    package func removeDamagedOutboxFile(_ name: String) async throws {
        let outbox = try await Outbox(self)
        guard try outbox.items().damaged.contains(name) else {
            throw DeskError(
                "not-in-outbox", "No damaged file \(name) is in the outbox.", hint: "valise outbox", kind: .notFound)
        }
        try outbox.remove(named: name)
    }

    /// The names of items that cannot be read.
    package func damagedOutboxFiles() async throws -> [String] { try await Outbox(self).items().damaged }

    /// Whether the relay shows the message; false also when it does not answer.
    private func isInLog(_ message: MessageID) async -> Bool { (try? await relay.message(message)) != nil }
}
