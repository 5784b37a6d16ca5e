import Daemon
import Ledger
import NIOCore
import TestKit
import Testing
import Watch

@Suite("A witness over HTTP", .timeLimit(.minutes(1)))
struct WitnessServerTests {
    @Test("it cosigns, tells the size to whom asks from another one, and shows what it cosigned last")
    func protocolSteps() async throws {
        let (site, log) = (try WitnessSite(), try SampleLog())
        try await WitnessInABox.run(logs: [log.key], site: site) { box in
            let missing = try await box.send("GET", "/\(log.origin.hex)/checkpoint")
            #expect(missing.status == 404)
            let first = try await box.send(body: log.request(0, 5))
            #expect(first.status == 200)
            #expect(first.field("content-type") == "text/plain; charset=utf-8")
            let text = try log.checkpoint(5).text
            let line = try #require(NoteSignature(line: first.body.dropLast()))
            #expect(try line.verify(text: text, key: site.signer.key)?.seconds == 2_000)

            let conflict = try await box.send(body: log.request(0, 40))
            #expect(conflict.status == 409)
            #expect(conflict.field("content-type") == "text/x.tlog.size")
            #expect(conflict.body == Array("5\n".utf8))
            site.clock.pass(60)
            #expect(try await box.send(body: log.request(5, 40)).status == 200)

            let shown = try await box.send("GET", "/\(log.origin.hex)/checkpoint")
            #expect(shown.status == 200)
            #expect(shown.field("content-type") == "text/plain; charset=utf-8")
            let opened = try Checkpoint.open(
                SignedNote(parsing: shown.body), log: log.key, cosigners: [site.signer.key])
            #expect(try opened.checkpoint == log.checkpoint(40))
            #expect(opened.cosignatures.map(\.time?.seconds) == [2_060])
        }
    }

    @Test("each generation has its status for a fork", arguments: WitnessGeneration.allCases)
    func generations(generation: WitnessGeneration) async throws {
        let (site, log) = (try WitnessSite(), try SampleLog())
        try await WitnessInABox.run(logs: [log.key], site: site, { $0.generation = generation }) { box in
            #expect(try await box.send(body: log.request(0, 150)).status == 200)
            let fork = try await box.send(body: log.request(150, 150, forked: true))
            #expect(fork.status == (generation == .first ? 409 : 422))
            #expect(fork.field("content-type") == "text/plain; charset=utf-8")
        }
    }

    @Test("what is not a request of the protocol has its status")
    func refusals() async throws {
        let (site, log) = (try WitnessSite(), try SampleLog())
        let (other, stolen) = (try SampleLog("log.example/b", seed: 2), try SampleLog("log.example/a", seed: 2))
        try await WitnessInABox.run(logs: [log.key], site: site) { box in
            let rows: [(Int, String, String, [UInt8])] = [
                (400, "POST", "/add-checkpoint", []), (400, "POST", "/add-checkpoint", Array("old 0\n\nx\n".utf8)),
                (404, "POST", "/add-checkpoint", try other.request(0, 5)),
                (403, "POST", "/add-checkpoint", try stolen.request(0, 5)),
                (405, "GET", "/add-checkpoint", []), (404, "POST", "/", []), (404, "GET", "/", []),
                (404, "POST", "/sign-subtree", []), (404, "GET", "/\(log.origin.hex.uppercased())/checkpoint", []),
                (404, "GET", "/\(log.origin.hex)/checkpoint/", []), (404, "GET", "/\(log.origin.hex)", []),
                (404, "GET", "/../logs/checkpoint", []), (404, "GET", "//checkpoint", []),
            ]
            for (status, method, target, body) in rows {
                let answer = try await box.send(method, target, body)
                #expect(answer.status == status, "\(method) \(target) \(body.count)")
            }
            #expect(site.folder.names(in: "logs") == [])
        }
    }

    @Test("a body above the bound is refused before it has come, announced or not")
    func tooLarge() async throws {
        let (site, log) = (try WitnessSite(), try SampleLog())
        try await WitnessInABox.run(logs: [log.key], site: site) { box in
            let most = AddCheckpointRequest.maximumByteCount
            let head = "POST /add-checkpoint HTTP/1.1\r\nHost: localhost\r\n"
            // None of these bodies ends.
            let announced = ByteBuffer(string: head + "Content-Length: \(most + 1)\r\n\r\nold 0")
            var chunked = ByteBuffer(string: head + "Transfer-Encoding: chunked\r\n\r\nfffff\r\n")
            chunked.writeBytes([UInt8](repeating: 0x0a, count: most + 1))
            for request in [announced, chunked] {
                let connection = try await box.connect()
                #expect(try await connection.send(request).status == 400)
                await connection.close()
            }
            #expect(try await box.send(body: log.request(0, 5)).status == 200)
        }
    }

