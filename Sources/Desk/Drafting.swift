import Archive
import Envelope
import Keyring
import Ledger
import Rules
package import Sealing
package import Statements
package import Transport
import Wire

/// A draft on the party's shelf at the relay, as the relay tells it: signatures are verified when a draft is opened.
package struct ShelvedDraft: Sendable {
    package let id: StatementID
    package let kind: String
    /// The drafter, then the releasers.
    package let signers: [DelegateName]
    package let missing: [DelegateName]
    package let madeAt: Timestamp
    package let submitBy: Timestamp
    /// Bytes of the draft file.
    package let size: UInt64
    package let rejection: Rejected?

    package struct Rejected: Sendable {
        package let by: DelegateName
        package let at: Timestamp
        /// Nil when it could not be opened or is not truly that delegate's.
        package let reason: String?
    }

    package var drafter: DelegateName { signers[0] }
}

/// A draft that was fetched, verified and opened: what a releaser signs.
package struct OpenedDraft: Sendable {
    /// With the signatures that were verified.
    package let draft: Draft
    /// Of a submission: the fields and the text of its content.
    package let fields: [Field]
    package let text: [UInt8]?
    package let attachments: [SavedAttachment]
    let header: DraftHeader
    let file: SpoolFile
    /// What opens the payload in the file, where that can be kept: of a message with attachments.
    var contentKey: ContentKey?

    package var message: MessageID? {
        if case .submission = draft.statement.act { MessageID(draft.id) } else { draft.statement.act.message }
    }
    package var submission: Submission? {
        if case .submission(let submission) = draft.statement.act { submission } else { nil }
    }
}

/// What a releaser's signature brought about.
package enum CosignOutcome: Sendable {
    /// It was the last one: the statement is in the log.
    case released(AcceptedStatement)
    case waiting(missing: [DelegateName])
}

extension Desk {
    /// The party's shelf, oldest first, with the reasons of rejections. What became of this desk's own drafts is
    /// archived on the way.
    package func drafts() async throws -> [ShelvedDraft] {
        let items = try await relay.drafts()
        try await settleParked(items)
        var drafts: [ShelvedDraft] = []
        for item in items where !item.signers.isEmpty { drafts.append(try await shelved(item)) }
        return drafts
    }

    private func shelved(_ item: DraftItem) async throws -> ShelvedDraft {
        var rejected: ShelvedDraft.Rejected?
        if let rejection = item.rejection {
            let reason = try? await rejectionReason(item.id, by: rejection.by)
            rejected = ShelvedDraft.Rejected(by: rejection.by, at: rejection.at, reason: reason)
        }
        return ShelvedDraft(
            id: item.id, kind: item.kind, signers: item.signers, missing: item.missing, madeAt: item.madeAt,
            submitBy: item.submitBy, size: item.size, rejection: rejected)
    }

    /// The one draft whose identifier begins so.
    /// - Throws: ``DeskError`` with `draft-unknown`, `draft-ambiguous`.
    package func resolveDraft(_ text: String) async throws -> StatementID { try await findDraft(text).id }

    private func findDraft(_ text: String) async throws -> DraftItem {
        let found = try await relay.drafts().filter { $0.id.description.hasPrefix(text) }
        guard let only = found.first, found.count == 1 else {
            throw DeskError(
                found.isEmpty ? "draft-unknown" : "draft-ambiguous",
                found.isEmpty
                    ? "No draft of \(party) begins with '\(text.prefix(60))'."
                    : "\(found.count) drafts begin with '\(text.prefix(60))'.",
                hint: "valise drafts lists them", kind: .notFound)
        }
        return only
    }

    /// Fetches a draft, verifies its signatures, and opens its content.
    /// - Parameter saving: where attachments are saved; nil leaves them.
    /// - Throws: ``DeskError`` with `draft-wrong`, `unreadable-...`; ``Transport/TransportError``.
    package func openDraft(
        _ id: StatementID, saving folder: String? = nil, progress: StepProgress = .none
    ) async throws -> OpenedDraft {
        try await openDraft(findDraft(id.description), saving: folder, progress: progress)
    }

