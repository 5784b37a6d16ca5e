import Ledger
import Statements
import TestKit
import Testing
import Wire

@testable import Relay

@Suite("How many drafts may be on their way")
struct DraftDoorTests {
    @Test("a fifth of one party waits outside, another party's goes in, and one that left makes room")
    func bounded() async throws {
        let door = DraftDoor()
        let ids = (0...DraftDoor.mostOfAParty).map { StatementID(Hash.sha256([UInt8($0)])) }
        let (envoy, speaker) = (FixtureWorld.envoy.party, FixtureWorld.speaker.party)
        for id in ids.dropLast() { try await door.enter(id, of: envoy) }
        let last = try #require(ids.last)
        let problem = await #expect(throws: Problem.self) { try await door.enter(last, of: envoy) }
        #expect(problem?.code == "busy")
        try await door.enter(last, of: speaker)
        await door.leave(ids[0], of: envoy)
        try await door.enter(last, of: envoy)
    }
}
