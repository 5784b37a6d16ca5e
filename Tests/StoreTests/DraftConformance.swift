import Ledger
import Rules
import Statements
import Store
import TestKit
import Testing

@Suite("A store keeps drafts")
struct DraftConformance {
    private static let file = FixtureWorld.bytes("a draft file", 200_000)

    /// A draft of two signers; another one for each number.
    private static func draft(_ number: Int = 0, signed: [DelegateID] = [FixtureWorld.envoy]) throws -> StoredDraft {
        let log = try LogFixture(world: FixtureWorld())
        let message = MessageID(Hash.sha256([UInt8(number)]))
        let leg = try #require(LegNumber(0))
        let statement = Statement(
            charter: log.world.charter.id, party: FixtureWorld.envoy.party,
            signers: [FixtureWorld.envoy.name, FixtureWorld.deputy.name], madeAt: log.now,
            submitBy: log.now + .hours(1), seen: log.head,
            act: .conveyance(LegReference(message: message, leg: leg)))
        let bytes = try statement.derBytes()
        return StoredDraft(
            id: StatementID(Label.statementID.hash(bytes)), statementBytes: bytes, statement: statement,
            size: UInt64(file.count), signatures: signed.map { signature(of: $0) })
    }

    private static func signature(of delegate: DelegateID) -> OpenSignature {
        OpenSignature(signer: delegate, signature: FixtureWorld.bytes("signature of \(delegate)", 64))
    }

    private static func put(_ draft: StoredDraft, in store: any Store) async throws -> Bool {
        let staged = try await EnvelopeConformance.stage(Self.file, in: store)
        return try await store.addDraft(draft, file: staged, room: .unlimited)
    }

