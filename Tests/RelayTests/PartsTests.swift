import Audit
import Envelope
import Glibc
import NIOCore
import Relay
import Statements
import TestKit
import Testing
import Wire

@Suite("Uploads in parts", .timeLimit(.minutes(1)))
struct PartsTests {
    private static let content = FixtureWorld.bytes("an attachment", 700_000)

    @Test("a file that is here whole pays for being read and decided once more")
    func again() async throws {
        let clock = SteadyClock()
        var options = RelayInABox.Options.watched { settings in
            settings.limits.parties.now = { clock.now }
            settings.limits.parties.statements = 4
        }
        options.runsActs = false
        try await RelayInABox.run(nil, options) { box in
            let envelope = try box.envelope([UInt8](repeating: 7, count: 200_000))
            #expect(try await box.post(.beginUpload, envelope.header).status == 201)
            let (start, end) = (envelope.header.count, envelope.bytes.count)
            box.store.then(Array(repeating: .notPersisted, count: 50))
            #expect(try await box.patch(envelope, start..<end).status == 503)
            var statuses: [Int] = []
            for _ in 0..<10 { statuses.append(try await box.patch(envelope, end..<end).status) }
            #expect(statuses.contains(503) && statuses.suffix(2) == [429, 429], "\(statuses)")
        }
    }

    @Test("parts add up to an envelope that is accepted, and its acceptance is given again")
    func parts() async throws {
        try await RelayInABox.run { box in
            let envelope = try box.envelope(Self.content)
            let begun = try await box.post(.beginUpload, envelope.header)
            #expect(begun.status == 201)
            #expect(begun.field("location") == "/v1/uploads/\(envelope.message)")
            #expect(begun.field("upload-offset") == String(envelope.header.count))
            #expect(begun.field("upload-complete") == "?0")

            let half = envelope.bytes.count / 2
            let part = try await box.patch(envelope, envelope.header.count..<half)
            #expect(part.status == 204)
            #expect(part.field("upload-offset") == String(half))
            #expect(try await box.get(.upload(envelope.message), as: FixtureWorld.envoy).status == 405)
            let look = try await box.head(envelope.message, as: FixtureWorld.deputy)
            #expect(look.status == 200)
            #expect(look.field("upload-offset") == String(half))
            #expect(try await box.post(.beginUpload, envelope.header).status == 200)

            let last = try await box.patch(envelope, half..<envelope.bytes.count)
            #expect(last.field("upload-complete") == "?1")
            let entry = try box.accepted(last)
            #expect(entry.statement == envelope.signed.id)
            let again = try await box.post(.beginUpload, envelope.header)
            #expect(again.field("upload-complete") == "?1")
            #expect(try box.accepted(again).index == entry.index)
            #expect(try await box.head(envelope.message, as: FixtureWorld.envoy).status == 404)
            #expect(box.site.folder.names(in: "data/envelopes").count == 1)
        }
    }

    @Test("an upload is refused before its payload comes", arguments: ["stranger", "no-channel", "trailing", "late"])
    func early(how: String) async throws {
        try await RelayInABox.run { box in
            var envelope = try box.envelope(Self.content)
            var expected = how
            var trailing: [UInt8] = []
            switch how {
            case "stranger":
                let letter = try box.letter(Self.content)
                envelope = try RealEnvelope(
                    letter,
                    signed: box.site.sign(
                        box.submission(letter), by: FixtureWorld.envoy, seen: box.head, signer: FixtureWorld.speaker))
                expected = "not-authenticated"
            case "no-channel":
                envelope = try box.envelope(
                    Self.content, legs: [Leg(intermediaries: [], recipient: FixtureWorld.hezbollah.party)])
                expected = "barred"
            case "trailing":
                trailing = [0]
                expected = "malformed"
            default:
                box.clock.pass(.hours(2))
                expected = "too-late"
            }
            let answer = try await box.post(.beginUpload, envelope.header + trailing)
            let problem = try Problem(parsing: answer.body)
            #expect(problem.code == expected)
            #expect((problem.rejection != nil) == ["no-channel", "late"].contains(how))
            #expect(box.site.folder.names(in: "data/envelopes").isEmpty)
        }
    }

    @Test("another offset than where it stands is refused, and the right one is named")
    func wrongOffset() async throws {
        try await RelayInABox.run { box in
            let envelope = try box.envelope(Self.content)
            _ = try await box.post(.beginUpload, envelope.header)
            for start in [0, envelope.header.count - 1, envelope.header.count + 1] {
                let answer = try await box.patch(envelope, start..<start + 70_000)
                #expect(try Problem(parsing: answer.body).code == "wrong-offset")
                #expect(answer.field("upload-offset") == String(envelope.header.count))
            }
            for text in ["", "Upload-Offset: -1\r\n", "Upload-Offset: x\r\n"] {
                let answer = try await box.patch(envelope.message, fields: text, [1])
                #expect(try Problem(parsing: answer.body).code == "malformed")
            }
        }
    }

    @Test("a delegate of another party finds no upload, and nobody goes on unsigned")
    func opaque() async throws {
        try await RelayInABox.run { box in
            let envelope = try box.envelope(Self.content)
            _ = try await box.post(.beginUpload, envelope.header)
            let start = envelope.header.count
            #expect(try await box.head(envelope.message, as: FixtureWorld.speaker).status == 404)
            let answer = try await box.patch(envelope, start..<start + 9, as: FixtureWorld.speaker)
            #expect(try Problem(parsing: answer.body).code == "not-found")
            let unsigned = try await box.exchange(
                box.request(
                    "PATCH", "/v1/uploads/\(envelope.message)", fields: "Upload-Offset: \(start)\r\n", body: [1]))
            #expect(try Problem(parsing: unsigned.body).code == "signature-missing")
        }
    }

