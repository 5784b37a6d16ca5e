import Archive
import Envelope
import Keyring
import Ledger
import Rules
import Sealing
package import Statements
import Transport
import Wire

extension Desk {
    /// Reads a message: from this desk's archive what was opened or sent before, else from the relay: logs the
    /// `retrieved` receipt, fetches the envelope, opens it, verifies every digest, keeps it in the archive, and logs
    /// `opened`, or `unreadable` with its reason. Attachments come from the payload that the archive keeps, or, where
    /// it keeps none, from the relay once more.
    ///
    /// It may be repeated: receipts that are logged already are not made again, and a broken download goes on where it
    /// stopped.
    /// - Throws: ``DeskError`` with `blind-carriage`, `no-own-key`, `not-here`, `ended`, `unreadable-...`,
    ///   `attachments-not-served`, `attachments-not-kept`, `payload-damaged`; others as thrown below.
    package func read(_ id: MessageID, _ options: ReadOptions = ReadOptions()) async throws -> ReadMessage {
        if let folder = options.folder { try PartSaving.prepare(folder) }
        let archive = try await archive()
        guard let kept = try archive.load(id) else { return try await readNew(id, options, archive) }
        takeLeftDownload(of: kept, archive)
        if options.folder != nil, kept.fields.hasAttachments { return try await save(kept, options, archive) }
        let tracked = try await trackedIfReachable(id)
        if let tracked, kept.direction == .received { try await confirmOpened(tracked) }
        return try await shown(kept, tracked, archive)
    }

    /// The custody chain; nil when the relay does not answer.
    func trackedIfReachable(_ id: MessageID) async throws -> TrackedMessage? {
        do {
            return try await message(id)
        } catch let error as TransportError where error.code == .relayUnavailable {
            return nil
        } catch let error as TransportError where error.problem?.status == 404 {
            // Opened from a file, or sealed and not handed over yet.
            return nil
        }
    }

    private func readNew(_ id: MessageID, _ options: ReadOptions, _ archive: Archive) async throws -> ReadMessage {
        let before = try await message(id)
        let leg = try readingLeg(of: before)
        let own = try Set(ownKeys(among: before.state.submission.sealedTo))
        try await retrieve(before, leg: leg, canOpen: !own.isEmpty, needsKey: true)
        do {
            let (opened, file) = try await fetchAndOpen(before, own: own, options)
            try await keep(opened, before.signed, archive, payload: file)
            try await confirm(LegReference(message: id, leg: leg), .opened)
            return try await shown(opened, before.signed, .relay, message(id), archive)
        } catch let reason as UnreadableReason {
            try await confirm(LegReference(message: id, leg: leg), .unreadable(reason))
            throw Self.unreadable(id, reason, originator: before.state.originator)
        }
    }

    func readingLeg(of tracked: TrackedMessage) throws -> LegNumber {
        if let leg = tracked.readingLeg(of: party) { return leg }
        throw DeskError(
            "not-here", "Message \(tracked.state.id.short) is not on its way through \(party).",
            hint: "valise track \(tracked.state.id.short) shows its custody chain", kind: .refused)
    }

    func ownKeys(among listed: [KeyID]) throws -> [KeyID] {
        if DeskKeys.usesAgent(keys) {
            let held = Set(keys.sealingPublicKeys.map { KeyID(publicKey: $0) })
            return listed.filter(held.contains)
        }
        let names = try Set(home.sealingKeyNames())
        return listed.filter { names.contains($0.short) }
    }

    /// The file stays for whoever calls, to be kept or removed.
    /// - Parameter key: the content key, where it was kept; else it is unwrapped by an own sealing key.
    func fetchAndOpen(
        _ tracked: TrackedMessage, own: Set<KeyID>, kept key: ContentKey? = nil, _ options: ReadOptions
    ) async throws -> (OpenedEnvelope, PartialDownload) {
        let (file, header) = try await download(tracked.state, own: own, progress: options.progress)
        guard let key else { return (try await open(header, own: own, options) { try file.read($0, $1) }, file) }
        let statement = header.signed.statement
        let payload = try PayloadOpener(
            submission: header.submission, charter: statement.charter, originator: statement.party, kept: key)
        let opened = try Self.open(payload, after: UInt64(header.byteCount), options) { try file.read($0, $1) }
        return (opened, file)
    }

