import Envelope
import Ledger
import Relay
import Sealing
import Statements
import TestKit
import Testing
import Transport
import Wire

@Suite("The shelf of drafts", .timeLimit(.minutes(1)))
struct DraftShelfTests {
    private static let content = FixtureWorld.bytes("a drafted attachment", 1_500_000)

    @Test("a draft is put, read and signed, and is gone once its statement is in the log")
    func wholeWay() async throws {
        try await RelayInABox.run { box in
            let made = try box.draft(Self.content)
            try await box.withClient(FixtureWorld.envoy) { drafter in
                try await box.withClient(FixtureWorld.deputy) { releaser in
                    let put = try await drafter.put(made)
                    #expect(put.id == made.draft.id)
                    #expect(put.signers == [FixtureWorld.envoy.name, FixtureWorld.deputy.name])
                    #expect(put.missing == [FixtureWorld.deputy.name])
                    #expect(put.kind == "submission")
                    #expect(put.size == UInt64(made.file.count))
                    #expect(put.submitBy == made.draft.statement.submitBy)
                    // The same again changes nothing.
                    #expect(try await drafter.put(made) == put)

                    #expect(try await releaser.drafts() == [put])
                    var file: [UInt8] = []
                    #expect(try await releaser.draft(put.id, limit: put.size) { file += $0 } == put.size)
                    #expect(file == made.file)
                    var rest: [UInt8] = []
                    _ = try await releaser.draft(put.id, from: put.size - 5, limit: put.size) { rest += $0 }
                    #expect(rest == Array(made.file.suffix(5)))

                    let signed = try await releaser.signDraft(
                        put.id, made.signature(of: FixtureWorld.deputy, in: box.world))
                    #expect(signed.missing.isEmpty)
                    #expect(signed.signatures.map(\.signer) == [FixtureWorld.envoy, FixtureWorld.deputy])
                    let complete = try SignedStatement(
                        statementBytes: made.draft.statementBytes, signatures: signed.signatures.map(\.signature))
                    let envelope = try RealEnvelope(made.letter, signed: complete)
                    try await box.accept(envelope)
                    await box.server.acts.round()
                    #expect(try await drafter.drafts().isEmpty)
                    #expect(box.site.folder.names(in: "data/envelopes").count == 1)
                }
            }
        }
    }