    @Test("one connection serves many requests")
    func keepAlive() async throws {
        let (site, log) = (try WitnessSite(), try SampleLog())
        try await WitnessInABox.run(logs: [log.key], site: site) { box in
            let connection = try await box.connect()
            for size in 1...20 as ClosedRange<UInt64> {
                site.clock.pass(1)
                let body = try log.request(size - 1, size)
                #expect(try await connection.send(box.request("POST", "/add-checkpoint", body)).status == 200)
            }
            await connection.close()
        }
    }

    @Test("a log that goes on within the second waits for the next one, and then has its turn")
    func held() async throws {
        let (site, log) = (try WitnessSite(), try SampleLog())
        try await WitnessInABox.run(logs: [log.key], site: site) { box in
            #expect(try await box.send(body: log.request(0, 5)).status == 200)
            let answer = try await box.send(body: log.request(5, 9))
            #expect(answer.status == 200)
            #expect(site.clock.now() == 2_001)
            let line = try #require(NoteSignature(line: answer.body.dropLast()))
            #expect(try line.verify(text: log.checkpoint(9).text, key: site.signer.key)?.seconds == 2_001)
        }
    }

    @Test("more requests than it takes at once are told to come again, and the others are answered")
    func overloaded() async throws {
        let (site, log, gate) = (try WitnessSite(), try SampleLog(), Gate())
        let clock = site.clock
        let hold: @Sendable () async throws -> Void = {
            await gate.pass()
            clock.pass(1)
        }
        try await WitnessInABox.run(logs: [log.key], site: site, { $0.requests = 1 }, nextSecond: hold) { box in
            #expect(try await box.send(body: log.request(0, 5)).status == 200)
            let next = try log.request(5, 9)
            async let waiting = box.send(body: next)
            await gate.reached()
            let busy = try await box.send(body: log.request(5, 5))
            #expect(busy.status == 429)
            #expect(busy.field("retry-after") == "1")
            // Looking is not asking.
            #expect(try await box.send("GET", "/\(log.origin.hex)/checkpoint").status == 200)
            gate.open()
            #expect(try await waiting.status == 200)
            #expect(try await box.send(body: log.request(9, 9)).status == 200)
        }
    }

    @Test("a disk that fails and a clock that went back are said, and nothing is cosigned")
    func unavailable() async throws {
        let (site, log) = (try WitnessSite(), try SampleLog())
        let store = FaultyStore(try site.store(), [.notPersisted])
        try await WitnessInABox.run(logs: [log.key], site: site, store: store) { box in
            let failed = try await box.send(body: log.request(0, 5))
            #expect(failed.status == 503)
            #expect(!failed.body.starts(with: Array("—".utf8)))
            #expect(try await box.send(body: log.request(0, 5)).status == 200)
            site.clock.set(1_900)
            let behind = try await box.send(body: log.request(5, 5))
            #expect(behind.status == 503)
            #expect(String(decoding: behind.body, as: UTF8.self).hasPrefix("witness-clock-behind: "))
        }
    }

    @Test("connections that say nothing or drip are closed, and others are served meanwhile")
    func slow() async throws {
        let (site, log) = (try WitnessSite(), try SampleLog())
        let short: (inout WitnessSettings) -> Void = {
            $0.limits.head = .milliseconds(600)
            $0.limits.bodyWindow = .milliseconds(600)
            $0.limits.idle = .milliseconds(600)
        }
        try await WitnessInABox.run(logs: [log.key], site: site, short) { box in
            let began = ContinuousClock.now
            let silent = try await box.connect()
            let half = try await box.connect()
            try await half.write(
                ByteBuffer(string: "POST /add-checkpoint HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900\r\n\r\nold")
            )
            #expect(try await box.send(body: log.request(0, 5)).status == 200)
            await silent.closed()
            await half.closed()
            // The limits of these settings, not the usual ones of 10 s and more.
            #expect(ContinuousClock.now - began < .seconds(8))
        }
    }

    @Test("beyond its connections a witness takes no more until one goes")
    func connections() async throws {
        let (site, log) = (try WitnessSite(), try SampleLog())
        try await WitnessInABox.run(logs: [log.key], site: site, { $0.connections = 2 }) { box in
            let looking = box.request("GET", "/\(log.origin.hex)/checkpoint", [])
            let (one, two) = (try await box.connect(), try await box.connect())
            #expect(try await one.send(looking).status == 404)
            #expect(try await two.send(looking).status == 404)
            async let third = box.send(body: log.request(0, 5))
            // The third one waits: the witness has cosigned nothing while two are there and are answered.
            for _ in 0..<5 { #expect(try await one.send(looking).status == 404) }
            await one.close()
            #expect(try await third.status == 200)
            await two.close()
        }
    }
}

extension WitnessInABox {
    func send(body: [UInt8]) async throws -> LoadConnection.Answer { try await send("POST", "/add-checkpoint", body) }
}
