import Daemon
import NIOCore
import Relay
import Statements
import TestKit
import Testing

/// A relay that waits for a farewell that never comes would not stop here: only the suite's limit ends such a test.
@Suite("A graceful stop", .timeLimit(.minutes(5)))
struct StopTests {
    private static let patient = RelayInABox.Options {
        $0.connections.farewell = .hours(1)
        $0.connections.idle = .hours(1)
        $0.stopLimit = .seconds(3_600)
    }

    @Test("an idle connection whose client says nothing does not hold it up")
    func idle() async throws {
        let idle = try await RelayInABox.run(nil, Self.patient) { box in
            let idle = try await box.connect()
            #expect(try await idle.send(box.request("GET", "/v1/charter")).status == 200)
            let fresh = try await box.connect()
            try await idle.stopReading()
            try await fresh.stopReading()
            return [idle, fresh]
        }
        // The relay has stopped before either client closed or read its farewell.
        for connection in idle { await connection.close() }
    }

    @Test("a request that has begun is finished and answered, and its connection is closed then")
    func inFlight() async throws {
        let rest = try await RelayInABox.run(nil, Self.patient) { box in
            let envelope = try box.envelope([UInt8](repeating: 7, count: 60_000))
            var upload = box.envelopeRequest(envelope.bytes)
            let begun = try await box.connect()
            // The relay has the head once it has answered what another connection asked after it.
            if let half = upload.readSlice(length: 30_000) { try await begun.write(half) }
            let other = try await box.connect()
            #expect(try await other.send(box.request("GET", "/v1/charter")).status == 200)
            let tail = upload
            return Task {
                // That this one is closed shows that the stop has begun.
                await other.closed()
                try await begun.write(tail)
                let entry = try box.accepted(try await begun.answer())
                #expect(entry.statement == envelope.signed.id)
                await begun.closed()
            }
        }
        try await rest.value
    }
}
