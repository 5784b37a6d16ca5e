import Crypto
import Foundation
import Ledger
import Logging
import Relay
import Statements
import Store
import StoreSQLite
import TestKit
import Testing

@Suite("A log that is older than what was signed is not served", .timeLimit(.minutes(1)))
struct StartGuardTests {
    private static let quiet = Logger(label: "start") { _ in SwiftLogNoOpLogHandler() }

    /// Runs the relay for some messages, and keeps its head as it does while it runs.
    private static func grow(_ site: RelaySite, _ file: HeadFile, by count: Int) async throws -> LogHead {
        try await RelayInABox.run(site, .init { $0.runsActs = false }) { box in
            let keeper = HeadKeeper(file, log: box.server.log, logger: quiet)
            for _ in 0..<count { try await box.accept(box.envelope()) }
            await keeper.keep()
            return box.head
        }
    }

    private static func copy(_ site: RelaySite, to name: String) throws {
        let folder = site.folder.path
        try FileManager.default.copyItem(atPath: folder + "/data", toPath: "\(folder)/\(name)")
    }

    /// What a start with this data directory does before it serves.
    private static func start(_ site: RelaySite, _ data: String, _ file: HeadFile) async throws -> LogHead {
        let store = try SQLiteStore.open(directory: "\(site.folder.path)/\(data)")
        let result: Result<LogHead, any Error>
        do {
            let log = try await Founding.open(store, signers: RelayInABox.signers(site.world))
            try await StartGuard.check(log, reader: LogReader(store), against: file)
            result = .success(log.snapshot.head)
        } catch { result = .failure(error) }
        try await store.close()
        return try result.get()
    }

    @Test("the newest head is beside the data, and a copy that is older is refused; the newest data is not")
    func olderCopy() async throws {
        let site = try RelaySite()
        let file = HeadFile(besideData: site.folder.path + "/data/")
        #expect(file.path == site.folder.path + "/data.head")
        #expect(try file.read(log: site.world.logSigner.key) == nil)
        let first = try await Self.grow(site, file, by: 1)
        #expect(try file.read(log: site.world.logSigner.key) == first)
        try Self.copy(site, to: "older")
        let second = try await Self.grow(site, file, by: 2)
        let error = await #expect(throws: RelayError.self) { try await Self.start(site, "older", file) }
        #expect(error?.code == "older-copy")
        #expect(error?.message.contains("\(first.size)") == true && error?.message.contains("\(second.size)") == true)
        #expect(error?.hint.contains("Docs/Operations/backup.md") == true)
        // The refusal has not taken the older head for the newest one.
        #expect(try file.read(log: site.world.logSigner.key) == second)
        #expect(try await Self.start(site, "data", file) == second)
    }

    @Test("a log that has grown apart is refused, whatever its size")
    func otherHistory() async throws {
        let site = try RelaySite()
        let file = HeadFile(path: site.folder.path + "/kept")
        _ = try await Self.grow(site, file, by: 1)
        try Self.copy(site, to: "fork")
        let known = try await Self.grow(site, file, by: 1)
        try FileManager.default.moveItem(atPath: site.folder.path + "/data", toPath: site.folder.path + "/right")
        try FileManager.default.moveItem(atPath: site.folder.path + "/fork", toPath: site.folder.path + "/data")
        _ = try await Self.grow(site, HeadFile(path: site.folder.path + "/elsewhere"), by: 3)
        let error = await #expect(throws: RelayError.self) { try await Self.start(site, "data", file) }
        #expect(error?.code == "other-history")
        #expect(try await Self.start(site, "right", file) == known)
    }

    @Test("a head that cannot be read, or cannot be kept, is no leave to start")
    func unusable() async throws {
        let site = try RelaySite()
        let file = HeadFile(path: site.folder.path + "/kept")
        let head = try await Self.grow(site, file, by: 1)
        let note = try Data(contentsOf: URL(fileURLWithPath: file.path))
        for place in 0..<note.count {
            var damaged = note
            damaged[place] ^= 1
            try damaged.write(to: URL(fileURLWithPath: file.path))
            let error = #expect(throws: RelayError.self) { try file.read(log: site.world.logSigner.key) }
            #expect(error?.code == "head-file-damaged", "byte \(place)")
        }
        let error = await #expect(throws: RelayError.self) { try await Self.start(site, "data", file) }
        #expect(error?.code == "head-file-damaged")
        // It can be opened, and then not be read.
        let folder = HeadFile(path: site.folder.path)
        let third = #expect(throws: RelayError.self) { try folder.read(log: site.world.logSigner.key) }
        #expect(third?.code == "head-file-unreadable")
        let nowhere = HeadFile(path: site.folder.path + "/missing/kept")
        let other = await #expect(throws: RelayError.self) { try await Self.start(site, "data", nowhere) }
        #expect(other?.code == "head-file-unwritable")
        try note.write(to: URL(fileURLWithPath: file.path))
        #expect(try await Self.start(site, "data", file) == head)
    }

    /// What a witness says when it is asked to cosign the log.
    enum Word: String, CaseIterable {
        case larger, otherRoot, away
    }

    @Test(
        "a witness that has cosigned more, or another log, keeps it from starting, unless it is disregarded",
        arguments: Word.allCases)
    func witness(word: Word) async throws {
        let name = try #require(NoteName("witness.example"))
        let key = try Curve25519.Signing.PrivateKey(rawRepresentation: FixtureWorld.bytes("a witness", 32))
        let signer = try NoteSigner(name: name, kind: .cosignature, privateKey: key)
        let site = try RelaySite(
            witnesses: [Witness(verifierKey: signer.key.text, url: "https://w.example")], witnessQuorum: 1)
        try await RelayInABox.run(site, .init { $0.runsActs = false }) { box in
            let size = box.head.size
            let panel = { @Sendable in
                WitnessPanel(site.world.charter.charter, log: site.world.logSigner.key, logger: Self.quiet) { _, _ in
                    switch word {
                    case .larger: Self.conflict(naming: TreeSize(size.rawValue + 5))
                    case .otherRoot: Self.conflict(naming: size)
                    case .away: nil
                    }
                }
            }
            let ask = { (disregarded: Set<String>) in
                try await StartGuard.ask(
                    panel(), about: box.server.log, reader: LogReader(box.store), disregarding: disregarded)
            }
            if word == .away { return try await ask([]) }
            let error = await #expect(throws: RelayError.self) { try await ask([]) }
            #expect(error?.code == (word == .larger ? "older-copy" : "other-history"))
            #expect(error?.message.contains("witness.example") == true)
            #expect(error?.hint.contains("--disregard-witness") == true)
            try await ask(["witness.example"])
        }
    }

    private static func conflict(naming size: TreeSize) -> WitnessAnswer {
        WitnessAnswer(status: 409, contentType: WitnessAnswer.sizeType, body: Array("\(size)\n".utf8))
    }
}
