import Daemon
@testable import Relay
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

    /// Runs a client under a limit whose budget fills only once somebody was turned away.
    private static func run(
        _ limit: ServiceLimit, as delegate: DelegateID, _ set: @escaping @Sendable (inout PartyLimits) -> Void,
        _ body: @escaping @Sendable (RelayInABox, RelayClient) async throws -> Void
    ) async throws {
        let clock = SteadyClock()
        let options = options {
            $0.now = { clock.now }
            set(&$0)
        }
        try await RelayInABox.run(nil, options) { box in
            try await box.withClient(delegate, { $0.busyWait = .seconds(60) }) { client in
                let refilling = Task { try await refill(clock, after: limit, box) }
                defer { refilling.cancel() }
                try await body(box, client)
            }
            #expect(try await limited(limit, box) >= 1)
        }
    }

    /// Fills the budgets whenever somebody was turned away, until it is cancelled.
    private static func refill(_ clock: SteadyClock, after limit: ServiceLimit, _ box: RelayInABox) async throws {
        var seen: UInt64 = 0
        while !Task.isCancelled {
            let now = await box.server.sequencer.metrics.limits.value(limit)
            if now > seen { clock.advance(.seconds(30)) }
            seen = now
            try await Task.sleep(for: .milliseconds(10))
        }
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
        try await Self.run(.partyStatements, as: FixtureWorld.envoy) {
            $0.statements = 1
        } _: { box, client in
            for _ in 0..<6 { _ = try await Self.send(way, box, client) }
        }
    }

    @Test("comes again for what it reads")
    func reads() async throws {
        try await Self.run(.partyRequests, as: FixtureWorld.envoy) {
            $0.requests = 1
        } _: { _, client in
            for _ in 0..<12 { _ = try await client.keys(FixtureWorld.speaker.party) }
        }
    }

    @Test("comes again with a draft")
    func drafts() async throws {
        try await Self.run(.partyRequests, as: FixtureWorld.envoy) {
            $0.requests = 1
        } _: { box, client in
            let draft = try box.draft([UInt8](repeating: 7, count: 1_000))
            for _ in 0..<12 { _ = try await client.put(draft) }
        }
    }

    @Test("comes again for what it downloads")
    func downloads() async throws {
        try await Self.run(.partyRequests, as: FixtureWorld.speaker) {
            $0.requests = 1
        } _: { box, client in
            let envelope = try box.envelope(legs: [RelayInABox.toSpeaker])
            try await box.accept(envelope)
            try await box.tell(envelope.message, by: FixtureWorld.speaker) { .receipt($0, .retrieved) }
            let size = UInt64(envelope.bytes.count)
            for _ in 0..<12 {
                #expect(try await client.downloadEnvelope(envelope.message, limit: size) { _ in } == size)
            }
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