    private func openDraft(
        _ item: DraftItem, saving folder: String?, progress: StepProgress
    ) async throws -> OpenedDraft {
        let file = try SpoolFile.make(in: home)
        // The file stays readable through its descriptor.
        defer { file.remove() }
        let header = try await fetchDraft(item.id, into: file, progress: progress)
        return try await opened(header, further: item.signatures, in: file, saving: folder)
    }

    /// Verifies the signatures of a draft that is here whole, and opens its content.
    func opened(
        _ header: DraftHeader, further: [OpenSignature], in file: SpoolFile, saving folder: String?
    ) async throws -> OpenedDraft {
        let draft = try verified(header.draft, with: further)
        guard let submission = header.payload, let block = header.sealedKeys else {
            return OpenedDraft(draft: draft, fields: [], text: nil, attachments: [], header: header, file: file)
        }
        let saving = PartSaving(folder: folder)
        let start = UInt64(header.byteCount)
        let (manifest, key) = try await openContent(
            submission, originator: party, sealedKeys: block.bytes, saving: saving,
            reading: { try file.read(start + $0, $1) })
        let saved = try saving.finish()
        return OpenedDraft(
            draft: draft, fields: manifest.fields, text: saved.text, attachments: saved.attachments, header: header,
            file: file, contentKey: file.isNew && manifest.fields.hasAttachments ? key : nil)
    }

    private func fetchDraft(
        _ id: StatementID, into file: SpoolFile, progress: StepProgress
    ) async throws -> DraftHeader {
        var reader = DraftReader()
        let limit = UInt64(EnvelopeFormat.longestHeader) + Bounds.payload
        _ = try await relay.draft(id, limit: limit) { piece in
            _ = try reader.take(piece[...])
            try file.append(piece)
            progress.report(.fetching, file.size(), reader.header?.fileSize ?? file.size())
        }
        let header = try reader.finish()
        guard header.draft.id == id else { throw Self.wrongDraft("the relay served another draft") }
        return header
    }

    /// The draft with every signature that is there; all of them are good, the drafter's among them.
    private func verified(_ draft: Draft, with further: [OpenSignature]) throws -> Draft {
        guard draft.statement.charter == charter.id, draft.statement.party == party else {
            throw Self.wrongDraft("it is of another party or other talks")
        }
        var whole = draft
        for item in further where item.signer.party == party {
            whole = try whole.adding(DraftSignature(signer: item.signer.name, signature: item.signature))
        }
        guard whole.invalidSigners(key: { charter.inForce.key($0) }).isEmpty, !whole.missing.contains(whole.drafter)
        else { throw Self.wrongDraft("a signature in it is not that of a delegate in office") }
        return whole
    }

    private static func wrongDraft(_ why: String) -> DeskError {
        DeskError(
            "draft-wrong", "The draft cannot be relied on: \(why).",
            hint: "ask its drafter; if it was drafted as it is shown, tell the operator and an auditor",
            kind: .verification)
    }
}

/// Releasing.
extension Desk {
    /// Signs an opened draft as one of its releasers. The last signature submits it; where that failed, the same call
    /// finishes it.
    /// - Throws: ``DeskError`` with `not-a-signer`, `draft-rejected`; ``Transport/TransportError``.
    package func cosign(_ opened: OpenedDraft, progress: StepProgress = .none) async throws -> CosignOutcome {
        var draft = opened.draft
        if let own = try await ownSignature(of: draft) {
            let item = try await relay.signDraft(draft.id, OpenSignature(signer: id, signature: own.signature))
            draft = try verified(draft.adding(own), with: item.signatures)
        }
        guard let signed = draft.complete() else { return .waiting(missing: draft.missing) }
        let accepted = try await submit(signed, of: opened, progress)
        if opened.submission != nil { try await archive(accepted.signed, of: opened) }
        // The relay takes it off the shelf by itself; this is for one that does so later.
        try? await relay.withdrawDraft(draft.id)
        return .released(accepted)
    }