    /// Opens an envelope whose submission is one that this desk trusts.
    func open(
        _ header: EnvelopeHeader, own: Set<KeyID>, _ options: ReadOptions,
        reading read: (_ offset: UInt64, _ count: Int) throws -> [UInt8]
    ) async throws -> OpenedEnvelope {
        try Self.open(try await unwrap(header, own: own), after: UInt64(header.byteCount), options, reading: read)
    }

    /// Opens the payload that begins at `start`, verifying all of it, and saves what is to be saved.
    static func open(
        _ payload: PayloadOpener, after start: UInt64, _ options: ReadOptions,
        reading read: (_ offset: UInt64, _ count: Int) throws -> [UInt8]
    ) throws -> OpenedEnvelope {
        let saving = PartSaving(folder: options.folder, overwrite: options.overwrite)
        let manifest = try payload.open(
            reading: { try read(start + $0, $1) }, begin: saving.begin, part: saving.take)
        let saved = try saving.finish()
        return OpenedEnvelope(
            fields: manifest.fields, text: saved.text, attachments: saved.attachments, reveals: saving.reveals,
            contentKey: payload.contentKey)
    }

    /// The content key of an envelope whose submission is one that this desk trusts.
    func unwrap(_ header: EnvelopeHeader, own: Set<KeyID>) async throws -> PayloadOpener {
        let statement = header.signed.statement
        let opener = Opener(
            submission: header.submission, charter: statement.charter, originator: statement.party,
            sealedKeys: header.sealedKeys.bytes, ownKeys: own)
        return try await opener.unwrap { try await open($0) }
    }

    /// The content key of a wrap; nil when the own key does not open it.
    func open(_ wrap: Opener.Wrap) async throws -> [UInt8]? {
        do {
            return try await keys.open(
                sealingKey: wrap.keyID.hash, enc: wrap.enc, ciphertext: wrap.ciphertext, info: wrap.info,
                aad: wrap.aad)
        } catch let error as KeyringError where error.code == .cannotUnseal {
            return nil
        }
    }

    /// Archives what was opened.
    /// - Parameter payload: the download, which the archive takes for a message with attachments; otherwise it goes.
    func keep(
        _ opened: OpenedEnvelope, _ signed: SignedStatement, _ archive: Archive, payload: PartialDownload? = nil
    ) async throws {
        let key = payload != nil && opened.fields.hasAttachments ? opened.contentKey : nil
        try archive.add(
            ArchivedMessage(
                direction: .received, submission: signed, at: now(), fields: opened.fields, text: opened.text,
                sourceOpening: nil, contentKey: key))
        if let payload { try Self.keep(payload, of: MessageID(signed.id), hasKey: key != nil, archive) }
        for bytes in opened.reveals { try await keepReveal(bytes) }
    }
}

/// What came out of an envelope.
struct OpenedEnvelope {
    let fields: [Field]
    let text: [UInt8]?
    let attachments: [SavedAttachment]
    /// DER of reveals that came as attachments.
    let reveals: [[UInt8]]
    /// Nil for what was shown from the archive.
    let contentKey: ContentKey?
}

/// What is shown of a message.
extension Desk {
    private func shown(
        _ kept: ArchivedMessage, _ tracked: TrackedMessage?, _ archive: Archive
    ) async throws -> ReadMessage {
        let attachments: [SavedAttachment] = kept.fields.compactMap { field in
            if case .attachment(let info) = field { SavedAttachment(info: info, path: nil) } else { nil }
        }
        let opened = OpenedEnvelope(
            fields: kept.fields, text: kept.text, attachments: attachments, reveals: try await keptReveals(in: kept),
            contentKey: nil)
        return try await shown(opened, kept.submission, .archive(kept.direction, kept.at), tracked, archive)
    }

    func shown(
        _ opened: OpenedEnvelope, _ signed: SignedStatement, _ place: ReadMessage.Place, _ tracked: TrackedMessage?,
        _ archive: Archive
    ) async throws -> ReadMessage {
        guard case .submission(let submission) = signed.statement.act else {
            throw DeskError(
                "not-a-submission", "What was opened is no message.", hint: "check that it is the right file",
                kind: .verification)
        }
        var reveals: [ShownReveal] = []
        for bytes in opened.reveals { reveals.append(try await check(revealBytes: bytes, archive)) }
        let id = MessageID(signed.id)
        return ReadMessage(
            signed: signed, submission: submission, place: place, fields: opened.fields, text: opened.text,
            attachments: opened.attachments, isPayloadKept: archive.payloads.has(id), tracked: tracked,
            thread: try archive.thread(of: id),
            reveal: try await keptReveal(of: id, signed, opened.fields, tracked), reveals: reveals)
    }
}
