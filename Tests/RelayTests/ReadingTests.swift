import Ledger
import NIOCore
import Relay
import Statements
import Testing
import TestKit
import Transport
import Wire
@Suite("Reading", .timeLimit(.minutes(1)))
struct ReadingTests {
    private static let inbox = InboxQuery(after: ArrivalNumber(0)).unsafelyUnwrapped
    private static let elsewhere = "localhost:1"

    /// A signature that is wrong in one way.
    enum Flaw: CaseIterable {
        case missing, old, ahead, stranger, otherParty, otherPath, otherRelay, twoSignatures, garbage

        var code: String {
            switch self {
            case .missing: "signature-missing"
            case .old, .ahead: "signature-expired"
            case .stranger, .otherParty, .otherPath, .otherRelay: "not-authenticated"
            case .twoSignatures, .garbage: "signature-malformed"
            }
        }
    }

    private static func request(_ flaw: Flaw, _ box: RelayInABox) async throws -> ByteBuffer {
        let route = Route.inbox(inbox)
        switch flaw {
        case .missing: return box.request("GET", route.target)
        case .old: return try await box.reading(route, as: FixtureWorld.envoy, at: box.clock.now - .seconds(302))
        case .ahead: return try await box.reading(route, as: FixtureWorld.envoy, at: box.clock.now + .seconds(302))
        case .stranger:
            return try await box.reading(route, as: DelegateID("nobody/lead").unsafelyUnwrapped)
        case .otherParty: return try await signed(box, route.target, as: FixtureWorld.envoy, by: FixtureWorld.speaker)
        case .otherPath:
            return try await moved(box, from: Route.charter.target, to: route.target)
        case .otherRelay:
            let box = box
            let other = try await LoadConnection.reading(
                route.target, port: 1, as: FixtureWorld.envoy, at: box.clock.now
            ) { try box.world.sign($0, by: FixtureWorld.envoy) }
            return ByteBuffer(string: String(buffer: other))
        case .twoSignatures:
            let once = String(buffer: try await box.reading(route, as: FixtureWorld.envoy))
            let line = once.split(separator: "\r\n").first { $0.hasPrefix("Signature:") } ?? ""
            return ByteBuffer(string: once.replacing("Content-Length:", with: "\(line)\r\nContent-Length:"))
        case .garbage:
            return box.request("GET", route.target, fields: "Signature-Input: sig1=(((\r\nSignature: sig1=:x:\r\n")
        }
    }

    private static func signed(
        _ box: RelayInABox, _ target: String, as delegate: DelegateID, by signer: DelegateID
    ) async throws -> ByteBuffer {
        try await LoadConnection.reading(target, port: box.site.port, as: delegate, at: box.clock.now) {
            try box.world.sign($0, by: signer)
        }
    }

    /// A request that was signed for one path, sent to another.
    private static func moved(_ box: RelayInABox, from: String, to: String) async throws -> ByteBuffer {
        let text = String(buffer: try await signed(box, from, as: FixtureWorld.envoy, by: FixtureWorld.envoy))
        return ByteBuffer(string: text.replacing("GET \(from) ", with: "GET \(to) "))
    }

    @Test("without a delegate's good signature, nothing is shown", arguments: Flaw.allCases)
    func flawed(_ flaw: Flaw) async throws {
        try await RelayInABox.run { box in
            let answer = try await box.exchange(Self.request(flaw, box))
            let problem = try Problem(parsing: answer.body)
            #expect(answer.status == 401)
            #expect(problem.code == flaw.code)
            #expect(!problem.detail.isEmpty && !problem.hint.isEmpty)
            #expect(answer.field("WWW-Authenticate") == "Signature")
            #expect(try await box.get(.inbox(Self.inbox), as: FixtureWorld.speaker).status == 200)
        }
    }

    @Test("a signature within five minutes of the relay's clock will do", arguments: [-299, 0, 299] as [Int64])
    func tolerated(seconds: Int64) async throws {
        try await RelayInABox.run { box in
            let request = try await box.reading(
                .inbox(Self.inbox), as: FixtureWorld.envoy, at: box.clock.now + .seconds(seconds))
            #expect(try await box.exchange(request).status == 200)
        }
    }

    /// Who gets what, by who asks.
    struct Access: Sendable, CustomTestStringConvertible {
        let publication: Publication
        let route: Route
        let asker: DelegateID?
        let status: Int
        var testDescription: String {
            "\(publication) \(route.target) by \(asker.map { "\($0)" } ?? "anyone"): \(status)"
        }
    }

    static let accesses: [Access] = {
        let tile = Route.tile(TileID(level: 0, index: 0, width: 4).unsafelyUnwrapped)
        let entries = Route.entries(EntryBundleID(index: 0, width: 4).unsafelyUnwrapped)
        let consistency = Route.consistency(from: 1, to: 4)
        let (auditor, party) = (FixtureWorld.envoy, FixtureWorld.speaker)
        return [
            Access(publication: .private, route: .charter, asker: nil, status: 200),
            Access(publication: .private, route: .checkpoint, asker: nil, status: 401),
            Access(publication: .private, route: .checkpoint, asker: party, status: 200),
            Access(publication: .private, route: tile, asker: nil, status: 401),
            Access(publication: .private, route: tile, asker: party, status: 200),
            Access(publication: .private, route: consistency, asker: nil, status: 401),
            Access(publication: .private, route: consistency, asker: party, status: 200),
            Access(publication: .private, route: entries, asker: nil, status: 401),
            Access(publication: .private, route: entries, asker: party, status: 404),
            Access(publication: .private, route: entries, asker: auditor, status: 200),
            Access(publication: .private, route: .keys(party.party), asker: nil, status: 401),
            Access(publication: .always, route: .checkpoint, asker: nil, status: 200),
            Access(publication: .always, route: tile, asker: nil, status: 200),
            Access(publication: .always, route: entries, asker: nil, status: 401),
            Access(publication: .always, route: entries, asker: party, status: 404),
            Access(publication: .always, route: .inbox(inbox), asker: nil, status: 401),
        ]
    }()

    @Test("tiles are for delegates and entries for auditors, unless hashes are public", arguments: accesses)
    func access(_ row: Access) async throws {
        try await RelayInABox.run(RelaySite(publication: row.publication)) { box in
            let answer =
                if let asker = row.asker {
                    try await box.get(row.route, as: asker)
                } else {
                    try await box.exchange(box.request("GET", row.route.target))
                }
            #expect(answer.status == row.status)
        }
    }

    @Test("what lies beyond the log is not found")
    func beyond() async throws {
        try await RelayInABox.run { box in
            let tile = Route.tile(try #require(TileID(level: 0, index: 9)))
            let entries = Route.entries(try #require(EntryBundleID(index: 9)))
            for route in [tile, entries, .consistency(from: 1, to: 5_000)] {
                #expect(try await box.get(route, as: FixtureWorld.envoy).status == 404, "\(route.target)")
            }
        }
    }

    @Test("the client of the desk verifies inbox, chain and keys that the relay shows")
    func verified() async throws {
        try await RelayInABox.run { box in
            let envelope = try box.envelope()
            try await box.accept(envelope)
            await box.server.acts.round()
            let client = try box.client(FixtureWorld.speaker)
            let inbox = try await client.inbox(Self.inbox)
            #expect(inbox.arrivals.map(\.message) == [envelope.message])
            #expect(try await client.message(envelope.message).chain.count == 1)
            let keys = try await client.keys(FixtureWorld.hezbollah.party)
            #expect(keys.publications.map(\.delegate) == [FixtureWorld.hezbollah])
            try await client.shutdown()
        }
    }
}
