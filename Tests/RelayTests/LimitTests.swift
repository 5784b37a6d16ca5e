import Daemon
import NIOCore
import Relay
import Statements
import Synchronization
import TestKit
import Testing
import Wire

/// A steady clock that a test moves; rates fill by it.
final class SteadyClock: Sendable {
    private let time = Mutex(ContinuousClock.now)
    var now: ContinuousClock.Instant { time.withLock { $0 } }
    func advance(_ span: Duration) { time.withLock { $0 += span } }
}

/// A limit of a party or of all of them: what hits it, what is said, and how it goes on.
private struct LimitRow: Sendable, CustomTestStringConvertible {
    let limit: ServiceLimit
    let sentence: String
    let retryAfter: String
    /// Who is not touched by it.
    var free: DelegateID? = FixtureWorld.speaker
    var recovery = Duration.seconds(2)
    let set: @Sendable (inout PartyLimits) -> Void
    var testDescription: String { limit.rawValue }

    static let all: [LimitRow] = [
        .init(
            limit: .partyStatements, sentence: "us-envoy may hand in 1 statements a second.", retryAfter: "1",
            set: { $0.statements = 1 }),
        .init(
            limit: .delegateStatements, sentence: "A delegate may hand in 1 statements a second.", retryAfter: "1",
            free: FixtureWorld.deputy, set: { $0.delegateStatements = 1 }),
        .init(
            limit: .partyContent, sentence: "us-envoy may send 64 bytes of content a second.", retryAfter: "60",
            recovery: .seconds(1_000), set: { $0.content = 64 }),
        .init(
            limit: .allStatements, sentence: "The relay takes 1 statements a second.", retryAfter: "1", free: nil,
            set: { $0.allStatements = 1 }),
    ]
}

@Suite("Limits of parties", .timeLimit(.minutes(2)))
struct PartyLimitTests {
    private static func options(_ clock: SteadyClock, _ set: @escaping @Sendable (inout PartyLimits) -> Void)
        -> RelayInABox.Options
    {
        .watched { settings in
            settings.limits.parties.now = { clock.now }
            set(&settings.limits.parties)
        }
    }

    /// A statement of a delegate that the rules reject, so that nothing but the limit changes between two of them.
    private static func send(_ box: RelayInABox, _ delegate: DelegateID) async throws -> LoadConnection.Answer {
        let leg = Leg(
            intermediaries: [],
            recipient: delegate == FixtureWorld.speaker ? FixtureWorld.envoy.party : FixtureWorld.speaker.party)
        return try await box.post(.submitEnvelope, box.envelope(from: delegate, legs: [leg]).bytes)
    }

    /// Sends until it is turned away.
    private static func hit(
        _ body: () async throws -> LoadConnection.Answer
    ) async throws -> LoadConnection.Answer? {
        for _ in 0..<40 {
            let answer = try await body()
            if answer.status != 200 { return answer }
        }
        return nil
    }

    private static func expect(
        _ answer: LoadConnection.Answer?, _ limit: ServiceLimit, _ sentence: String, retryAfter: String,
        _ box: RelayInABox
    ) async throws {
        let answer = try #require(answer)
        let problem = try Problem(parsing: answer.body)
        #expect(answer.status == 429 && problem.code == "busy")
        #expect(problem.detail == sentence)
        #expect(answer.field("Retry-After") == retryAfter)
        #expect(try await box.metrics()[#"valise_limited_total{limit="\#(limit.rawValue)"}"#] == 1)
    }

