import Daemon
import Relay
import Statements
import Store
import Synchronization
import TestKit
import Testing
import Wire

@Suite("The disk's floor", .timeLimit(.minutes(1)))
struct DiskFloorTests {
    /// A floor that is so many times what the disk has free now.
    private static func floor(_ factor: UInt64) throws -> UInt64 {
        let folder = try TemporaryFolder()
        return try #require(DiskSpace(of: folder.path)).free / 2 * factor * 2
    }

    private static func code(_ answer: LoadConnection.Answer) throws -> String {
        answer.status == 200 ? "accepted" : try Problem(parsing: answer.body).code
    }

    @Test("below it no content is taken, while receipts and reading go on")
    func content() async throws {
        let site = try RelaySite()
        let envelope = try await RelayInABox.run(site) { box in
            let envelope = try box.envelope(legs: [RelayInABox.toSpeaker])
            try await box.accept(envelope)
            return envelope
        }
        let floor = try Self.floor(2)
        try await RelayInABox.run(site, .watched { $0.diskFloor.bytes = floor }) { box in
            let answer = try await box.post(.submitEnvelope, box.envelope().bytes)
            #expect(answer.status == 503)
            #expect(try Self.code(answer) == "storage-low")
            #expect(answer.field("Retry-After") == "60")
            #expect(try Self.code(try await box.post(.beginUpload, [0])) == "storage-low")
            #expect(try Self.code(try await box.post(.putDraft, [0])) == "storage-low")
            try await box.tell(envelope.message, by: FixtureWorld.speaker) { .receipt($0, .retrieved) }
            #expect(try await box.get(.envelope(envelope.message), as: FixtureWorld.speaker).status == 200)
            let check = try await box.check("disk")
            #expect(check.state == .fail && check.sentence.contains("no new content is taken"), "\(check)")
            #expect(try await box.metrics()["valise_disk_floor_bytes"] == Double(floor))
        }
    }

    @Test("what is on its way when the disk grows full is refused, and leaves nothing but a part to go on from")
    func onItsWay() async throws {
        let left = Mutex(Int.max)
        let options = RelayInABox.Options.watched { settings in
            settings.diskReading.age = .zero
            settings.diskReading.space = { _ in
                let free: UInt64 = left.withLock { left in
                    left -= 1
                    return left >= 0 ? 1 << 40 : 0
                }
                return DiskSpace(free: free, size: 1 << 40)
            }
        }
        try await RelayInABox.run(nil, options) { box in
            let envelope = try box.envelope([UInt8](repeating: 7, count: 700_000))
            // The head, and the first piece that is written.
            left.withLock { $0 = 2 }
            #expect(try Self.code(try await box.post(.submitEnvelope, envelope.bytes)) == "storage-low")
            left.withLock { $0 = 2 }
            let draft = try box.draft([UInt8](repeating: 7, count: 700_000))
            #expect(try Self.code(try await box.put(draft.file)) == "storage-low")
            #expect(box.site.folder.names(in: "data/envelopes").isEmpty)
            left.withLock { $0 = Int.max }
            #expect(try await box.post(.beginUpload, envelope.header).status == 201)
            left.withLock { $0 = 2 }
            let part = try await box.patch(envelope, envelope.header.count..<envelope.bytes.count)
            #expect(try Self.code(part) == "storage-low")
            left.withLock { $0 = Int.max }
            let upload = try #require(try await box.store.upload(.envelope(envelope.message)))
            #expect(upload.offset > UInt64(envelope.header.count) && upload.offset < upload.size)
            _ = try box.accepted(try await box.patch(envelope, Int(upload.offset)..<envelope.bytes.count))
        }
    }

    @Test("below a quarter of it nothing is taken, while reading and the relay's own ticks go on")
    func everything() async throws {
        let floor = try Self.floor(8)
        var options = RelayInABox.Options.watched { $0.diskFloor.bytes = floor }
        options.publishesKeys = false
        try await RelayInABox.run(nil, options) { box in
            let signed = try box.sign(
                .keyPublication(box.publication(of: FixtureWorld.envoy)), by: FixtureWorld.envoy)
            #expect(try Self.code(try await box.post(.submitStatement, signed.derBytes())) == "storage-low")
            let before = box.head.size
            box.clock.pass(.minutes(11))
            await box.round()
            #expect(box.head.size > before)
            #expect(try await box.get(.charter, as: FixtureWorld.envoy).status == 200)
            #expect(try await box.check("disk").sentence.contains("nothing is taken any more"))
        }
    }

    @Test("the default is 5 % of the disk, and at most 1 GiB")
    func defaults() {
        #expect(DiskFloor().content(of: 100 << 20) == 5 << 20)
        #expect(DiskFloor().content(of: 1 << 40) == 1 << 30)
        #expect(DiskFloor().statements(of: 1 << 40) == 1 << 28)
        #expect(DiskFloor(bytes: 4_000).content(of: 1 << 40) == 4_000)
    }
}