    @Test("a draft that is no submission travels alone")
    func conveyance() async throws {
        try await RelayInABox.run { box in
            let reference = LegReference(message: MessageID(Hash.sha256([1])), leg: try #require(LegNumber(0)))
            let draft = try box.drafted(.conveyance(reference))
            let file = try DraftWriter.header(draft, sealedKeys: nil)
            try await box.withClient(FixtureWorld.envoy) { client async throws in
                let put = try await client.putDraft(
                    RealEnvelope.reading(file), size: UInt64(file.count), id: draft.id, payload: 0)
                #expect(put.kind == "conveyance")
            }
        }
    }

    @Test("a rejected draft takes no signature, and its note is for the party's delegates")
    func rejection() async throws {
        try await RelayInABox.run { box in
            let made = try box.draft()
            try await box.withClient(FixtureWorld.envoy) { drafter in
                try await box.withClient(FixtureWorld.deputy) { releaser in
                    let put = try await drafter.put(made)
                    await expect("not-found") { _ = try await drafter.draftRejection(put.id) }
                    let note = FixtureWorld.bytes("a sealed note", ByteLimit.draftNote)
                    let rejected = try await releaser.rejectDraft(put.id, note: note)
                    #expect(rejected.rejection == .init(by: FixtureWorld.deputy.name, at: box.clock.now))
                    #expect(try await releaser.rejectDraft(put.id, note: note) == rejected)
                    #expect(try await drafter.drafts() == [rejected])
                    #expect(try await drafter.draftRejection(put.id) == note)
                    let signature = try made.signature(of: FixtureWorld.deputy, in: box.world)
                    await expect("draft-rejected") { _ = try await releaser.signDraft(put.id, signature) }
                    await expect("draft-rejected") { _ = try await drafter.rejectDraft(put.id, note: [1]) }
                    await expect("oversized") { _ = try await releaser.rejectDraft(put.id, note: note + [0]) }
                    await expect("malformed") { _ = try await releaser.rejectDraft(put.id, note: []) }
                    try await drafter.withdrawDraft(put.id)
                    try await drafter.withdrawDraft(put.id)
                    #expect(try await releaser.drafts().isEmpty)
                    #expect(box.site.folder.names(in: "data/envelopes").isEmpty)
                }
            }
        }
    }

    @Test("for another party a draft does not exist")
    func opaque() async throws {
        try await RelayInABox.run { box in
            let made = try box.draft()
            let id = made.draft.id
            try await box.withClient(FixtureWorld.envoy) { drafter in
                let put = try await drafter.put(made)
                try await box.withClient(FixtureWorld.speaker) { stranger in
                    #expect(try await stranger.drafts().isEmpty)
                    let signature = try made.signature(of: FixtureWorld.deputy, in: box.world)
                    await expect("not-found") { _ = try await stranger.draft(id, limit: put.size) { _ in } }
                    await expect("not-found") { _ = try await stranger.signDraft(id, signature) }
                    await expect("not-found") { _ = try await stranger.rejectDraft(id, note: [1]) }
                    await expect("not-found") { _ = try await stranger.draftRejection(id) }
                    let deletion = try await box.signatureFields(.withdrawDraft(id), as: FixtureWorld.speaker)
                    let answer = try await box.exchange(
                        box.request("DELETE", Route.withdrawDraft(id).target, fields: deletion))
                    #expect(answer.status == 404)
                    #expect(try await drafter.drafts() == [put])
                }
            }
        }
    }

    @Test("only signatures of its signers count, and only its drafter withdraws it before they are all there")
    func wrongHands() async throws {
        try await RelayInABox.run { box in
            let made = try box.draft()
            try await box.withClient(FixtureWorld.envoy) { drafter in
                try await box.withClient(FixtureWorld.deputy) { releaser in
                    let put = try await drafter.put(made)
                    var wrong = try made.signature(of: FixtureWorld.deputy, in: box.world).signature
                    wrong[0] ^= 1
                    await expect("not-authenticated") {
                        _ = try await releaser.signDraft(
                            put.id, OpenSignature(signer: FixtureWorld.deputy, signature: wrong))
                    }
                    let foreign = try made.signature(of: FixtureWorld.speaker, in: box.world)
                    await expect("not-authenticated") { _ = try await releaser.signDraft(put.id, foreign) }
                    await expect("not-yours") { try await releaser.withdrawDraft(put.id) }
                    _ = try await releaser.signDraft(put.id, made.signature(of: FixtureWorld.deputy, in: box.world))
                    try await releaser.withdrawDraft(put.id)
                    #expect(try await drafter.drafts().isEmpty)
                }
            }
        }
    }

    @Test(
        "a draft that is not its drafter's, or was changed, leaves nothing behind",
        arguments: ["unsigned", "forged", "stranger", "payload", "late", "cut"])
    func refused(how: String) async throws {
        try await RelayInABox.run { box in
            var made = try box.draft(Self.content)
            var code = "not-authenticated"
            switch how {
            case "unsigned": made = try box.draft(Self.content, signed: [])
            case "forged": made = try box.draft(Self.content, signed: [FixtureWorld.envoy], by: FixtureWorld.deputy)
            case "stranger": made = try box.draft(Self.content, signers: [FixtureWorld.envoy, nobody])
            case "payload":
                made.file[made.file.count - 1] ^= 1
                code = "digest-mismatch"
            case "late":
                box.clock.pass(.hours(2))
                code = "too-late"
            default:
                made.file.removeLast()
                code = "malformed"
            }
            let problem = try Problem(parsing: try await box.put(made.file).body)
            #expect(problem.code == code)
            try await box.expectNoStagedFiles()
            #expect(try await box.store.drafts(of: FixtureWorld.envoy.party).isEmpty)
        }
    }

    @Test("a body that is not the one whose digest was signed is refused")
    func digest() async throws {
        try await RelayInABox.run { box in
            let made = try box.draft()
            #expect(try await box.put(made.file).status == 200)
            let route = Route.rejectDraft(made.draft.id)
            let fields = try await box.signatureFields(route, as: FixtureWorld.deputy, body: [1, 2, 3])
            let changed = try await box.exchange(box.request("POST", route.target, fields: fields, body: [1, 2, 4]))
            #expect(try Problem(parsing: changed.body).code == "content-digest")
            let without = try await box.signatureFields(route, as: FixtureWorld.deputy)
            let bare = try await box.exchange(box.request("POST", route.target, fields: without, body: [1]))
            #expect(try Problem(parsing: bare.body).code == "signature-missing")
            let uncovered = without + "Content-Digest: \(ContentDigest.value([1]))\r\n"
            let loose = try await box.exchange(box.request("POST", route.target, fields: uncovered, body: [1]))
            #expect(try Problem(parsing: loose.body).code == "signature-malformed")
        }
    }

    @Test("a shelf is bounded, survives a restart, and drops what can no longer be submitted")
    func bounds() async throws {
        let site = try RelaySite()
        try await RelayInABox.run(site) { box in
            for _ in 0..<64 { #expect(try await box.put(box.draft().file).status == 200) }
            let full = try await box.put(box.draft().file)
            #expect(try Problem(parsing: full.body).code == "drafts-full")
        }
        try await RelayInABox.run(site) { box in
            try await box.withClient(FixtureWorld.deputy) { client async throws in
                #expect(try await client.drafts().count == 64)
                box.clock.pass(.hours(2))
                await box.server.acts.round()
                #expect(try await client.drafts().isEmpty)
                #expect(site.folder.names(in: "data/envelopes").isEmpty)
            }
        }
    }

    /// A delegate that no charter lists.
    private let nobody = DelegateID("us-envoy/nobody").unsafelyUnwrapped

    private func expect(
        _ code: String, sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> Void
    ) async {
        let error = await #expect(throws: TransportError.self, sourceLocation: sourceLocation) { try await body() }
        #expect(error?.problem?.code == code, sourceLocation: sourceLocation)
    }
}

/// A draft of a real letter.
struct MadeDraft: Sendable {
    let letter: SealedLetter
    let draft: Draft
    var file: [UInt8]
    var headerCount: Int { file.count - letter.payload.count }
    var header: [UInt8] { Array(file.prefix(headerCount)) }

    func signature(of delegate: DelegateID, in world: FixtureWorld) throws -> OpenSignature {
        OpenSignature(signer: delegate, signature: try world.sign(draft.message, by: delegate))
    }
}

extension RelayClient {
    func put(_ made: MadeDraft, progress: TransferProgress? = nil) async throws -> DraftItem {
        try await putDraft(
            RealEnvelope.reading(made.file), size: UInt64(made.file.count), id: made.draft.id,
            payload: UInt64(made.letter.payload.count), progress: progress)
    }
}

extension RelayInABox {
    /// Sends a draft file, or what stands before its payload, in one request that a delegate signs.
    func put(
        _ bytes: [UInt8], as delegate: DelegateID = FixtureWorld.envoy, to route: Route = .putDraft
    ) async throws -> LoadConnection.Answer {
        try await exchange(
            request("POST", route.target, fields: try await signatureFields(route, as: delegate), body: bytes))
    }

    /// - Parameters:
    ///   - signed: whose signatures are there.
    ///   - key: whose key makes them, if not their own.
    func drafted(
        _ act: Act, signers: [DelegateID] = [FixtureWorld.envoy, FixtureWorld.deputy],
        signed: [DelegateID] = [FixtureWorld.envoy], by key: DelegateID? = nil
    ) throws -> Draft {
        let statement = Statement(
            charter: world.charter.id, party: FixtureWorld.envoy.party, signers: signers.map(\.name),
            madeAt: clock.now, submitBy: clock.now + .hours(1), seen: head, act: act)
        var draft = try Draft(statement)
        for delegate in signed {
            draft = try draft.adding(
                DraftSignature(
                    signer: delegate.name, signature: try world.sign(draft.message, by: key ?? delegate)))
        }
        return draft
    }

    func draft(
        _ text: [UInt8] = Array("Proposal".utf8),
        signers: [DelegateID] = [FixtureWorld.envoy, FixtureWorld.deputy],
        signed: [DelegateID] = [FixtureWorld.envoy], by key: DelegateID? = nil
    ) throws -> MadeDraft {
        let letter = try letter(text)
        let draft = try drafted(submission(letter), signers: signers, signed: signed, by: key)
        let header = try DraftWriter.header(draft, sealedKeys: letter.wrapped.sealedKeys)
        return MadeDraft(letter: letter, draft: draft, file: header + letter.payload)
    }
}