    @Test(
        "a rate is hit, said with when to come again, counted, fills again, and is nobody else's",
        arguments: LimitRow.all)
    private func rate(_ row: LimitRow) async throws {
        let clock = SteadyClock()
        try await RelayInABox.run(nil, Self.options(clock, row.set)) { box in
            let answer = try await Self.hit { try await Self.send(box, FixtureWorld.envoy) }
            try await Self.expect(answer, row.limit, row.sentence, retryAfter: row.retryAfter, box)
            if let free = row.free { #expect(try await Self.send(box, free).status == 200) }
            clock.advance(row.recovery)
            #expect(try await Self.send(box, FixtureWorld.envoy).status == 200)
        }
    }

    @Test("of many connections that are turned away each rests for longer, and is told so")
    func manyRest() async throws {
        let clock = SteadyClock()
        let options = Self.options(clock) { $0.statements = 1 }
        try await RelayInABox.run(nil, options) { box in
            let keys = try await box.reading(.keys(FixtureWorld.speaker.party), as: FixtureWorld.envoy)
            var connections: [LoadConnection] = []
            for _ in 0..<150 {
                let connection = try await box.connect()
                #expect(try await connection.send(keys).status == 200)
                connections.append(connection)
            }
            var seconds: [Int] = []
            for connection in connections {
                let bytes = try box.envelope().bytes
                let answer = try await connection.send(
                    box.request("POST", Route.submitEnvelope.target, body: bytes))
                if answer.status == 429 { seconds.append(Int(answer.field("Retry-After") ?? "") ?? 0) }
            }
            // Drawn from one to six seconds, of which the last is not told.
            #expect(seconds.count > 140 && seconds.allSatisfy { (1...5).contains($0) })
            #expect(seconds.count { $0 > 2 } > 20)
            for connection in connections { await connection.close() }
        }
    }

    @Test("a draft pays for its content once, whether its length is announced or not", arguments: [true, false])
    func draft(isAnnounced: Bool) async throws {
        let text = [UInt8](repeating: 7, count: 100_000)
        // For three drafts at once, and no fourth.
        let options = Self.options(SteadyClock()) { $0.content = 37_000 }
        try await RelayInABox.run(nil, options) { box in
            let route = Route.putDraft
            var sent = 0
            func put() async throws -> LoadConnection.Answer {
                let file = try box.draft(text).file
                sent += file.count
                if isAnnounced { return try await box.put(file) }
                let fields = try await box.signatureFields(route, as: FixtureWorld.envoy)
                return try await box.exchange(box.chunkedUpload(file, ends: true, to: route, fields: fields))
            }
            for _ in 0..<3 { #expect(try await put().status == 200) }
            #expect(sent <= 370_000)
            let busy = try await put()
            #expect(sent > 370_000)
            try await Self.expect(
                busy, .partyContent, "us-envoy may send 37000 bytes of content a second.",
                retryAfter: "\((sent - 370_000 + 36_999) / 37_000)", box)
        }
    }

    @Test("signed requests have a rate, too")
    func requests() async throws {
        let clock = SteadyClock()
        try await RelayInABox.run(nil, Self.options(clock) { $0.requests = 1 }) { box in
            let answer = try await Self.hit { try await box.get(.charter, as: FixtureWorld.envoy) }
            #expect(answer == nil, "what needs no signature has no such rate")
            let keys = Route.keys(FixtureWorld.speaker.party)
            let busy = try await Self.hit { try await box.get(keys, as: FixtureWorld.envoy) }
            try await Self.expect(
                busy, .partyRequests, "us-envoy may make 1 requests a second.", retryAfter: "1", box)
            #expect(try await box.get(keys, as: FixtureWorld.hezbollah).status == 200)
            clock.advance(.seconds(1))
            #expect(try await box.get(keys, as: FixtureWorld.deputy).status == 200)
            #expect(try await box.get(keys, as: FixtureWorld.envoy).status == 429)
        }
    }

    @Test("inboxes that wait have places", .timeLimit(.minutes(1)))
    func polls() async throws {
        try await RelayInABox.run(nil, Self.options(SteadyClock()) { $0.polls = 1 }) { box in
            let poll = Route.inbox(try #require(InboxQuery(after: ArrivalNumber(0), wait: 60)))
            let waiting = try await box.connect()
            try await waiting.write(box.reading(poll, as: FixtureWorld.speaker))
            while try await box.metrics()["valise_long_polls"] != 1 { await Task.yield() }
            let answer = try await box.get(poll, as: FixtureWorld.speaker)
            try await Self.expect(
                answer, .partyPolls, "lebanon-speaker has 1 inboxes that wait already.", retryAfter: "5", box)
            let look = Route.inbox(try #require(InboxQuery(after: ArrivalNumber(0), wait: 0)))
            #expect(try await box.get(look, as: FixtureWorld.speaker).status == 200)
            try await box.accept(box.envelope())
            #expect(try await waiting.answer().status == 200)
            #expect(try await box.get(poll, as: FixtureWorld.speaker).status == 200)
            await waiting.close()
        }
    }

    @Test("connections of a party have places, from the first signature that holds")
    func connections() async throws {
        var options = Self.options(SteadyClock()) { $0.connections = 1 }
        options.publishesKeys = false
        try await RelayInABox.run(nil, options) { box in
            let keys = try await box.reading(.keys(FixtureWorld.speaker.party), as: FixtureWorld.envoy)
            let (first, second) = (try await box.connect(), try await box.connect())
            #expect(try await first.send(keys).status == 200)
            let answer = try await second.send(keys)
            try await Self.expect(
                answer, .partyConnections, "us-envoy has 1 connections already.", retryAfter: "5", box)
            let other = box.request("GET", "/v1/charter")
            #expect(try await second.send(other).status == 200)
            #expect(try await box.get(.keys(FixtureWorld.envoy.party), as: FixtureWorld.speaker).status == 200)
            await first.close()
            while try await second.send(keys).status != 200 { await Task.yield() }
            await second.close()
        }
    }

    @Test("an old statement says nothing of who sends it: its party pays nothing, and keeps its connections")
    func old() async throws {
        let options = Self.options(SteadyClock()) { limits in
            limits.statements = 10
            limits.connections = 1
        }
        try await RelayInABox.run(nil, options) { box in
            let envelope = try box.envelope()
            let first = try await box.accept(envelope)
            let recall = try box.sign(
                .recall(envelope.message, legs: [try #require(LegNumber(0))]), by: FixtureWorld.envoy)
            let second = try await box.accept(recall)
            let strangers = [try await box.connect(), try await box.connect()]
            for _ in 0..<30 {
                for stranger in strangers {
                    let files = [(Route.submitEnvelope, envelope.bytes), (.submitStatement, try recall.derBytes())]
                    for ((route, bytes), entry) in zip(files, [first, second]) {
                        let answer = try await stranger.send(box.request("POST", route.target, body: bytes))
                        #expect(try box.accepted(answer).index == entry.index)
                    }
                }
            }
            // While they are open, the party has its one connection, and its rate.
            let keys = Route.keys(FixtureWorld.speaker.party)
            #expect(try await box.get(keys, as: FixtureWorld.envoy).status == 200)
            try await box.accept(box.envelope())
            for stranger in strangers { await stranger.close() }
        }
    }

    @Test("whoever hands in what others signed pays for it with the requests of its own party")
    func carried() async throws {
        let clock = SteadyClock()
        try await RelayInABox.run(nil, Self.options(clock) { $0.requests = 2 }) { box in
            let verdict = try await VerdictTests.verdict(box)
            let envelope = try box.envelope()
            try await box.accept(envelope)
            #expect(try await VerdictTests.post(box, verdict).status == 200)
            let files = [(Route.submitEnvelope, envelope.bytes), (.postVerdict, try verdict.derBytes())]
            for (route, bytes) in files {
                let connection = try await box.connect()
                let keys = try await box.reading(.keys(FixtureWorld.envoy.party), as: FixtureWorld.hezbollah)
                #expect(try await connection.send(keys).status == 200)
                let busy = try await Self.hit {
                    try await connection.send(box.request("POST", route.target, body: bytes))
                }
                #expect(
                    try Problem(parsing: try #require(busy).body).detail == "hezbollah may make 2 requests a second.")
                await connection.close()
                clock.advance(.seconds(20))
            }
            #expect(try await box.get(.keys(FixtureWorld.envoy.party), as: FixtureWorld.speaker).status == 200)
        }
    }

    @Test("unsettled messages of all parties have a bound, and one that is taken back makes room")
    func messages() async throws {
        let set: [(ServiceLimit, String, @Sendable (inout PartyLimits) -> Void)] = [
            (.allMessages, "The relay has as many unsettled messages as it takes.", { $0.allMessages = 1 }),
            (.allContent, "The relay has as many bytes of unsettled messages as it takes.", { $0.allContent = 1 }),
        ]
        for (limit, sentence, change) in set {
            try await RelayInABox.run(nil, Self.options(SteadyClock(), change)) { box in
                let envelope = try box.envelope()
                try await box.accept(envelope)
                let answer = try await Self.send(box, FixtureWorld.speaker)
                try await Self.expect(answer, limit, sentence, retryAfter: "60", box)
                let leg = try #require(LegNumber(0))
                try await box.accept(
                    box.sign(.recall(envelope.message, legs: [leg]), by: FixtureWorld.envoy))
                #expect(try await Self.send(box, FixtureWorld.speaker).status == 200)
            }
        }
    }

    @Test(
        "who has nothing left is refused before the signature is looked at, on the party's own connections alone",
        arguments: [ServiceLimit.partyStatements, .delegateStatements])
    func early(limit: ServiceLimit) async throws {
        let clock = SteadyClock()
        let options = Self.options(clock) { limits in
            if limit == .partyStatements { limits.statements = 1 } else { limits.delegateStatements = 1 }
        }
        try await RelayInABox.run(nil, options) { box in
            let own = try await box.connect()
            let forged = try box.envelope()
            var bytes = forged.bytes
            let place = try #require(Self.place(of: forged.signed.signatures[0], in: bytes))
            bytes[place] ^= 1
            let (good, bad) = (box.envelopeRequest(try box.envelope().bytes), box.envelopeRequest(bytes))
            _ = try await Self.hit { try await own.send(good) }
            #expect(try await own.send(bad).status == 429)
            #expect(try await box.exchange(bad).status == 401)
            clock.advance(.seconds(1))
            #expect(try await own.send(bad).status == 401)
            await own.close()
        }
    }

    @Test("a connection that comes again at once after a refusal is not read for a second, and others are")
    func rest() async throws {
        try await RelayInABox.run(nil, Self.options(SteadyClock()) { $0.statements = 1 }) { box in
            let (own, other) = (try await box.connect(), try await box.connect())
            let request = box.envelopeRequest(try box.envelope().bytes)
            _ = try await Self.hit { try await own.send(request) }
            // What was on its way when it was turned away is still read.
            #expect(try await own.send(request).status == 429)
            let begin = ContinuousClock.now
            let answer = Task { try await own.send(request) }
            let leg = Leg(intermediaries: [], recipient: FixtureWorld.envoy.party)
            let free = box.envelopeRequest(try box.envelope(from: FixtureWorld.speaker, legs: [leg]).bytes)
            #expect(try await other.send(free).status == 200)
            #expect(try await answer.value.status == 429)
            #expect(ContinuousClock.now - begin > .milliseconds(500))
            await own.close()
            await other.close()
        }
    }

    private static func place(of part: [UInt8], in bytes: [UInt8]) -> Int? {
        bytes.indices.first { bytes[$0...].starts(with: part) }
    }

    @Test("requests that have waited for a thread for too long are told overloaded")
    func lag() async throws {
        var options = RelayInABox.Options.watched { $0.limits.queue.patience = .seconds(0) }
        options.publishesKeys = false
        try await RelayInABox.run(nil, options) { box in
            let answer = try await box.exchange(box.request("GET", "/v1/charter"))
            let problem = try Problem(parsing: answer.body)
            #expect(answer.status == 503 && problem.code == "overloaded")
            #expect(problem.detail == "Requests wait for 0 s before the relay comes to them.")
            #expect(answer.field("Retry-After") == "1")
            #expect(try await box.metrics()[#"valise_limited_total{limit="patience"}"#] == 1)
        }
    }
}
