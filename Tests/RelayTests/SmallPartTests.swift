import NIOCore
import Relay
import Statements
import Store
import TestKit
import Testing
import Wire

@Suite("Parts of an upload that are too small", .timeLimit(.minutes(1)))
struct SmallPartTests {
    private static let content = FixtureWorld.bytes("an attachment", 700_000)
    private static let smallest = 65_536

    private static func begun(_ box: RelayInABox) async throws -> RealEnvelope {
        let envelope = try box.envelope(content)
        #expect(try await box.post(.beginUpload, envelope.header).status == 201)
        return envelope
    }

    @Test("one below 64 KiB is refused unless it is the last, and the upload stays as it stands")
    func refused() async throws {
        try await RelayInABox.run { box in
            let envelope = try await Self.begun(box)
            let (start, size) = (envelope.header.count, envelope.bytes.count)
            for count in [0, 1, Self.smallest - 1] {
                let answer = try await box.patch(envelope, start..<start + count)
                #expect(answer.status == 400)
                #expect(try Problem(parsing: answer.body).code == "part-too-small")
            }
            #expect(try await box.store.upload(.envelope(envelope.message))?.offset == UInt64(start))
            let end = start + Self.smallest
            #expect(try await box.patch(envelope, start..<end).field("upload-offset") == String(end))
            #expect(try await box.patch(envelope, end..<size - 1).status == 204)
            _ = try box.accepted(try await box.patch(envelope, size - 1..<size))
        }
    }

    @Test("a draft's parts are bounded like an envelope's")
    func drafts() async throws {
        try await RelayInABox.run { box in
            let made = try box.draft(Self.content)
            #expect(try await box.begin(made).status == 201)
            let answer = try await box.patch(made, made.headerCount..<made.headerCount + 1)
            #expect(try Problem(parsing: answer.body).code == "part-too-small")
            #expect(try await box.patch(made, made.headerCount..<made.file.count).status == 200)
        }
    }

    @Test("one that is refused does not end the part that is coming")
    func running() async throws {
        try await RelayInABox.run { box in
            let envelope = try await Self.begun(box)
            let start = envelope.header.count
            let connection = try await box.connect()
            var request = try await box.patchRequest(
                envelope.message, fields: "Upload-Offset: \(start)\r\n", envelope.payload)
            let most = request.readSlice(length: request.readableBytes - 100) ?? ByteBuffer()
            try await connection.write(most)
            try await box.waitForFile(of: 500_000)
            let small = try await box.patch(envelope, start..<start + 1)
            #expect(try Problem(parsing: small.body).code == "part-too-small")
            try await connection.write(request)
            _ = try box.accepted(try await connection.answer())
            await connection.close()
        }
    }

    @Test("one that does not announce its length is refused: it could be of one byte")
    func chunked() async throws {
        try await RelayInABox.run { box in
            let envelope = try await Self.begun(box)
            let route = Route.continueUpload(envelope.message)
            let fields = try await box.signatureFields(route, as: FixtureWorld.envoy)
            let answer = try await box.exchange(
                ByteBuffer(
                    string: "PATCH \(route.target) HTTP/1.1\r\nHost: localhost:\(box.site.port)\r\n\(fields)"
                        + "Upload-Offset: \(envelope.header.count)\r\nTransfer-Encoding: chunked\r\n\r\n"
                        + "1\r\nx\r\n0\r\n\r\n"))
            #expect(try Problem(parsing: answer.body).code == "malformed")
            let stands = try await box.store.upload(.envelope(envelope.message))?.offset
            #expect(stands == UInt64(envelope.header.count))
        }
    }

    @Test("one that the network cuts is kept as far as it came, however little that is")
    func cut() async throws {
        try await RelayInABox.run { box in
            let envelope = try await Self.begun(box)
            let start = envelope.header.count
            let connection = try await box.connect()
            var request = try await box.patchRequest(
                envelope.message, fields: "Upload-Offset: \(start)\r\n", envelope.payload)
            let head = request.readableBytes - envelope.payload.count
            try await connection.write(request.readSlice(length: head + 10) ?? ByteBuffer())
            await connection.close()
            // Not asked over the wire: that would end the part before it is kept.
            try await box.waitForUpload(envelope.message, toStandAt: UInt64(start + 10))
            _ = try box.accepted(try await box.patch(envelope, start + 10..<envelope.bytes.count))
        }
    }
}

extension RelayInABox {
    /// Watches the store until so many bytes of an upload are durable.
    func waitForUpload(_ message: MessageID, toStandAt offset: UInt64) async throws {
        for _ in 0..<500 {
            if try await store.upload(.envelope(message))?.offset == offset { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record("the upload does not stand at \(offset)")
    }
}
