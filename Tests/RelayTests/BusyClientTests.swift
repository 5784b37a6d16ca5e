import Daemon
import Relay
import Statements
import TestKit
import Testing
import Transport
import Wire

@Suite("A client whose relay is busy", .timeLimit(.minutes(2)))
struct BusyClientTests {
    /// How a client hands an envelope in.
    enum Way: CaseIterable { case whole, streamed, parts }

    private static func options(_ set: @escaping @Sendable (inout PartyLimits) -> Void) -> RelayInABox.Options {
        .watched { set(&$0.limits.parties) }
    }

    private static func limited(_ limit: ServiceLimit, _ box: RelayInABox) async throws -> Double {
        try #require(try await box.metrics()[#"valise_limited_total{limit="\#(limit.rawValue)"}"#])
    }

    private static func send(
        _ way: Way, _ box: RelayInABox, _ client: RelayClient
    ) async throws -> AcceptedStatement {
        let size = way == .parts ? Int(RelayClient.onePieceLimit) + 1 : 100
        let envelope = try box.envelope([UInt8](repeating: 7, count: size))
        let bytes = envelope.bytes
        if way == .whole { return try await client.submit(envelope: bytes, submission: envelope.signed) }
        return try await client.submit(
            envelope: envelope.reading, size: UInt64(bytes.count), submission: envelope.signed)
    }

    @Test("comes again when the relay says, whichever way it sends", arguments: Way.allCases)
    func waits(way: Way) async throws {
        try await RelayInABox.run(nil, Self.options { $0.statements = 1 }) { box in
            try await box.withClient(FixtureWorld.envoy) { client in
                for _ in 0..<4 { _ = try await Self.send(way, box, client) }
            }
            #expect(try await Self.limited(.partyStatements, box) >= 1)
        }
    }

    @Test("comes again for what it reads")
    func reads() async throws {
        try await RelayInABox.run(nil, Self.options { $0.requests = 1 }) { box in
            try await box.withClient(FixtureWorld.envoy) { client in
                for _ in 0..<12 { _ = try await client.keys(FixtureWorld.speaker.party) }
            }
            #expect(try await Self.limited(.partyRequests, box) >= 1)
        }
    }

    @Test("comes again for what it downloads")
    func downloads() async throws {
        try await RelayInABox.run(nil, Self.options { $0.requests = 1 }) { box in
            let envelope = try box.envelope(legs: [RelayInABox.toSpeaker])
            try await box.accept(envelope)
            try await box.tell(envelope.message, by: FixtureWorld.speaker) { .receipt($0, .retrieved) }
            let size = UInt64(envelope.bytes.count)
            let sizes = try await box.withClient(FixtureWorld.speaker) { client in
                var sizes: [UInt64] = []
                while sizes.count < 12 {
                    sizes.append(try await client.downloadEnvelope(envelope.message, limit: size) { _ in })
                }
                return sizes
            }
            #expect(sizes == Array(repeating: size, count: 12))
            #expect(try await Self.limited(.partyRequests, box) >= 1)
        }
    }

    @Test("gives up when it would have to wait for longer than it may, and says that the relay is busy")
    func givesUp() async throws {
        let clock = SteadyClock()
        let options = Self.options {
            $0.statements = 1
            $0.now = { clock.now }
        }
        try await RelayInABox.run(nil, options) { box in
            let error = try await box.withClient(FixtureWorld.envoy, { $0.busyWait = .seconds(2) }) { client in
                await #expect(throws: TransportError.self) {
                    for _ in 0..<4 { _ = try await Self.send(.whole, box, client) }
                }
            }
            #expect(error?.reportedCode == "busy")
            #expect(error?.busyWait == .seconds(1))
            // The first time, and after each of two seconds.
            #expect(try await Self.limited(.partyStatements, box) == 3)
        }
    }

    @Test("does not wait at all for what takes too long")
    func tooLong() async throws {
        try await RelayInABox.run(nil, Self.options { $0.content = 64 }) { box in
            let error = try await box.withClient(FixtureWorld.envoy) { client in
                await #expect(throws: TransportError.self) {
                    for _ in 0..<4 { _ = try await Self.send(.whole, box, client) }
                }
            }
            #expect(error?.busyWait == .seconds(60))
            #expect(try await Self.limited(.partyContent, box) == 1)
        }
    }
}
