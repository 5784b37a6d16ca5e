import Audit
import Ledger
import Relay
import Statements
import Store
import TestKit
import Testing
import Transport
import Wire

@Suite("Drafts in parts", .timeLimit(.minutes(1)))
struct DraftPartsTests {
    private static let content = FixtureWorld.bytes("a drafted attachment", 700_000)
    private static let party = FixtureWorld.envoy.party

    @Test("parts add up to a draft on the shelf, and it is shown again to whoever begins it again")
    func parts() async throws {
        try await RelayInABox.run { box in
            let made = try box.draft(Self.content)
            let (id, size) = (made.draft.id, made.file.count)
            let begun = try await box.begin(made)
            #expect(begun.status == 201)
            #expect(begun.field("location") == "/v1/drafts/uploads/\(id)")
            #expect(begun.field("upload-offset") == String(made.headerCount))
            #expect(begun.field("upload-complete") == "?0")

            let half = size / 2
            let part = try await box.patch(made, made.headerCount..<half)
            #expect(part.status == 204)
            #expect(part.field("upload-offset") == String(half))
            #expect(try await box.store.drafts(of: Self.party).isEmpty)
            #expect(try await box.begin(made).status == 200)
            // A colleague sees it and may go on; for another party it is not there.
            #expect(try await box.head(.draftUpload(id), as: FixtureWorld.deputy).field("upload-offset") == "\(half)")
            #expect(try await box.head(.draftUpload(id), as: FixtureWorld.speaker).status == 404)
            #expect(try await box.patch(made, half..<size, as: FixtureWorld.speaker).status == 404)

            let last = try await box.patch(made, half..<size, as: FixtureWorld.deputy)
            #expect(last.field("upload-complete") == "?1")
            let shown = try DraftsView(parsing: last.body)
            #expect(shown.drafts.map(\.id) == [id])
            #expect(shown.drafts.first?.missing == [FixtureWorld.deputy.name])
            #expect(shown.drafts.first?.size == UInt64(size))
            let again = try await box.begin(made)
            #expect(again.field("upload-complete") == "?1")
            #expect(again.body == last.body)
            #expect(try await box.head(.draftUpload(id), as: FixtureWorld.envoy).status == 404)
            try await box.expectShelved(made)
        }
    }