    @Test("a payload that was not signed ends the upload, and it can be begun anew")
    func changed() async throws {
        try await RelayInABox.run { box in
            let envelope = try box.envelope(Self.content)
            var bytes = envelope.bytes
            bytes[bytes.count - 1] ^= 1
            _ = try await box.post(.beginUpload, envelope.header)
            let answer = try await box.patch(
                envelope.message, fields: "Upload-Offset: \(envelope.header.count)\r\n",
                Array(bytes[envelope.header.count...]))
            #expect(try Problem(parsing: answer.body).code == "digest-mismatch")
            #expect(box.site.folder.names(in: "data/envelopes").isEmpty)
            #expect(try await box.post(.beginUpload, envelope.header).status == 201)
            _ = try box.accepted(try await box.patch(envelope, envelope.header.count..<bytes.count))
        }
    }

    @Test("bytes behind the envelope's end are refused")
    func tooLong() async throws {
        try await RelayInABox.run { box in
            let envelope = try box.envelope(Self.content)
            _ = try await box.post(.beginUpload, envelope.header)
            let answer = try await box.patch(
                envelope.message, fields: "Upload-Offset: \(envelope.header.count)\r\n", envelope.payload + [0])
            #expect(try Problem(parsing: answer.body).code == "oversized")
        }
    }

    @Test("a request that hangs does not hold up the one that takes its place")
    func superseded() async throws {
        try await RelayInABox.run { box in
            let envelope = try box.envelope(Self.content)
            _ = try await box.post(.beginUpload, envelope.header)
            let start = envelope.header.count
            let hanging = try await box.connect()
            var request = try await box.patchRequest(
                envelope.message, fields: "Upload-Offset: \(start)\r\n", envelope.payload)
            let some = request.readSlice(length: request.readableBytes - 100) ?? ByteBuffer()
            try await hanging.write(some)
            // What was written by the one that hangs counts, though it is not at its end. To look ends its turn.
            try await box.waitForFile(of: 500_000)
            let look = try await box.head(envelope.message, as: FixtureWorld.envoy)
            let offset = try #require(look.field("upload-offset").flatMap { Int($0) })
            #expect(offset > start)
            _ = try box.accepted(try await box.patch(envelope, offset..<envelope.bytes.count))
            try await hanging.write(request)
            await hanging.close()
            #expect(try await box.audit().report.isGood)
        }
    }

    @Test("a party has a bounded number of uploads, and those that nobody goes on with expire")
    func bounds() async throws {
        try await RelayInABox.run { box in
            for _ in 0..<16 { #expect(try await box.post(.beginUpload, box.envelope().header).status == 201) }
            let one = try box.envelope()
            let full = try await box.post(.beginUpload, one.header)
            #expect(try Problem(parsing: full.body).code == "uploads-full")
            #expect(full.status == 429)
            let other = try box.envelope(from: FixtureWorld.hezbollah, legs: [RelayInABox.toSpeaker])
            #expect(try await box.post(.beginUpload, other.header).status == 201)
            box.clock.pass(.hours(2))
            await box.server.acts.round()
            #expect(box.site.folder.names(in: "data/envelopes").isEmpty)
            #expect(try await box.post(.beginUpload, box.envelope().header).status == 201)
        }
    }

    @Test("a commit that fails leaves the upload, and an empty part tries again")
    func failedCommit() async throws {
        try await RelayInABox.run { box in
            let envelope = try box.envelope(Self.content)
            _ = try await box.post(.beginUpload, envelope.header)
            box.store.then([.notPersisted])
            let size = envelope.bytes.count
            #expect(try await box.patch(envelope, envelope.header.count..<size).status == 503)
            #expect(
                try await box.head(envelope.message, as: FixtureWorld.envoy).field("upload-offset") == String(size))
            _ = try box.accepted(try await box.patch(envelope, size..<size))
        }
    }
}

extension RelayInABox {
    /// Watches the folder until the file of an upload has so many bytes.
    func waitForFile(of size: Int) async throws {
        for _ in 0..<500 {
            var facts = stat()
            if let name = site.folder.names(in: "data/envelopes").first,
                stat("\(site.folder.path)/data/envelopes/\(name)", &facts) == 0, facts.st_size >= size
            {
                return
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record("no file of \(size) bytes came")
    }

    func patchRequest(
        _ message: MessageID, fields: String, _ body: [UInt8], as delegate: DelegateID = FixtureWorld.envoy
    ) async throws -> ByteBuffer {
        let route = Route.continueUpload(message)
        return request(
            "PATCH", route.target, fields: try await signatureFields(route, as: delegate) + fields, body: body)
    }

    func patch(
        _ message: MessageID, fields: String, _ body: [UInt8], as delegate: DelegateID = FixtureWorld.envoy
    ) async throws -> LoadConnection.Answer {
        try await exchange(patchRequest(message, fields: fields, body, as: delegate))
    }

    func patch(
        _ envelope: RealEnvelope, _ range: Range<Int>, as delegate: DelegateID = FixtureWorld.envoy
    ) async throws -> LoadConnection.Answer {
        try await patch(
            envelope.message, fields: "Upload-Offset: \(range.lowerBound)\r\n", Array(envelope.bytes[range]),
            as: delegate)
    }

    func head(_ message: MessageID, as delegate: DelegateID) async throws -> LoadConnection.Answer {
        try await head(Route.upload(message), as: delegate)
    }

    func head(_ route: Route, as delegate: DelegateID) async throws -> LoadConnection.Answer {
        try await exchange(
            request("HEAD", route.target, fields: try await signatureFields(route, as: delegate)))
    }
}
