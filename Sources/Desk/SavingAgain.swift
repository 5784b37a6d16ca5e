import Archive
import Envelope
import Rules
import Sealing
import Statements
import Transport

/// Attachments of messages that the archive has already: from the payload that it keeps, else from the relay.
extension Desk {
    /// - Throws: ``DeskError`` with `attachments-not-kept`, `attachments-not-served`, `payload-damaged`.
    func save(_ kept: ArchivedMessage, _ options: ReadOptions, _ archive: Archive) async throws -> ReadMessage {
        if let key = kept.contentKey, let payload = try archive.payloads.payload(kept.id) {
            return try await save(kept, key, payload, options, archive)
        }
        guard kept.direction == .received else {
            throw DeskError(
                "attachments-not-kept",
                "The attachments of message \(kept.id.short), which was sent, are not kept here.",
                hint: "valise read \(kept.id.short) without --save shows its text", kind: .notFound)
        }
        return try await fetchAgain(kept, options, archive)
    }

    /// From the kept payload: neither the relay nor a sealing key is needed. The log is asked if it answers.
    private func save(
        _ kept: ArchivedMessage, _ key: ContentKey, _ payload: KeptPayload, _ options: ReadOptions, _ archive: Archive
    ) async throws -> ReadMessage {
        let opened: OpenedEnvelope
        do {
            opened = try Self.open(payload, of: kept.submission, key, options)
        } catch is UnreadableReason {
            throw DeskError(
                "payload-damaged",
                "The payload of message \(kept.id.short) is not what was kept: \(archive.payloads.path(of: kept.id)).",
                hint: kept.direction == .received
                    ? "valise archive drop \(kept.id.short) lets go of it; then valise read --save asks the relay"
                    : "fetch that file from a backup; valise archive drop \(kept.id.short) lets go of it",
                kind: .verification)
        }
        let tracked = try await trackedIfReachable(kept.id)
        if let tracked, kept.direction == .received { try await confirmOpened(tracked) }
        return try await shown(opened, kept.submission, .archive(kept.direction, kept.at), tracked, archive)
    }

    private static func open(
        _ payload: KeptPayload, of signed: SignedStatement, _ key: ContentKey, _ options: ReadOptions
    ) throws -> OpenedEnvelope {
        guard case .submission(let submission) = signed.statement.act, payload.size >= submission.payloadSize else {
            throw UnreadableReason.digest
        }
        let opener = try PayloadOpener(
            submission: submission, charter: signed.statement.charter, originator: signed.statement.party, kept: key)
        return try open(opener, after: payload.size - submission.payloadSize, options) { try payload.read($0, $1) }
    }

    /// Fetches the content once more; the text is in the archive already. Where its record has the content key, no
    /// sealing key is needed.
    private func fetchAgain(
        _ kept: ArchivedMessage, _ options: ReadOptions, _ archive: Archive
    ) async throws -> ReadMessage {
        let tracked = try await message(kept.id)
        let own = try Set(ownKeys(among: tracked.state.submission.sealedTo))
        do {
            let (opened, file) = try await fetchAndOpen(tracked, own: own, kept: kept.contentKey, options)
            try Self.keep(file, of: kept.id, hasKey: kept.contentKey != nil, archive)
            try await confirmOpened(tracked)
            return try await shown(opened, tracked.signed, .relay, message(kept.id), archive)
        } catch is UnreadableReason {
            throw DeskError(
                "attachments-not-served",
                "The attachments of message \(kept.id.short) cannot be fetched and opened any more.",
                hint: "valise read \(kept.id.short) without --save shows its text from the archive", kind: .notFound)
        }
    }

    /// A run that was killed after a message was archived, and before the archive took its payload, has left that among
    /// the downloads. What is not complete is left for the next fetching, and so is what another run is at.
    func takeLeftDownload(of kept: ArchivedMessage, _ archive: Archive) {
        let path = PartialDownload.path(of: kept.id, home: home)
        guard kept.direction == .received, kept.contentKey != nil || !kept.fields.hasAttachments,
            DeskFile.exists(path) || DeskFile.exists("\(path).lock"),
            let file = try? PartialDownload.open(kept.id, home: home)
        else { return }
        if file.size == 0 { return file.remove() }
        guard (try? file.finish()) != nil else { return }
        let hasKey = kept.contentKey != nil && !archive.payloads.has(kept.id)
        try? Self.keep(file, of: kept.id, hasKey: hasKey, archive)
    }

    /// Lets the archive have a download whose record it has, if that has the key to it; otherwise the download goes.
    static func keep(
        _ file: PartialDownload, of id: MessageID, hasKey: Bool, _ archive: Archive
    ) throws {
        let isKept = hasKey ? try archive.payloads.keep(id) { file.keep(as: $0) } : false
        if !isKept { file.remove() }
    }
}

extension [Field] {
    var hasAttachments: Bool { contains { if case .attachment = $0 { true } else { false } } }
}
