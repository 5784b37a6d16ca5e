import Crypto
import Ledger
import Logging
import Relay
import Rules
import Statements
import Store
import Synchronization
import TestKit
import Testing
import Transport
import Watch
import Wire

@Suite("Checkpoints are cosigned by witnesses, and published on cadence")
struct CheckpointRoundTests {
    /// Witnesses of the charter, which answer unless they are away.
    private final class Jury: Sendable {
        let signers: [NoteSigner]
        let away = Mutex<Set<Int>>([])
        let cosigners = Mutex<[Cosigner]>([])

        init() throws {
            signers = try (0..<3).map { number in
                let key = try Curve25519.Signing.PrivateKey(
                    rawRepresentation: FixtureWorld.bytes("witness \(number)", 32))
                guard let name = NoteName("witness\(number).example") else { throw FormError("name", expected: "one") }
                return try NoteSigner(name: name, kind: .cosignature, privateKey: key)
            }
        }

        var witnesses: [Witness] {
            signers.enumerated().map { Witness(verifierKey: $1.key.text, url: "https://w\($0).example") }
        }

        func sit(for log: VerifierKey, clock: TestClock) throws {
            let logger = Logger(label: "witness") { _ in SwiftLogNoOpLogHandler() }
            let sitting = try signers.map { signer in
                try Cosigner(
                    signer: signer, logs: [log], store: MemoryStore(),
                    now: { UInt64(clock.now.milliseconds / 1_000) }, logger: logger)
            }
            cosigners.withLock { $0 = sitting }
        }

        @Sendable func post(_ body: [UInt8], _ prefix: String) async -> WitnessAnswer? {
            guard let number = (0..<3).first(where: { prefix == "https://w\($0).example" }),
                !away.withLock({ $0.contains(number) })
            else { return nil }
            switch cosigners.withLock({ $0[number] }).answer(body) {
            case .success(let record): return WitnessAnswer(cosignatures: [record.cosignature])
            case .failure(let refusal): return WitnessGeneration.second.answer(refusal)
            }
        }
    }

    private struct Bench {
        let box: RelayInABox
        let jury: Jury
        let panel: WitnessPanel
        let shown: ShownCheckpoints
        let rounds: CheckpointRounds
        let notes: MemoryNotes

        var log: VerifierKey { box.world.logSigner.key }
        var confirmed: ConfirmedHead? {
            shown.parties.flatMap { try? ConfirmedHead($0.note, charter: box.world.charter.charter, log: log) }
        }

        /// Beside the relay's own rounds, which reach nobody under the witnesses' names.
        init(_ box: RelayInABox, _ jury: Jury, _ notes: MemoryNotes = MemoryNotes()) async throws {
            self.notes = notes
            self.box = box
            self.jury = jury
            let logger = Logger(label: "rounds") { _ in SwiftLogNoOpLogHandler() }
            let log = box.world.logSigner.key
            panel = WitnessPanel(box.world.charter.charter, log: log, logger: logger) { await jury.post($0, $1) }
            shown = try await ShownCheckpoints.open(notes, log: log, cosigners: jury.signers.map(\.key))
            rounds = CheckpointRounds(
                log: box.server.log, reader: LogReader(box.store), panel: panel, shown: shown,
                clock: RelayClock(box.clock.source, jumpLimit: .hours(1)), cadence: .init(), logger: logger)
        }
    }

    private func run(_ body: (Bench) async throws -> Void) async throws {
        let jury = try Jury()
        let site = try RelaySite(witnesses: jury.witnesses, witnessQuorum: 2)
        try await RelayInABox.run(site) { box in
            try jury.sit(for: box.world.logSigner.key, clock: box.clock)
            try await body(try await Bench(box, jury))
        }
    }

    @Test("a round brings the quorum's lines, and the next one follows the log from where the witnesses are")
    func cosigned() async throws {
        try await run { bench in
            await bench.rounds.round()
            let first = try #require(bench.confirmed)
            #expect(first.head == bench.box.head && first.cosigners.count == 3)
            _ = try await bench.box.accept(bench.box.envelope())
            #expect(bench.box.head.size > first.head.size)
            await bench.rounds.round()
            #expect(bench.confirmed?.head == first.head, "not before the pause is over")
            bench.box.clock.pass(.seconds(11))
            await bench.rounds.round()
            #expect(bench.confirmed?.head == bench.box.head)
            #expect(bench.panel.standings.allSatisfy { $0.trouble == nil && $0.size == bench.box.head.size })
        }
    }

    @Test("one witness away leaves the quorum; two leave a checkpoint that is shown and not confirmed; they come back")
    func away() async throws {
        try await run { bench in
            bench.jury.away.withLock { $0 = [1] }
            await bench.rounds.round()
            #expect(bench.confirmed?.cosigners.count == 2)
            #expect(bench.panel.standings[1].trouble?.contains("[witness-silent]") == true)
            _ = try await bench.box.accept(bench.box.envelope())
            bench.jury.away.withLock { $0 = [0, 1] }
            bench.box.clock.pass(.seconds(11))
            await bench.rounds.round()
            #expect(bench.shown.parties?.head == bench.box.head && bench.confirmed == nil)
            bench.jury.away.withLock { $0 = [] }
            bench.box.clock.pass(.seconds(11))
            await bench.rounds.round()
            #expect(bench.confirmed?.head == bench.box.head && bench.confirmed?.cosigners.count == 3)
            #expect(bench.panel.canBeQuorum)
        }
    }

