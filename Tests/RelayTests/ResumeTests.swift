import Audit
import Daemon
import Envelope
import NIOCore
import Relay
import Statements
import TestKit
import Testing
import Transport
import Wire

@Suite("Transfers over a bad network", .timeLimit(.minutes(3)))
struct ResumeTests {
    static let content = FixtureWorld.bytes("a large attachment", 3_000_000)

    /// A relay behind a proxy, with a large envelope.
    static func behindProxy(
        _ site: RelaySite? = nil, _ conduct: CuttingProxy.Conduct = .init(), _ options: RelayInABox.Options = .init(),
        _ body: @Sendable (RelayInABox, CuttingProxy) async throws -> Void
    ) async throws {
        let site = try site ?? RelaySite(isBehindProxy: true)
        try await RelayInABox.run(site, options) { box in
            try await CuttingProxy.run(port: site.port, to: site.relayPort, conduct) { try await body(box, $0) }
        }
    }

    static func retrieved(_ box: RelayInABox, _ content: [UInt8] = content) async throws -> RealEnvelope {
        let envelope = try box.envelope(content, legs: [RelayInABox.toSpeaker])
        try await box.accept(envelope)
        try await box.tell(envelope.message, by: FixtureWorld.speaker) { .receipt($0, .retrieved) }
        return envelope
    }

    @Test("a download that is cut at 50 random points gives the same bytes")
    func downloadCuts() async throws {
        let seed = UInt64.random(in: 1...UInt64.max)
        try await Self.behindProxy { box, proxy in
            let envelope = try await Self.retrieved(box)
            let size = envelope.bytes.count
            // Between two cuts the handshake and some of the file come through; all of them fit into the file.
            var random = LogNumbers(seed: seed)
            proxy.change { $0.cuts = (0..<50).map { _ in Int.random(in: 1...size / 25, using: &random) } }
            try await box.withClient(FixtureWorld.speaker, { $0.resumptions = 50 }) { client in
                var bytes: [UInt8] = []
                // The first connection may be cut before a byte came: that is for the caller to try again.
                var whole: UInt64?
                while whole == nil {
                    do {
                        whole = try await client.downloadEnvelope(
                            envelope.message, from: UInt64(bytes.count), limit: UInt64(size)
                        ) { bytes += $0 }
                    } catch let error as TransportError where error.code == .relayUnavailable {}
                }
                #expect(whole == UInt64(size))
                #expect(bytes == envelope.bytes, "seed \(seed)")
                #expect(proxy.cutCount == 50, "seed \(seed)")
            }
        }
    }

    @Test("an upload that is cut at 50 random points is accepted, and is stored as it was")
    func uploadCuts() async throws {
        let seed = UInt64.random(in: 1...UInt64.max)
        try await Self.behindProxy { box, proxy in
            let envelope = try box.envelope(Self.content, legs: [RelayInABox.toSpeaker])
            var random = LogNumbers(seed: seed)
            let size = envelope.bytes.count
            proxy.change { $0.cuts = (0..<50).map { _ in Int.random(in: 1...size / 20, using: &random) } }
            try await box.withClient(FixtureWorld.envoy, { $0.resumptions = 50 }) { client in
                var accepted: AcceptedStatement?
                while accepted == nil {
                    do {
                        accepted = try await client.submit(
                            envelope: envelope.reading, size: UInt64(size), submission: envelope.signed)
                    } catch let error as TransportError where error.code == .relayUnavailable {}
                }
                #expect(accepted?.signed == envelope.signed)
                #expect(proxy.cutCount >= 20, "seed \(seed)")
            }
            try await box.tell(envelope.message, by: FixtureWorld.speaker) { .receipt($0, .retrieved) }
            #expect(try await box.get(.envelope(envelope.message), as: FixtureWorld.speaker).body == envelope.bytes)
            #expect(box.site.folder.names(in: "data/envelopes").count == 1)
            #expect(try await box.audit().report.isGood)
        }
    }