    @Test("a party has no more drafts than its room", arguments: StoreDriver.all)
    func room(driver: StoreDriver) async throws {
        let place = try driver.makePlace()
        defer { place.remove() }
        try await place.withStore { store in
            let (first, second) = (try Self.draft(0), try Self.draft(1))
            let room = PartyRoom(count: 1, bytes: .max)
            let (one, two) = (
                try await EnvelopeConformance.stage(Self.file, in: store),
                try await EnvelopeConformance.stage(Self.file, in: store)
            )
            #expect(try await store.addDraft(first, file: one, room: room))
            let error = await #expect(throws: StoreError.self) {
                try await store.addDraft(second, file: two, room: room)
            }
            #expect(error?.code == .noRoom)
            #expect(try await store.draft(second.id) == nil)
        }
    }

    @Test("a draft is given back with its file, its signatures and its rejection", arguments: StoreDriver.all)
    func kept(driver: StoreDriver) async throws {
        let place = try driver.makePlace()
        defer { place.remove() }
        let (first, second) = (try Self.draft(0), try Self.draft(1))
        let rejection = StoredDraft.Rejection(by: FixtureWorld.deputy.name, at: Timestamp(milliseconds: 7))
        try await place.twice({ store in
            #expect(try await Self.put(first, in: store))
            #expect(try await Self.put(second, in: store))
            #expect(try await store.draft(first.id) == first)
            try await store.signDraft(first.id, Self.signature(of: FixtureWorld.deputy))
            // The first signature and the first rejection stay.
            let other = OpenSignature(signer: FixtureWorld.deputy, signature: FixtureWorld.bytes("other", 64))
            try await store.signDraft(first.id, other)
            #expect(try await store.draftNote(second.id) == nil)
            try await store.rejectDraft(second.id, rejection, note: [1, 2, 3])
            try await store.rejectDraft(
                second.id, .init(by: FixtureWorld.envoy.name, at: Timestamp(milliseconds: 8)), note: [4])
        }) { store async throws in
            let expected = try Self.draft(0, signed: [FixtureWorld.envoy, FixtureWorld.deputy])
            #expect(try await store.draft(first.id) == expected)
            let drafts = try await store.drafts(of: FixtureWorld.envoy.party)
            #expect(drafts.map(\.id) == [first.id, second.id])
            #expect(drafts.last?.rejection == rejection)
            #expect(try await store.draftNote(second.id) == [1, 2, 3])
            #expect(try await store.drafts(of: FixtureWorld.speaker.party).isEmpty)
            #expect(try await store.draftBytes(first.id, 0..<400_000) == Self.file)
            #expect(try await store.draftBytes(first.id, 199_990..<199_995) == Array(Self.file[199_990..<199_995]))
        }
    }

    @Test("to put a draft again changes nothing, and its second file can be discarded", arguments: StoreDriver.all)
    func repeated(driver: StoreDriver) async throws {
        let place = try driver.makePlace()
        defer { place.remove() }
        try await place.withStore { store in
            let draft = try Self.draft()
            #expect(try await Self.put(draft, in: store))
            let writer = try await store.stageEnvelope()
            try await writer.write(Self.file)
            #expect(try await !store.addDraft(draft, file: writer.finish(), room: .unlimited))
            await writer.discard()
            #expect(try await store.draftBytes(draft.id, 0..<10) == Array(Self.file[..<10]))
            if let folder = (place as? SQLitePlace)?.store {
                #expect(SQLitePlace.names(folder + "/envelopes").count == 1)
            }
        }
    }

    @Test("a whole upload becomes a draft, whose file goes only with the last of both", arguments: StoreDriver.all)
    func uploaded(driver: StoreDriver) async throws {
        let place = try driver.makePlace()
        defer { place.remove() }
        let draft = try Self.draft()
        let id = UploadID.draft(draft.id)
        try await place.twice({ store in
            try await store.addUpload(
                NewUpload(
                    id: id, party: draft.statement.party, size: draft.size, expires: Timestamp(milliseconds: 1),
                    header: Self.file),
                room: .unlimited)
            let staged = try await store.stageUpload(id)
            #expect(try await store.addDraft(draft, file: staged, room: .unlimited))
            try await store.removeUpload(id)
        }) { store async throws in
            #expect(try await store.upload(id) == nil)
            #expect(try await store.draft(draft.id) == draft)
            #expect(try await store.draftBytes(draft.id, 0..<400_000) == Self.file)
        }
        try await place.withStore { store async throws in
            try await store.removeDraft(draft.id)
            if let folder = (place as? SQLitePlace)?.store {
                #expect(SQLitePlace.names(folder + "/envelopes").isEmpty)
            }
        }
    }

    @Test("a draft is settled when its time is over or its statement is in the log", arguments: StoreDriver.all)
    func settled(driver: StoreDriver) async throws {
        let place = try driver.makePlace()
        defer { place.remove() }
        try await place.withStore { store in
            let draft = try Self.draft()
            #expect(try await Self.put(draft, in: store))
            let end = draft.statement.submitBy
            #expect(try await store.settledDrafts(at: end).isEmpty)
            #expect(try await store.settledDrafts(at: end + TimeSpan(milliseconds: 1)) == [draft.id])

            var log = try LogFixture(world: FixtureWorld())
            try await store.commit(log.founding)
            let item = try log.publishKey(FixtureWorld.envoy)
            let logged = StoredDraft(
                id: item.signed.id, statementBytes: item.signed.statementBytes, statement: item.signed.statement,
                size: UInt64(Self.file.count), signatures: [])
            #expect(try await Self.put(logged, in: store))
            #expect(try await store.settledDrafts(at: log.now).isEmpty)
            try await store.commit(log.batch([item]))
            #expect(try await store.settledDrafts(at: log.now) == [logged.id])
            try await store.removeDraft(logged.id)
            #expect(try await store.draft(logged.id) == nil)
            #expect(try await store.drafts(of: FixtureWorld.envoy.party).map(\.id) == [draft.id])
        }
    }

    @Test("what nobody put is not found", arguments: StoreDriver.all)
    func unknown(driver: StoreDriver) async throws {
        let place = try driver.makePlace()
        defer { place.remove() }
        try await place.withStore { store in
            let id = StatementID(Hash.sha256([3]))
            #expect(try await store.draft(id) == nil)
            #expect(try await store.draftNote(id) == nil)
            try await expect(.notFound) { _ = try await store.draftBytes(id, 0..<1) }
            try await expect(.notFound) { try await store.signDraft(id, Self.signature(of: FixtureWorld.envoy)) }
            try await expect(.notFound) {
                try await store.rejectDraft(
                    id, .init(by: FixtureWorld.envoy.name, at: Timestamp(milliseconds: 1)), note: [1])
            }
            try await store.removeDraft(id)
            let missing = StagedEnvelope(name: String(repeating: "0", count: 32), size: 3)
            try await expect(.notFound) { _ = try await store.addDraft(Self.draft(), file: missing, room: .unlimited) }
        }
    }
}
