import Statements
import TestKit
import Testing
import Transport
import Wire

@Suite("Who may put a draft on the shelf", .timeLimit(.minutes(1)))
struct DraftBringersTests {
    /// Both ways in, with the bytes that each begins with.
    enum Way: CaseIterable, Sendable {
        case whole, parts
        var route: Route { self == .whole ? .putDraft : .beginDraftUpload }
        func bytes(_ made: MadeDraft) -> [UInt8] { self == .whole ? made.file : made.header }
        var taken: Int { self == .whole ? 200 : 201 }
    }

    /// A draft that was on the shelf, was withdrawn, and whose file has got about.
    private static func withdrawn(_ box: RelayInABox) async throws -> MadeDraft {
        let made = try box.draft(FixtureWorld.bytes("an attachment", 200_000))
        try await box.withClient(FixtureWorld.envoy) { drafter in
            let put = try await drafter.put(made)
            try await drafter.withdrawDraft(put.id)
        }
        return made
    }

    private static func expectNothing(_ box: RelayInABox) async throws {
        #expect(try await box.store.drafts(of: FixtureWorld.envoy.party).isEmpty)
        #expect(try await box.uploadsBegun.isEmpty)
        #expect(box.site.folder.names(in: "data/envelopes").isEmpty)
    }

    @Test("its file alone does not put it back: the request must be signed", arguments: Way.allCases)
    func unsigned(way: Way) async throws {
        try await RelayInABox.run { box in
            let made = try await Self.withdrawn(box)
            let answer = try await box.post(way.route, way.bytes(made))
            #expect(answer.status == 401)
            #expect(try Problem(parsing: answer.body).code == "signature-missing")
            try await Self.expectNothing(box)
        }
    }

    @Test(
        "neither a stranger nor a delegate of another party puts it back",
        arguments: Way.allCases, [("us-envoy/nobody", 401, "not-authenticated"), ("hezbollah/lead", 403, "not-yours")])
    func strangers(way: Way, who: (name: String, status: Int, code: String)) async throws {
        try await RelayInABox.run { box in
            let made = try await Self.withdrawn(box)
            let delegate = try #require(DelegateID(who.name))
            let answer = try await box.put(way.bytes(made), as: delegate, to: way.route)
            #expect(answer.status == who.status)
            #expect(try Problem(parsing: answer.body).code == who.code)
            try await Self.expectNothing(box)
        }
    }

    @Test("any delegate of its party may bring it, also again", arguments: Way.allCases)
    func colleague(way: Way) async throws {
        try await RelayInABox.run { box in
            let made = try await Self.withdrawn(box)
            let answer = try await box.put(way.bytes(made), as: FixtureWorld.deputy, to: way.route)
            #expect(answer.status == way.taken)
        }
    }

    @Test("a signature of another request, or over a digest, is none of this one", arguments: Way.allCases)
    func otherSignature(way: Way) async throws {
        try await RelayInABox.run { box in
            let made = try await Self.withdrawn(box)
            let bytes = way.bytes(made)
            let digest = try await box.signatureFields(way.route, as: FixtureWorld.envoy, body: bytes)
            let over = try await box.exchange(box.request("POST", way.route.target, fields: digest, body: bytes))
            #expect(try Problem(parsing: over.body).code == "signature-malformed")
            let reading = try await box.signatureFields(.drafts, as: FixtureWorld.envoy)
            let other = try await box.exchange(box.request("POST", way.route.target, fields: reading, body: bytes))
            #expect(try Problem(parsing: other.body).code == "not-authenticated")
            try await Self.expectNothing(box)
        }
    }
}
