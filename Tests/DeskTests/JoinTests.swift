import Glibc
import Ledger
import Statements
import Testing

@testable import Desk

@Suite("A desk joins one charter and keeps to it")
struct JoinTests {
    let desks: Desks
    init() throws { desks = try Desks() }

    @Test("joining pins the charter, and loading checks it again")
    func pins() async throws {
        let signed = try await desks.signed(try desks.compile())
        let home = desks.home("south")
        #expect(#expect(throws: DeskError.self) { try PinnedCharter.load(home) }?.code == "not-joined")
        let charter = try PinnedCharter(checking: signed)
        try charter.pin(in: home, replacing: false)
        try charter.pin(in: home, replacing: false)
        #expect(try PinnedCharter.load(home).id == signed.id)
        #expect(try PinnedCharter.load(home).logKey.publicKey == Desks.relay.logKey)
        #expect(try PinnedCharter.pinned(home) == signed.id)
    }

    @Test("a desk without keys is told to make them, before it is told to join")
    func withoutKeys() {
        let error = #expect(throws: DeskError.self) { try PinnedCharter.load(DeskHome(path: "/nonexistent/desk")) }
        #expect(error?.code == "no-keys" && error?.hint.hasPrefix("valise keys new ") == true)
    }

    @Test("another charter is refused unless it is to replace the first, whose checkpoint is then forgotten")
    func replaces() async throws {
        let home = desks.home("south")
        let first = try PinnedCharter(checking: try await desks.signed(try desks.compile()))
        let other = try desks.compile(Desks.source.replacing("Three desks", with: "Other desks"))
        let second = try PinnedCharter(checking: try await desks.signed(other))
        try first.pin(in: home, replacing: false)
        try DeskFile.write(home.checkpointFile, Array("what was seen".utf8))
        let error = #expect(throws: DeskError.self) { try second.pin(in: home, replacing: false) }
        #expect(error?.code == "other-charter-pinned")
        #expect(try PinnedCharter.load(home).id == first.id)
        #expect(DeskFile.exists(home.checkpointFile))
        try second.pin(in: home, replacing: true)
        #expect(try PinnedCharter.load(home).id == second.id)
        #expect(!DeskFile.exists(home.checkpointFile))
    }

    @Test("a charter file that was exchanged or damaged later is not loaded")
    func exchanged() async throws {
        let home = desks.home("south")
        let signed = try await desks.signed(try desks.compile())
        try PinnedCharter(checking: signed).pin(in: home, replacing: false)
        let other = try desks.compile(Desks.source.replacing("Three desks", with: "Other desks"))
        try DeskFile.write(home.charterFile, try await desks.signed(other).derBytes())
        #expect(#expect(throws: DeskError.self) { try PinnedCharter.load(home) }?.code == "charter-pin-mismatch")
        var bytes = try signed.derBytes()
        bytes[bytes.count - 1] ^= 1
        try DeskFile.write(home.charterFile, bytes)
        #expect(#expect(throws: DeskError.self) { try PinnedCharter.load(home) }?.code == "charter-signature-bad")
        bytes.removeLast()
        try DeskFile.write(home.charterFile, bytes)
        #expect(#expect(throws: DeskError.self) { try PinnedCharter.load(home) }?.code == "charter-damaged")
    }

    @Test("a desk whose card is not in the charter does not join it")
    func strangers() async throws {
        let charter = try PinnedCharter(checking: try await desks.signed(try desks.compile()))
        _ = try desks.makeKeys("east")
        let absent = #expect(throws: DeskError.self) { try charter.pin(in: desks.home("east"), replacing: false) }
        #expect(absent?.code == "not-in-charter")
        let impostor = try Desks.looseCard("south", "lead")
        #expect(
            #expect(throws: DeskError.self) { try charter.checkMembership(of: impostor) }?.code
                == "other-key-in-charter")
    }

    @Test("a charter with a missing signature cannot be joined")
    func unsigned() async throws {
        let bytes = try CharterFiles.compile(try desks.compile())
        let signed = try SignedCharter(charterBytes: bytes, signatures: [])
        #expect(
            #expect(throws: DeskError.self) { try PinnedCharter(checking: signed) }?.code == "charter-signature-missing"
        )
    }
}