    @Test("one is refused before its payload comes", arguments: ["forged", "trailing", "late", "full"])
    func early(how: String) async throws {
        try await RelayInABox.run { box in
            var made = try box.draft(Self.content)
            var trailing: [UInt8] = []
            var code = "not-authenticated"
            switch how {
            case "forged": made = try box.draft(Self.content, by: FixtureWorld.deputy)
            case "trailing":
                trailing = [0]
                code = "malformed"
            case "late":
                box.clock.pass(.hours(2))
                code = "too-late"
            default:
                for _ in 0..<64 { #expect(try await box.put(box.draft().file).status == 200) }
                code = "drafts-full"
            }
            let answer = try await box.put(made.header + trailing, to: .beginDraftUpload)
            #expect(try Problem(parsing: answer.body).code == code)
            #expect(try await box.uploadsBegun.isEmpty)
        }
    }

    @Test("the envelope of the same statement goes its own way meanwhile")
    func besideItsEnvelope() async throws {
        try await RelayInABox.run { box in
            let made = try box.draft(Self.content)
            #expect(try await box.begin(made).status == 201)
            let signatures = try [FixtureWorld.envoy, FixtureWorld.deputy].map {
                try made.signature(of: $0, in: box.world).signature
            }
            let complete = try SignedStatement(statementBytes: made.draft.statementBytes, signatures: signatures)
            let envelope = try RealEnvelope(made.letter, signed: complete)
            let begun = try await box.post(.beginUpload, envelope.header)
            #expect(begun.status == 201)
            #expect(begun.field("upload-offset") == String(envelope.header.count))
            _ = try box.accepted(try await box.patch(envelope, envelope.header.count..<envelope.bytes.count))
            #expect(try await box.patch(made, made.headerCount..<made.file.count).status == 200)
            await box.server.acts.round()
            #expect(try await box.store.drafts(of: Self.party).isEmpty)
            #expect(box.site.folder.names(in: "data/envelopes").count == 1)
            #expect(try await box.audit().report.isGood)
        }
    }

    @Test("a payload that was not signed, or a time that is over, ends the upload", arguments: ["changed", "late"])
    func ended(how: String) async throws {
        try await RelayInABox.run { box in
            var made = try box.draft(Self.content)
            #expect(try await box.begin(made).status == 201)
            let good = made.file
            // Short of the sweep's grace, which would end it too.
            if how == "late" { box.clock.pass(.minutes(62)) } else { made.file[made.file.count - 1] ^= 1 }
            let answer = try await box.patch(made, made.headerCount..<made.file.count)
            #expect(try Problem(parsing: answer.body).code == (how == "late" ? "too-late" : "digest-mismatch"))
            #expect(try await box.uploadsBegun.isEmpty)
            #expect(try await box.store.drafts(of: Self.party).isEmpty)
            #expect(box.site.folder.names(in: "data/envelopes").isEmpty)
            guard how == "changed" else { return }
            made.file = good
            #expect(try await box.begin(made).status == 201)
            #expect(try await box.patch(made, made.headerCount..<made.file.count).status == 200)
        }
    }

    @Test("a shelf that is full at the end keeps the bytes, and an empty part tries again")
    func fullAtTheEnd() async throws {
        try await RelayInABox.run { box in
            let made = try box.draft(Self.content)
            for _ in 0..<63 { #expect(try await box.put(box.draft().file).status == 200) }
            #expect(try await box.begin(made).status == 201)
            let other = try box.draft()
            #expect(try await box.put(other.file).status == 200)
            let size = made.file.count
            let full = try await box.patch(made, made.headerCount..<size)
            #expect(full.status == 429)
            #expect(try Problem(parsing: full.body).code == "drafts-full")
            try await box.withClient(FixtureWorld.envoy) { try await $0.withdrawDraft(other.draft.id) }
            #expect(try await box.patch(made, size..<size).field("upload-complete") == "?1")
            try await box.expectShelved(made)
        }
    }

    @Test("envelopes and drafts share what a party may have begun, and expire alike")
    func bounds() async throws {
        try await RelayInABox.run { box in
            for _ in 0..<15 { #expect(try await box.post(.beginUpload, box.envelope().header).status == 201) }
            #expect(try await box.begin(box.draft(Self.content)).status == 201)
            let full = try await box.begin(box.draft(Self.content))
            #expect(try Problem(parsing: full.body).code == "uploads-full")
            box.clock.pass(.hours(2))
            await box.server.acts.round()
            #expect(box.site.folder.names(in: "data/envelopes").isEmpty)
            #expect(try await box.begin(box.draft(Self.content)).status == 201)
        }
    }

    @Test("an unfinished one is there after a restart of the relay")
    func restart() async throws {
        let site = try RelaySite()
        let (made, half) = try await RelayInABox.run(site) { box in
            let made = try box.draft(Self.content)
            let half = made.file.count / 2
            #expect(try await box.begin(made).status == 201)
            #expect(try await box.patch(made, made.headerCount..<half).status == 204)
            return (made, half)
        }
        try await RelayInABox.run(site) { box in
            #expect(try await box.begin(made).field("upload-offset") == String(half))
            #expect(try await box.patch(made, half..<made.file.count).status == 200)
            try await box.expectShelved(made)
        }
    }
}

extension RelayInABox {
    /// Every upload that the store has, whosever it is.
    var uploadsBegun: [UploadID] {
        get async throws { try await store.uploads(expiredAt: Timestamp(milliseconds: .max)) }
    }

    func begin(
        _ made: MadeDraft, as delegate: DelegateID = FixtureWorld.envoy
    ) async throws -> LoadConnection.Answer {
        try await put(made.header, as: delegate, to: .beginDraftUpload)
    }

    func patch(
        _ made: MadeDraft, _ range: Range<Int>, as delegate: DelegateID = FixtureWorld.envoy
    ) async throws -> LoadConnection.Answer {
        let route = Route.continueDraftUpload(made.draft.id)
        let fields = try await signatureFields(route, as: delegate) + "Upload-Offset: \(range.lowerBound)\r\n"
        return try await exchange(request("PATCH", route.target, fields: fields, body: Array(made.file[range])))
    }

    /// That a draft is on the shelf byte for byte, and that nothing of its upload is left beside it.
    func expectShelved(_ made: MadeDraft) async throws {
        let party = FixtureWorld.envoy.party
        #expect(try await store.draft(made.draft.id) != nil)
        #expect(try await uploadsBegun.isEmpty)
        #expect(try await site.folder.names(in: "data/envelopes").count == store.drafts(of: party).count)
        try await withClient(FixtureWorld.deputy) { releaser in
            var file: [UInt8] = []
            _ = try await releaser.draft(made.draft.id, limit: UInt64(made.file.count)) { file += $0 }
            #expect(file == made.file)
        }
    }
}