    @Test("a checkpoint that stays is cosigned again before its lines are old, and no line is lost by that")
    func refreshed() async throws {
        try await run { bench in
            await bench.rounds.round()
            let first = try #require(bench.confirmed)
            bench.box.clock.pass(.minutes(4))
            await bench.rounds.round()
            #expect(bench.confirmed == first)
            bench.jury.away.withLock { $0 = [2] }
            bench.box.clock.pass(.minutes(2))
            await bench.rounds.round()
            let again = try #require(bench.confirmed)
            #expect(again.head == first.head && again.cosigners.count == 3 && again.at > first.at)
        }
    }

    @Test("a witness that knows a larger tree is an alarm, and asked no more; without a quorum the relay says so")
    func larger() async throws {
        try await run { bench in
            await bench.rounds.round()
            _ = try await bench.box.accept(bench.box.envelope())
            bench.box.clock.pass(.seconds(11))
            // The log as it was: restored from an older copy.
            let old = bench.box.server.log.snapshot
            await bench.rounds.round()
            let restored = try await Bench(bench.box, bench.jury)
            let small = try Checkpoint(
                origin: bench.log.name, size: TreeSize(rawValue: old.head.size.rawValue - 1),
                root: Hash.sha256([1])
            ).signed(by: bench.box.world.logSigner)
            let (note, isQuorum) = await restored.panel.cosign(small) { _ in ConsistencyProof(hashes: []) }
            #expect(!isQuorum && note == small)
            #expect(restored.panel.standings.allSatisfy { $0.alarm == .largerTree(old.head.size) })
            #expect(!restored.panel.canBeQuorum)
        }
    }

    @Test("what was shown is shown after a restart, before any witness is asked")
    func restart() async throws {
        try await run { bench in
            await bench.rounds.round()
            let shown = bench.shown.parties
            let again = try await Bench(bench.box, bench.jury, bench.notes)
            #expect(again.shown.parties == shown && shown != nil)
        }
    }
}

/// Keeps records for as long as a test runs.
private final class MemoryStore: WitnessStore {
    private let kept = Mutex<[Hash: WitnessRecord]>([:])
    func records() throws -> [WitnessRecord] { kept.withLock { Array($0.values) } }
    func record(_ origin: Hash) throws -> WitnessRecord? { kept.withLock { $0[origin] } }
    func keep(_ record: WitnessRecord) throws {
        kept.withLock { $0[Hash.sha256(record.checkpoint.origin.bytes)] = record }
    }
    func keepEvidence(_ note: SignedNote, of checkpoint: Checkpoint) throws -> Bool { true }
}

/// Notes that last as long as a test.
private final class MemoryNotes: NoteStore {
    private let kept = Mutex<[NoteSlot: [UInt8]]>([:])
    func note(_ slot: NoteSlot) async throws(StoreError) -> [UInt8]? { kept.withLock { $0[slot] } }
    func keep(_ note: [UInt8], in slot: NoteSlot) async throws(StoreError) { kept.withLock { $0[slot] = note } }
}

@Suite("Publication on cadence")
struct CadenceTests {
    private func checkpoint(_ box: RelayInABox) async throws -> LoadConnection.Answer {
        try await box.exchange(box.request("GET", "/checkpoint"))
    }

    private func size(_ answer: LoadConnection.Answer) throws -> TreeSize {
        try Checkpoint(text: SignedNote(parsing: answer.body).text).size
    }

    @Test("strangers see one checkpoint in each interval and no tile beyond it; delegates see the log")
    func strangers() async throws {
        let site = try RelaySite(publication: .onCadence)
        try await RelayInABox.run(site) { box in
            await box.server.rounds.round()
            let first = try size(try await checkpoint(box))
            try await box.accept(box.envelope())
            await box.server.rounds.round()
            let second = try size(try await checkpoint(box))
            #expect(second == first && box.head.size > first)
            let own = try size(try await box.get(.checkpoint, as: FixtureWorld.speaker))
            #expect(own == box.head.size)
            let beyond = try #require(TileID(level: 0, index: 0, width: Int(box.head.size.rawValue)))
            let within = try #require(TileID(level: 0, index: 0, width: Int(first.rawValue)))
            #expect(try await box.exchange(box.request("GET", "/\(beyond.path)")).status == 404)
            #expect(try await box.exchange(box.request("GET", "/\(within.path)")).body.count == within.byteCount)
            #expect(try await box.get(.tile(beyond), as: FixtureWorld.speaker).status == 200)
            let bundle = try #require(EntryBundleID(index: 0, size: first))
            #expect(try await box.exchange(box.request("GET", "/\(bundle.path)")).status == 401)
            box.clock.pass(box.world.charter.charter.limits.tickInterval)
            await box.server.rounds.round()
            let next = try size(try await checkpoint(box))
            #expect(next > first && next <= box.head.size)
        }
        // After a restart the same one is shown until the next interval.
        try await RelayInABox.run(site) { box in
            let before = try size(try await checkpoint(box))
            try await box.accept(box.envelope())
            await box.server.rounds.round()
            let after = try size(try await checkpoint(box))
            #expect(after == before && box.head.size > before)
        }
    }

    @Test(
        "private: strangers see nothing; always: they see what parties see", arguments: [Publication.private, .always])
    func others(publication: Publication) async throws {
        try await RelayInABox.run(try RelaySite(publication: publication)) { box in
            await box.server.rounds.round()
            let answer = try await checkpoint(box)
            #expect(answer.status == (publication == .always ? 200 : 401))
        }
    }
}
