import Audit
import NIOCore
import Statements
import Testing
import TestKit
import Wire
@Suite("Uploads that come to nothing", .timeLimit(.minutes(1)))
struct UploadTests {
    private static let large = [UInt8](repeating: 3, count: 400_000)

    @Test("an upload that breaks off leaves no file", arguments: [true, false])
    func aborted(announced: Bool) async throws {
        try await RelayInABox.run { box in
            let envelope = try box.envelope(Self.large).bytes
            let connection = try await box.connect()
            if announced {
                var upload = ByteBuffer(
                    string:
                        "POST /v1/envelopes HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(envelope.count)\r\n\r\n")
                upload.writeBytes(envelope.prefix(300_000))
                try await connection.write(upload)
            } else {
                try await connection.write(box.chunkedUpload(Array(envelope.prefix(300_000)), ends: false))
            }
            try await box.expectStagedFile()
            await connection.close()
            try await box.expectNoStagedFiles()
            try await box.accept(box.envelope())
            #expect(try await box.audit().report.isGood)
        }
    }

    @Test("a large envelope that is rejected, or not what was signed, leaves no file", arguments: ["late", "changed"])
    func rejected(how: String) async throws {
        try await RelayInABox.run { box in
            var envelope = try box.envelope(Self.large).bytes
            if how == "late" { box.clock.pass(.hours(2)) } else { envelope[envelope.count - 1] ^= 1 }
            let problem = try Problem(parsing: try await box.post(.submitEnvelope, envelope).body)
            #expect(problem.code == (how == "late" ? "too-late" : "digest-mismatch"))
            try await box.expectNoStagedFiles()
        }
    }

    @Test("a large envelope whose commit fails leaves no file, and is accepted when it is sent again")
    func failed() async throws {
        try await RelayInABox.run { box in
            let envelope = try box.envelope(Self.large)
            box.store.then([.notPersisted])
            #expect(try await box.post(.submitEnvelope, envelope.bytes).status == 503)
            try await box.expectNoStagedFiles()
            try await box.accept(envelope)
            #expect(box.site.folder.names(in: "data/envelopes").count == 1)
        }
    }

    @Test("a stranger's upload ends at its header")
    func stranger() async throws {
        try await RelayInABox.run { box in
            let letter = try box.letter(Self.large)
            let signed = try box.site.sign(
                box.submission(letter), by: FixtureWorld.envoy, seen: box.head, signer: FixtureWorld.speaker)
            let envelope = try RealEnvelope(letter, signed: signed)
            let connection = try await box.connect()
            try await connection.write(box.chunkedUpload(envelope.header, ends: false))
            let answer = try await connection.answer()
            #expect(try Problem(parsing: answer.body).code == "not-authenticated")
            await connection.close()
        }
    }

    @Test("a large envelope comes back as it was sent")
    func kept() async throws {
        try await RelayInABox.run { box in
            let envelope = try box.envelope(Self.large, legs: [RelayInABox.toSpeaker])
            try await box.accept(envelope)
            try await box.tell(envelope.message, by: FixtureWorld.speaker) { .receipt($0, .retrieved) }
            let answer = try await box.get(.envelope(envelope.message), as: FixtureWorld.speaker)
            #expect(answer.status == 200)
            #expect(answer.body == envelope.bytes)
        }
    }
}

extension RelayInABox {
    private func waitForFiles(_ isRight: ([String]) -> Bool) async throws -> Bool {
        for _ in 0..<500 {
            if isRight(site.folder.names(in: "data/envelopes")) { return true }
            try await Task.sleep(for: .milliseconds(10))
        }
        return false
    }

    /// Watches the folder until the file of an upload is there.
    func expectStagedFile() async throws {
        #expect(try await waitForFiles { !$0.isEmpty }, "no file was staged")
    }

    /// Watches the folder until no file is there.
    func expectNoStagedFiles() async throws {
        #expect(try await waitForFiles(\.isEmpty), "a staged file stays")
    }
}
