import Ledger
import Logging
import Relay
import Statements
import TestKit
import Testing
import Watch

/// Older data in the place of the relay's: what its own program sees before it serves them. What the parties see of a
/// relay that serves them all the same is among the histories.
@Suite("Cheats: older copies", .serialized, .timeLimit(.minutes(1)))
struct OlderCopyCheats {
    static let family = Family("Older copies", rows)

    @Test("the relay does not start on what it has signed more of", arguments: family.rows)
    func holds(cheat: Cheat) async throws { try await cheat.hold() }

    private static let quiet = Logger(label: "start") { _ in SwiftLogNoOpLogHandler() }

    /// Runs the relay, which keeps its newest head, and puts data back that were kept before.
    /// - Parameters:
    ///   - ran: what happens at the newer ones besides.
    ///   - grow: how the older ones grow before they are started with the head kept.
    private static func putBack(
        _ stage: Stage, _ file: HeadFile, ran: @escaping @Sendable (Scene) async throws -> Void = { _ in },
        grow: (@Sendable (Scene) async throws -> Void)? = nil
    ) async throws {
        try await stage.run { scene in try await run(scene, file) }
        try stage.site.keepData(as: "older")
        try await stage.run { scene in
            try await run(scene, file)
            try await ran(scene)
        }
        try stage.site.putBackData("older")
        guard let grow else { return }
        try await stage.run { scene in try await grow(scene) }
    }

    private static func run(_ scene: Scene, _ file: HeadFile) async throws {
        _ = try await scene.direct()
        await HeadKeeper(file, log: scene.box.server.log, logger: quiet).keep()
    }

    /// What `valise-relay serve` does before it listens.
    private static func start(
        _ stage: Stage, _ file: HeadFile, _ post: @escaping @Sendable ([UInt8]) async -> WitnessAnswer? = { _ in nil }
    ) async throws -> Seen {
        try await stage.run(isTicking: false) { scene in
            let (log, reader) = (scene.box.server.log, LogReader(scene.box.store))
            let panel = WitnessPanel(
                stage.site.world.charter.charter, log: stage.site.world.logSigner.key, logger: quiet
            ) { body, _ in await post(body) }
            return await .by(.relay, .nextRun) {
                try await StartGuard.check(log, reader: reader, against: file) {
                    try await StartGuard.ask(panel, about: log, reader: reader)
                }
            }
        }
    }

    private static func headFile(_ stage: Stage) -> HeadFile { HeadFile(besideData: "\(stage.site.folder.path)/data") }

    private static let rows: [Cheat] = [
        Cheat(
            "older-copy-started", .relay, what: "puts back an older copy of the data, and starts the relay on it",
            .noticed(.relay, "older-copy", .nextRun)
        ) {
            try await Stage.set { stage in
                let file = headFile(stage)
                try await putBack(stage, file)
                return try await start(stage, file)
            }
        },
        Cheat(
            "other-history-started", .relay,
            what: "puts back an older copy of the data that has grown another way, and starts the relay on it",
            .noticed(.relay, "other-history", .nextRun)
        ) {
            try await Stage.set { stage in
                let file = headFile(stage)
                try await putBack(stage, file, grow: { scene in for _ in 0..<3 { _ = try await scene.direct() } })
                return try await start(stage, file)
            }
        },
        Cheat(
            "older-copy-of-the-machine", .relay,
            what: "puts back an older copy of the data and of the newest head, which a witness has seen more of",
            .noticed(.relay, "older-copy", .nextRun)
        ) {
            let fixture = try FixtureWitness("one")
            let folder = try TemporaryFolder("valise-cheats")
            return try await Stage.set(witnesses: [fixture.listed]) { stage in
                let witness = try Cosigner(
                    signer: fixture.signer, logs: [stage.site.world.logSigner.key],
                    store: WitnessFolder(path: folder.path, witness: fixture.signer.key),
                    now: { 2_000_000_000 }, logger: quiet)
                let cosigned = { @Sendable (scene: Scene) in
                    let note = try SignedNote(parsing: scene.box.world.checkpoint(scene.box.head))
                    let request = try AddCheckpointRequest(oldSize: 0, proof: ConsistencyProof(hashes: []), note: note)
                    _ = try witness.answer(request.bytes).get()
                }
                try await putBack(stage, headFile(stage), ran: cosigned)
                // The head file is gone with the rest of the newer machine.
                let older = HeadFile(path: "\(stage.site.folder.path)/older.head")
                return try await start(stage, older) { body in
                    guard case .failure(let refusal) = witness.answer(body) else { return nil }
                    return WitnessGeneration.second.answer(refusal)
                }
            }
        },
    ]
}
