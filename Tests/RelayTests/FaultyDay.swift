import Ledger
import Relay
import Statements
import Store
import TestKit
import Testing
import Wire

/// Work that makes a relay use its store in every way, with clients that repeat what failed.
struct FaultyDay {
    static let retention = TimeSpan.days(3)
    private static let attempts = 12

    let box: RelayInABox
    /// What was acknowledged, and where.
    private(set) var promised: [StatementID: LogIndex] = [:]
    /// What the relay said when it could not.
    private(set) var reasons: Set<String> = []

    init(_ box: RelayInABox) { self.box = box }

    /// A relay whose charter erases, and lets a limited auditor see a channel.
    static func site() throws -> RelaySite {
        var limits = Limits.standard
        limits.retention = retention
        return try RelaySite(
            limits: limits, observes: [PartyPair(FixtureWorld.envoy.party, FixtureWorld.speaker.party)])
    }

    mutating func work() async throws {
        let small = try box.envelope(legs: [RelayInABox.toSpeaker])
        try await accept { try await $0.post(.submitEnvelope, small.bytes) }
        let large = try box.envelope(FixtureWorld.bytes("large", 300_000), legs: [RelayInABox.toSpeaker])
        try await accept { try await $0.post(.submitEnvelope, large.bytes) }
        try await inParts(box.envelope(FixtureWorld.bytes("in parts", 500_000)))
        try await drafts()
        try await verdict()
        for outcome in [ReceiptOutcome.retrieved, .opened] {
            try await tell(small.message, .receipt(LegReference(message: small.message, leg: leg()), outcome))
        }
        try await reading(small)
        try await sizes()
        try await later(small.message)
    }

