import Daemon
import NIOCore
import Relay
import Statements
import TestKit
import Testing
import Wire

@Suite("Slow requests", .timeLimit(.minutes(1)))
struct SlowRequestTests {
    static let short = RelayInABox.Options {
        $0.connections.head = .seconds(3)
        $0.connections.bodyWindow = .seconds(3)
        $0.connections.bodyFloor = 256
        $0.connections.idle = .seconds(4)
    }

    /// Sends a byte now and then until the relay has closed the connection.
    private static func drip(_ connection: LoadConnection, _ bytes: ByteBuffer) async throws -> Int {
        var bytes = bytes
        var sent = 0
        while let byte = bytes.readSlice(length: 1) {
            do { try await connection.write(byte) } catch { return sent }
            sent += 1
            try await Task.sleep(for: .milliseconds(300))
        }
        return sent
    }

    @Test("heads that drip are closed, and others are served meanwhile")
    func drippingHeads() async throws {
        try await RelayInABox.run(nil, Self.short) { box in
            let head = ByteBuffer(string: "GET /v1/charter HTTP/1.1\r\nHost: " + String(repeating: "a", count: 4_000))
            try await withThrowingTaskGroup(of: Int.self) { tasks in
                for _ in 0..<12 {
                    let connection = try await box.connect()
                    tasks.addTask { try await Self.drip(connection, head) }
                }
                try await box.accept(box.envelope())
                for try await sent in tasks { #expect(sent < head.readableBytes) }
            }
        }
    }

    @Test("a connection that says nothing is closed")
    func silent() async throws {
        try await RelayInABox.run(nil, Self.short) { box in
            let connection = try await box.connect()
            await connection.closed()
            try await box.accept(box.envelope())
        }
    }

    @Test("a body that drips is closed, its staged file is removed, and others are served meanwhile")
    func drippingBody() async throws {
        try await RelayInABox.run(nil, Self.short) { box in
            let envelope = try box.envelope([UInt8](repeating: 1, count: 400_000)).bytes
            let connection = try await box.connect()
            var upload = ByteBuffer(
                string: "POST /v1/envelopes HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(envelope.count)\r\n\r\n")
            upload.writeBytes(envelope.prefix(300_000))
            try await connection.write(upload)
            let rest = ByteBuffer(bytes: envelope.dropFirst(300_000))
            async let sent = Self.drip(connection, rest)
            try await box.accept(box.envelope())
            #expect(try await sent < rest.readableBytes)
            try await box.expectNoStagedFiles()
        }
    }

    @Test("a body that is slow but not too slow is taken")
    func slowBody() async throws {
        try await RelayInABox.run(nil, Self.short) { box in
            let envelope = try box.envelope([UInt8](repeating: 5, count: 30_000))
            var upload = box.envelopeRequest(envelope.bytes)
            let connection = try await box.connect()
            while let piece = upload.readSlice(length: min(512, upload.readableBytes)), piece.readableBytes > 0 {
                try await connection.write(piece)
                try await Task.sleep(for: .milliseconds(50))
            }
            let entry = try box.accepted(try await connection.answer())
            #expect(entry.statement == envelope.signed.id)
            await connection.close()
        }
    }

    @Test("a kept connection that idles is closed, and one that is used is not")
    func idle() async throws {
        try await RelayInABox.run(nil, Self.short) { box in
            let used = try await box.connect()
            let idle = try await box.connect()
            let charter = box.request("GET", "/v1/charter")
            #expect(try await idle.send(charter).status == 200)
            async let closed: Void = idle.closed()
            for _ in 0..<60 {
                #expect(try await used.send(charter).status == 200)
                try await Task.sleep(for: .milliseconds(100))
            }
            await closed
            await used.close()
        }
    }

    @Test("the second head on a kept connection must be complete in time, too")
    func secondHead() async throws {
        try await RelayInABox.run(nil, Self.short) { box in
            let connection = try await box.connect()
            #expect(try await connection.send(box.request("GET", "/v1/charter")).status == 200)
            let head = ByteBuffer(string: "GET /v1/charter HTTP/1.1\r\nHost: " + String(repeating: "a", count: 4_000))
            #expect(try await Self.drip(connection, head) < head.readableBytes)
        }
    }

    @Test("a head that is too large is refused")
    func largeHead() async throws {
        try await RelayInABox.run(nil, Self.short) { box in
            let connection = try await box.connect()
            let long = String(repeating: "a", count: 40_000)
            let head = "GET /v1/charter HTTP/1.1\r\nHost: localhost\r\nX-Long: \(long)\r\n\r\n"
            try await connection.write(ByteBuffer(string: head))
            let answer = try? await connection.answer()
            #expect(answer == nil || answer?.status == 400 || answer?.status == 431)
            await connection.closed()
            try await box.accept(box.envelope())
        }
    }
}
