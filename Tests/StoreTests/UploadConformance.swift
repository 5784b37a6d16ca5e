import Ledger
import Rules
import Statements
import Store
import TestKit
import Testing

@Suite("A store keeps uploads in parts")
struct UploadConformance {
    static let id = UploadID.envelope(MessageID(Hash.sha256([1])))
    static let party = FixtureWorld.envoy.party
    static let bytes = FixtureWorld.bytes("an upload", 300_000)

    static func upload(
        _ id: UploadID = id, party: PartyID = party, expires: Timestamp = Timestamp(milliseconds: 1_000)
    ) -> NewUpload {
        NewUpload(id: id, party: party, size: UInt64(bytes.count), expires: expires, header: Array(bytes[..<1_000]))
    }

    @Test("a party has no more, and no larger ones together, than its room", arguments: StoreDriver.all)
    func room(driver: StoreDriver) async throws {
        let place = try driver.makePlace()
        defer { place.remove() }
        try await place.withStore { store in
            try await store.addUpload(Self.upload(), room: PartyRoom(count: 1, bytes: 300_000))
            let next = Self.upload(.envelope(MessageID(Hash.sha256([9]))))
            for room in [PartyRoom(count: 1, bytes: .max), PartyRoom(count: 2, bytes: 599_999)] {
                let error = await #expect(throws: StoreError.self) { try await store.addUpload(next, room: room) }
                #expect(error?.code == .noRoom)
            }
            #expect(try await store.upload(next.id) == nil)
            try await store.addUpload(next, room: PartyRoom(count: 2, bytes: 600_000))
            #expect(try await store.upload(next.id) != nil)
        }
    }

    @Test("an envelope and a draft of one statement are two uploads, of one party's room", arguments: StoreDriver.all)
    func kinds(driver: StoreDriver) async throws {
        let place = try driver.makePlace()
        defer { place.remove() }
        let draft = UploadID.draft(StatementID(Hash.sha256([1])))
        try await place.twice({ store in
            let room = PartyRoom(count: 2, bytes: .max)
            try await store.addUpload(Self.upload(), room: room)
            try await store.addUpload(Self.upload(draft, expires: Timestamp(milliseconds: 900)), room: room)
            let third = Self.upload(.draft(StatementID(Hash.sha256([9]))))
            try await expect(.noRoom) { try await store.addUpload(third, room: room) }
            try await store.appendUpload(draft, Array(Self.bytes[1_000..<2_000]), at: 1_000)
            try await store.syncUpload(draft, to: 2_000, expires: Timestamp(milliseconds: 900))
        }) { store async throws in
            #expect(try await store.upload(Self.id)?.offset == 1_000)
            #expect(try await store.upload(draft)?.offset == 2_000)
            #expect(try await store.uploadBytes(draft, 0..<4_000) == Array(Self.bytes[..<2_000]))
            #expect(try await Set(store.uploads(expiredAt: Timestamp(milliseconds: 1_000))) == [Self.id, draft])
            #expect(try await store.uploads(expiredAt: Timestamp(milliseconds: 900)) == [draft])
        }
        try await place.withStore { store async throws in
            try await store.removeUpload(draft)
            #expect(try await store.upload(draft) == nil)
            #expect(try await store.uploadBytes(Self.id, 0..<4_000) == Array(Self.bytes[..<1_000]))
        }
    }

    @Test("what was synced is there after reopening, what was not is written again", arguments: StoreDriver.all)
    func durable(driver: StoreDriver) async throws {
        let place = try driver.makePlace()
        defer { place.remove() }
        let later = Timestamp(milliseconds: 2_000)
        try await place.twice({ store in
            #expect(try await store.upload(Self.id) == nil)
            try await store.addUpload(Self.upload(), room: .unlimited)
            #expect(try await store.upload(Self.id)?.offset == 1_000)
            try await store.appendUpload(Self.id, Array(Self.bytes[1_000..<150_000]), at: 1_000)
            try await store.syncUpload(Self.id, to: 150_000, expires: later)
            try await store.appendUpload(Self.id, [9, 9, 9], at: 150_000)
        }) { store async throws in
            let stands = StoredUpload(
                id: Self.id, party: Self.party, size: 300_000, offset: 150_000, expires: later)
            #expect(try await store.upload(Self.id) == stands)
            #expect(try await store.uploadBytes(Self.id, 0..<400_000) == Array(Self.bytes[..<150_000]))
            #expect(try await store.uploadBytes(Self.id, 150_000..<150_010).isEmpty)
        }
        try await place.withStore { store in
            // To begin it again changes nothing.
            try await store.addUpload(Self.upload(), room: .unlimited)
            #expect(try await store.upload(Self.id)?.offset == 150_000)
            try await store.appendUpload(Self.id, Array(Self.bytes[150_000...]), at: 150_000)
            try await store.syncUpload(Self.id, to: 300_000, expires: later)
            #expect(try await store.uploadBytes(Self.id, 0..<400_000) == Self.bytes)
        }
    }

