import Relay
import Statements
import TestKit
import Testing
import Transport
import Wire

@Suite("Drafts over a bad network", .timeLimit(.minutes(3)))
struct DraftResumeTests {
    @Test("a draft that is cut at 50 random points is on the shelf as it was")
    func cuts() async throws {
        let seed = UInt64.random(in: 1...UInt64.max)
        try await ResumeTests.behindProxy { box, proxy in
            let made = try box.draft(ResumeTests.content)
            var random = LogNumbers(seed: seed)
            let size = made.file.count
            let progress = Progress()
            proxy.change { $0.cuts = (0..<50).map { _ in Int.random(in: 1...size / 20, using: &random) } }
            try await box.withClient(FixtureWorld.envoy, { $0.resumptions = 50 }) { client in
                var put: DraftItem?
                // The first connection may be cut before a byte came: that is for the caller to try again.
                while put == nil {
                    do {
                        put = try await client.put(made) { done, _ in progress.note(done) }
                    } catch let error as TransportError where error.code == .relayUnavailable {}
                }
                #expect(put?.id == made.draft.id, "seed \(seed)")
                #expect(put?.size == UInt64(size), "seed \(seed)")
                #expect(proxy.cutCount >= 20, "seed \(seed)")
                #expect(progress.resumed.max() ?? 0 > size / 3, "it began again each time, seed \(seed)")
            }
            proxy.change { $0.cuts = [] }
            try await box.expectShelved(made)
        }
    }

    @Test("a draft goes on where it was when the relay has been started again")
    func restart() async throws {
        let site = try RelaySite()
        let made = try await RelayInABox.run(site) { box in
            let made = try box.draft(ResumeTests.content)
            try await box.withClient(FixtureWorld.envoy, { $0.resumptions = 0 }) { client -> Void in
                await #expect(throws: GaveUp.self) {
                    try await client.putDraft(
                        { offset, count in
                            guard offset < 2_000_000 else { throw GaveUp() }
                            return try await RealEnvelope.reading(made.file)(offset, count)
                        }, size: UInt64(made.file.count), id: made.draft.id,
                        payload: UInt64(made.letter.payload.count))
                }
            }
            return made
        }
        try await RelayInABox.run(site) { box in
            let progress = Progress()
            try await box.withClient(FixtureWorld.envoy) { client in
                let put = try await client.put(made) { done, _ in progress.note(done) }
                #expect(put.id == made.draft.id)
                #expect(progress.first >= 1_500_000, "it began again at \(progress.first)")
                #expect(progress.last == UInt64(made.file.count))
                // To put it again gives the same, and sends nothing.
                let again = Progress()
                #expect(try await client.put(made) { done, _ in again.note(done) } == put)
                #expect(again.last == 0)
            }
            try await box.expectShelved(made)
        }
    }

    @Test("a small draft goes in one request")
    func small() async throws {
        try await RelayInABox.run { box in
            let made = try box.draft(FixtureWorld.bytes("a small attachment", 500_000))
            #expect(UInt64(made.file.count) <= RelayClient.onePieceLimit)
            let progress = Progress()
            try await box.withClient(FixtureWorld.envoy) { client async throws in
                _ = try await client.put(made) { done, _ in progress.note(done) }
            }
            // An upload in parts would have said first how far its header is.
            #expect(progress.first > UInt64(made.headerCount))
            try await box.expectShelved(made)
        }
    }
}