    @Test("an upload goes on where it was when the relay has been started again")
    func restart() async throws {
        let site = try RelaySite()
        let offset = Progress()
        let envelope = try await RelayInABox.run(site) { box in
            let envelope = try box.envelope(Self.content)
            try await box.withClient(FixtureWorld.envoy, { $0.resumptions = 0 }) { client -> Void in
                // The source gives out in the middle: as far as it came, the relay keeps it.
                await #expect(throws: GaveUp.self) {
                    try await client.submit(
                        envelope: { offset, count in
                            guard offset < 2_000_000 else { throw GaveUp() }
                            return try await envelope.reading(offset, count)
                        }, size: UInt64(envelope.bytes.count), submission: envelope.signed)
                }
            }
            return envelope
        }
        try await RelayInABox.run(site) { box in
            try await box.withClient(FixtureWorld.envoy) { client in
                let accepted = try await client.submit(
                    envelope: envelope.reading, size: UInt64(envelope.bytes.count), submission: envelope.signed
                ) { done, _ in offset.note(done) }
                #expect(accepted.signed == envelope.signed)
                #expect(offset.first >= 1_500_000, "it began again at \(offset.first)")
                #expect(offset.last == UInt64(envelope.bytes.count))
                // To hand it over again gives the same acceptance.
                let again = try await client.submit(
                    envelope: envelope.reading, size: UInt64(envelope.bytes.count), submission: envelope.signed)
                #expect(again.entry.index == accepted.entry.index)
            }
            #expect(try await box.audit().report.isGood)
        }
    }

    @Test("a transfer waits while the link is down, and goes on when it is up")
    func linkDown() async throws {
        try await Self.behindProxy { box, proxy in
            let envelope = try await Self.retrieved(box)
            try await box.withClient(FixtureWorld.speaker, { $0.resumptions = 200 }) { client in
                var bytes: [UInt8] = []
                var isRaised: Task<Void, any Error>?
                _ = try await client.downloadEnvelope(envelope.message, limit: UInt64(envelope.bytes.count)) { piece in
                    bytes += piece
                    guard isRaised == nil, bytes.count > 1_000_000 else { return }
                    proxy.lower()
                    isRaised = Task {
                        try await Task.sleep(for: .milliseconds(500))
                        proxy.raise()
                    }
                }
                #expect(bytes == envelope.bytes)
            }
        }
    }

    @Test("a relay that is away is told at once, whatever the size")
    func away() async throws {
        try await Self.behindProxy { box, proxy in
            let envelope = try box.envelope(Self.content)
            proxy.lower()
            let patient: (inout RelayClient.Options) -> Void = {
                $0.firstPause = .seconds(60)
                $0.longestPause = .seconds(60)
            }
            try await box.withClient(FixtureWorld.envoy, patient) { client in
                let error = await #expect(throws: TransportError.self) {
                    try await client.submit(
                        envelope: envelope.reading, size: UInt64(envelope.bytes.count), submission: envelope.signed)
                }
                #expect(error?.code == .relayUnavailable)
            }
        }
    }

    @Test("a download that lasts longer than the idle limit is not cut")
    func slowDownload() async throws {
        var conduct = CuttingProxy.Conduct()
        conduct.delay = .milliseconds(80)
        let options = RelayInABox.Options {
            $0.connections.idle = .seconds(1)
            $0.publishesKeys = false
        }
        let site = try RelaySite(isBehindProxy: true)
        // Nothing but the download is under the short limit.
        let envelope = try await RelayInABox.run(site) {
            try await Self.retrieved($0, FixtureWorld.bytes("a longer one", 6_000_000))
        }
        try await Self.behindProxy(site, conduct, options) { box, proxy in
            try await box.withClient(FixtureWorld.speaker, { $0.resumptions = 0 }) { client in
                var bytes: [UInt8] = []
                let begin = ContinuousClock.now
                _ = try await client.downloadEnvelope(envelope.message, limit: UInt64(envelope.bytes.count)) {
                    bytes += $0
                }
                #expect(bytes == envelope.bytes)
                #expect(ContinuousClock.now - begin > .seconds(3), "it was too fast to show anything")
                #expect(proxy.cutCount == 0)
            }
        }
    }
}

/// The source of an upload went away.
struct GaveUp: Error {}