    private func leg() throws -> LegNumber { try #require(LegNumber(0)) }

    /// Repeats a request until the relay does not say any more that it cannot.
    @discardableResult
    private mutating func again(
        _ request: (RelayInABox) async throws -> LoadConnection.Answer
    ) async throws -> LoadConnection.Answer {
        for _ in 0..<Self.attempts {
            let answer: LoadConnection.Answer
            // A content whose reading fails on its way is cut off: it cannot be said any more.
            do { answer = try await request(box) } catch is LoadConnection.ConnectionLost { continue }
            guard answer.status >= 500 else { return answer }
            // A HEAD has no body.
            reasons.insert(answer.body.isEmpty ? "none" : try Problem(parsing: answer.body).code)
        }
        throw RelayInABox.Unexpected(description: "the relay cannot, again and again: \(reasons)")
    }

    private mutating func accept(
        _ request: (RelayInABox) async throws -> LoadConnection.Answer
    ) async throws {
        note(try box.accepted(try await again(request)))
    }

    private mutating func note(_ entry: RelayInABox.AcceptedEntry) {
        if let before = promised[entry.statement] { #expect(before == entry.index, "acknowledged at two places") }
        promised[entry.statement] = entry.index
    }

    private mutating func tell(_ message: MessageID, _ act: Act) async throws {
        let signed = try box.sign(act, by: FixtureWorld.speaker)
        try await accept { try await $0.post(.submitStatement, try signed.derBytes()) }
    }

    /// Asks where the upload stands after whatever went wrong.
    private mutating func inParts(_ envelope: RealEnvelope) async throws {
        let size = envelope.bytes.count
        for _ in 0..<Self.attempts {
            let begun = try await again { try await $0.post(.beginUpload, envelope.header) }
            if begun.field("upload-complete") == "?1" { return note(try box.accepted(begun)) }
            let offset = try #require(begun.field("upload-offset").flatMap { Int($0) })
            let end = offset < size / 2 ? size / 2 : size
            let part = try await box.patch(envelope, offset..<end)
            if part.status >= 500 { reasons.insert(try Problem(parsing: part.body).code) }
            if part.status == 200 { return note(try box.accepted(part)) }
        }
        throw RelayInABox.Unexpected(description: "the upload does not come to its end: \(reasons)")
    }
}

/// What lies beside the log.
extension FaultyDay {
    private mutating func signed(
        _ route: Route, _ body: [UInt8]?, method: String = "POST", as delegate: DelegateID = FixtureWorld.deputy
    ) async throws -> LoadConnection.Answer {
        try await again { box in
            let fields = try await box.signatureFields(route, as: delegate, body: body)
            return try await box.exchange(box.request(method, route.target, fields: fields, body: body ?? []))
        }
    }

    private mutating func drafts() async throws {
        let (released, refused) = (try box.draft(), try box.draft())
        for made in [released, refused] {
            let put = try await again { try await $0.put(made.file) }
            #expect(put.status == 200)
        }
        let signature = try released.signature(of: FixtureWorld.deputy, in: box.world)
        let signed = try await signed(.signDraft(released.draft.id), try signature.derBytes())
        #expect(signed.status == 200)
        #expect(try await self.signed(.rejectDraft(refused.draft.id), [1, 2, 3]).status == 200)
        for route in [Route.drafts, .draft(released.draft.id), .draftRejection(refused.draft.id)] {
            let answer = try await again { try await $0.get(route, as: FixtureWorld.deputy) }
            #expect(answer.status == 200 || answer.status == 206, "\(route)")
        }
        let withdrawn = try await self.signed(
            .withdrawDraft(refused.draft.id), nil, method: "DELETE", as: FixtureWorld.envoy)
        #expect([200, 204, 404].contains(withdrawn.status))
        let signatures = try [FixtureWorld.envoy, FixtureWorld.deputy].map {
            try released.signature(of: $0, in: box.world).signature
        }
        let complete = try SignedStatement(statementBytes: released.draft.statementBytes, signatures: signatures)
        let envelope = try RealEnvelope(released.letter, signed: complete)
        try await accept { try await $0.post(.submitEnvelope, envelope.bytes) }
    }

    private mutating func verdict() async throws {
        let rules = box.world.charter.charter.rulesVersion
        let verdict = try await VerdictTests.verdict(box) { $0.rules = rules }
        let answer = try await again { try await VerdictTests.post($0, verdict) }
        #expect(answer.status == 200)
    }

    private mutating func reading(_ letter: RealEnvelope) async throws {
        let routes: [(Route, DelegateID)] = [
            (.inbox(try #require(InboxQuery(after: ArrivalNumber(0)))), FixtureWorld.speaker),
            (.sent(try #require(SentQuery(after: 0))), FixtureWorld.envoy),
            (.scope(try #require(ScopeQuery(after: 0))), FixtureWorld.observer),
            (.message(letter.message), FixtureWorld.speaker), (.keys(FixtureWorld.speaker.party), FixtureWorld.envoy),
            (.verdicts, FixtureWorld.speaker), (.checkpoint, FixtureWorld.speaker),
        ]
        for (route, delegate) in routes {
            let answer = try await again { try await $0.get(route, as: delegate) }
            #expect(answer.status == 200, "\(route): \(answer.status)")
        }
        let content = try await again { try await $0.get(.envelope(letter.message), as: FixtureWorld.speaker) }
        #expect(content.body == letter.bytes)
    }

    /// Sizes that could not be read are read the next time.
    private func sizes() async throws {
        let health = try #require(box.server.health)
        for _ in 0..<2 { await health.figures.round() }
        #expect(health.scrape().contains("\nvalise_database_bytes "))
    }

    /// A notice of expiry, an upload that nobody goes on with, an erasure, a tick.
    private mutating func later(_ opened: MessageID) async throws {
        let left = try box.envelope(FixtureWorld.bytes("left", 300_000))
        let begun = try await again { try await $0.post(.beginUpload, left.header) }
        #expect(begun.status == 200 || begun.status == 201)
        await rounds()
        box.clock.pass(Self.retention + .hours(1))
        await rounds()
        // Under the tick that has come by now, and from the tree as it stands.
        let tile = try #require(TileID(level: 0, index: 0, size: box.head.size))
        for route in [Route.keys(FixtureWorld.speaker.party), .tile(tile)] {
            let answer = try await again { try await $0.get(route, as: FixtureWorld.envoy) }
            #expect(answer.status == 200, "\(route): \(answer.status)")
        }
        let gone = try await again { try await $0.get(.envelope(opened), as: FixtureWorld.speaker) }
        #expect(gone.status == 410)
    }

    /// Enough that what failed in one is done in another.
    private func rounds() async { for _ in 0..<Self.attempts { await box.round() } }
}