    /// This delegate's signature; nil where the draft has it.
    /// - Throws: ``DeskError`` `not-a-signer`.
    func ownSignature(of draft: Draft) async throws -> DraftSignature? {
        guard draft.statement.signers.contains(id.name) else {
            throw DeskError(
                "not-a-signer", "The draft does not ask for the signature of \(id).",
                hint: "its drafter names the releasers when drafting", kind: .refused)
        }
        guard draft.missing.contains(id.name) else { return nil }
        return DraftSignature(signer: id.name, signature: try await keys.sign(draft.message))
    }

    /// Keeps a message that this desk released.
    func archive(_ signed: SignedStatement, of opened: OpenedDraft) async throws {
        let archive = try await archive()
        try archive.add(
            ArchivedMessage(
                direction: .sent, submission: signed, at: now(), fields: opened.fields, text: opened.text,
                sourceOpening: nil, contentKey: opened.contentKey))
        if opened.contentKey != nil {
            try archive.payloads.keep(MessageID(signed.id)) {
                opened.file.keep(as: $0, without: opened.header.byteCount)
            }
        }
        try SentList(home).add(MessageID(signed.id))
    }

    private func submit(
        _ signed: SignedStatement, of opened: OpenedDraft, _ progress: StepProgress
    ) async throws -> AcceptedStatement {
        guard let submission = opened.submission, let block = opened.header.sealedKeys else {
            return try await relay.submit(signed)
        }
        let header = try EnvelopeWriter.header(signed, sealedKeys: block, payloadSize: submission.payloadSize)
        let start = UInt64(opened.header.byteCount)
        let file = opened.file
        let read: FileReading = { offset, count in
            guard offset < UInt64(header.count) else {
                return try file.read(start + offset - UInt64(header.count), count)
            }
            let head = Array(header.dropFirst(Int(offset)).prefix(count))
            return head.count == count ? head : head + (try file.read(start, count - head.count))
        }
        return try await relay.submit(
            envelope: read, size: UInt64(header.count) + submission.payloadSize, submission: signed
        ) { progress.report(.sending, $0, $1) }
    }

    /// Asks others of this party to release an act that is no submission: its draft goes on the shelf.
    package func draft(
        _ act: Act, releasers: [DelegateName]
    ) async throws -> (id: StatementID, missing: [DelegateName]) {
        let statement = try await statement(
            act, signers: signers(releasers, of: act.kind), window: charter.inForce.limits.longestSubmitWindow)
        let draft = try await signedDraft(statement)
        let bytes = try DraftWriter.header(draft, sealedKeys: nil)
        let item = try await relay.putDraft(
            { offset, count in Array(bytes.dropFirst(Int(offset)).prefix(count)) }, size: UInt64(bytes.count),
            id: draft.id, payload: 0)
        return (item.id, item.missing)
    }

    /// Takes a draft of this desk off the shelf.
    package func withdrawDraft(_ id: StatementID) async throws {
        try await relay.withdrawDraft(id)
        let outbox = try await Outbox(self)
        for item in try outbox.parked() where item.message == MessageID(id) { try outbox.unpark(item) }
    }

    /// Archives own drafts that were released meanwhile, and lets go of those whose time is over.
    func settleParked(_ shelf: [DraftItem]) async throws {
        let outbox = try await Outbox(self)
        let shelved = Set(shelf.map { MessageID($0.id) })
        for item in try outbox.parked() where !shelved.contains(item.message) {
            do {
                let chain = try await relay.message(item.message).chain
                guard let signed = chain.first?.entry.signed, charter.signed.vouches(for: signed) else { continue }
                var released = item
                try released.replace(logged: signed)
                try await keep(released)
                try await settle(released, outbox)
            } catch let error as TransportError where error.problem?.status == 404 {
                if now() >= item.submitBy { try outbox.unpark(item) }
            }
        }
    }
}