    @Test(
        "bytes before the synced ones or behind the end are refused, and so is a sync there", arguments: StoreDriver.all
    )
    func order(driver: StoreDriver) async throws {
        let place = try driver.makePlace()
        defer { place.remove() }
        try await place.withStore { store in
            try await store.addUpload(Self.upload(), room: .unlimited)
            let time = Timestamp(milliseconds: 1)
            try await expect(.conflict) { try await store.appendUpload(Self.id, [1], at: 999) }
            try await expect(.conflict) { try await store.appendUpload(Self.id, [1, 2], at: 299_999) }
            try await expect(.conflict) { try await store.appendUpload(Self.id, [1], at: .max) }
            try await expect(.conflict) { try await store.syncUpload(Self.id, to: 999, expires: time) }
            try await expect(.conflict) { try await store.syncUpload(Self.id, to: 300_001, expires: time) }
            try await expect(.damaged) { try await store.syncUpload(Self.id, to: 2_000, expires: time) }
            try await expect(.conflict) { _ = try await store.stageUpload(Self.id) }
            let other = UploadID.envelope(MessageID(Hash.sha256([2])))
            try await expect(.notFound) { try await store.appendUpload(other, [1], at: 0) }
            try await expect(.notFound) { try await store.syncUpload(other, to: 1, expires: time) }
            try await expect(.notFound) { _ = try await store.uploadBytes(other, 0..<1) }
            try await expect(.notFound) { _ = try await store.stageUpload(other) }
            try await store.removeUpload(other)
        }
    }

    @Test("a whole upload becomes an envelope, and removing it leaves that", arguments: StoreDriver.all)
    func committed(driver: StoreDriver) async throws {
        let place = try driver.makePlace()
        defer { place.remove() }
        var log = try LogFixture(world: FixtureWorld())
        let keys = try log.batch([log.publishKey(FixtureWorld.speaker)])
        let leg = Leg(intermediaries: [], recipient: FixtureWorld.speaker.party)
        try await place.twice({ store in
            for batch in [log.founding, keys] { try await store.commit(batch) }
            try await store.addUpload(Self.upload(), room: .unlimited)
            try await store.appendUpload(Self.id, Array(Self.bytes[1_000...]), at: 1_000)
            try await store.syncUpload(Self.id, to: 300_000, expires: Timestamp(milliseconds: 1))
            let staged = try await store.stageUpload(Self.id)
            let item = try log.submit(
                by: FixtureWorld.envoy, legs: [leg], payload: Int(staged.size), envelope: .staged(staged))
            try await store.commit(log.batch([item]))
            try await store.removeUpload(Self.id)
        }) { store async throws in
            #expect(try await store.upload(Self.id) == nil)
            let message = try #require(
                try await store.inbox(FixtureWorld.speaker.party, after: ArrivalNumber(0), limit: 1).first
            ).message
            #expect(try await store.envelope(message, 0..<400_000) == Self.bytes)
        }
    }

    @Test("uploads expire, and removing one removes its file", arguments: StoreDriver.all)
    func expiry(driver: StoreDriver) async throws {
        let place = try driver.makePlace()
        defer { place.remove() }
        try await place.withStore { store in
            try await store.addUpload(Self.upload(), room: .unlimited)
            let other = UploadID.envelope(MessageID(Hash.sha256([2])))
            try await store.addUpload(
                Self.upload(other, expires: Timestamp(milliseconds: 5_000)), room: .unlimited)
            #expect(try await store.uploads(expiredAt: Timestamp(milliseconds: 999)).isEmpty)
            #expect(try await store.uploads(expiredAt: Timestamp(milliseconds: 1_000)) == [Self.id])
            try await store.removeUpload(Self.id)
            #expect(try await store.upload(Self.id) == nil)
            #expect(try await store.upload(other) != nil)
            if let folder = (place as? SQLitePlace)?.store {
                #expect(SQLitePlace.names(folder + "/envelopes").count == 1)
            }
        }
    }
}
