import Audit
import Desk
import Ledger
import Logging
import Statements
import TestKit
import Testing
import Transport
import Watch
import Wire

/// What witnesses are asked, what they say, and what the relay shows of it.
@Suite("Cheats: witnesses", .serialized, .timeLimit(.minutes(1)))
struct WitnessCheats {
    static let family = Family("Witnesses", asked + shown)

    @Test("a witness is bound by what it has said, and a party by what it has seen", arguments: family.rows)
    func holds(cheat: Cheat) async throws { try await cheat.hold() }

    /// An honest witness that has cosigned a log of seven entries, and is asked for another checkpoint.
    private static func asked(
        _ id: String, _ what: String, _ code: String,
        _ body: @escaping @Sendable (inout ForgedTalks) throws -> AddCheckpointRequest
    ) -> Cheat {
        Cheat(id, [.relay], what, .noticed(.witness, code, .atOnce)) {
            var talks = try ForgedTalks()
            let folder = try TemporaryFolder("valise-cheats")
            let signer = try FixtureWitness("honest").signer
            let witness = try Cosigner(
                signer: signer, logs: [talks.world.logSigner.key],
                store: WitnessFolder(path: folder.path, witness: signer.key), now: { 2_000_000_000 },
                logger: Logger(label: "witness") { _ in SwiftLogNoOpLogHandler() })
            let first = try request(0, talks.forge.note())
            _ = try witness.answer(first.bytes).get()
            let second = try body(&talks).bytes
            return await .by(.witness) { _ = try witness.answer(second).get() }
        }
    }

    private static func request(
        _ old: TreeSize, _ note: [UInt8], _ proof: ConsistencyProof = ConsistencyProof(hashes: [])
    ) throws -> AddCheckpointRequest {
        try AddCheckpointRequest(oldSize: old, proof: proof, note: SignedNote(parsing: note))
    }

    private static let asked = [
        asked("witness-asked-for-fork", "asks a witness to cosign a fork of the same size", "witness-other-root") {
            talks in
            talks.forge.entries[6] = talks.forge.entries[5]
            return try request(7, talks.forge.note())
        },
        asked("witness-asked-for-longer-fork", "asks a witness to cosign a longer fork", "witness-inconsistent") {
            talks in
            let honest = talks.forge
            talks.forge.entries.append(honest.entries[5])
            let proof = try talks.forge.consistency(from: 7, to: 8)
            talks.forge.entries[6] = honest.entries[5]
            return try request(7, talks.forge.note(), proof)
        },
        asked(
            "witness-asked-for-less", "asks a witness to cosign a log that was taken back", "witness-other-size"
        ) { talks in try request(5, talks.forge.note(5)) },
    ]

    /// A relay whose checkpoints one witness of the charter has to cosign; the proxy shows them as told.
    private static func shown(
        _ id: String, _ who: [Cheater], _ what: String, _ code: String, _ soon: Soon,
        _ lie: @escaping @Sendable ([UInt8], FixtureWitness, Timestamp) throws -> [UInt8]
    ) -> Cheat {
        Cheat(id, who, what, .noticed(.originator, code, soon)) {
            let witness = try FixtureWitness("one")
            return try await Stage.play(witnesses: [witness.listed]) { scene in
                let desk = try scene.envoy
                let truth = scene.stage.truth
                try await confirm(scene, witness)
                scene.proxy.tell { request, relay in
                    let answer = try await relay(request)
                    guard request.route == .checkpoint else { return answer }
                    return answer.saying(try lie(answer.body, witness, truth.now))
                }
                return await .by([
                    Look(.originator) { try await desk.expectCalm() },
                    Look(.originator, .witnesses) {
                        await scene.intervals(2)
                        try await desk.expectCalm()
                    },
                    scene.replay,
                ])
            }
        }
    }

    /// The witness cosigns, and the desk sees it.
    private static func confirm(_ scene: Scene, _ witness: FixtureWitness) async throws {
        let truth = scene.stage.truth
        scene.proxy.tell { request, relay in
            let answer = try await relay(request)
            guard request.route == .checkpoint else { return answer }
            return answer.saying(try witness.cosigned(answer.body, at: truth.now))
        }
        // The relay asks its witnesses once in a while: what it shows may be behind its log.
        try need(try await scene.envoy.confirmed() != nil, "the desk sees no confirmed head")
        try await scene.envoy.expectCalm()
    }

    private static let shown: [Cheat] = [
        shown(
            "cosignatures-left-out", [.relay], "shows no cosignatures any more", "not-confirmed", .witnesses
        ) { note, _, _ in note },
        shown(
            "witness-clock-back", [.relay, .witness], "has checkpoints cosigned with a clock that went back",
            "not-confirmed", .witnesses
        ) { note, witness, now in try witness.cosigned(note, at: now - .hours(1)) },
        shown(
            "cosignature-forged", [.relay], "puts a witness's name to a line that its key did not sign",
            "not-confirmed", .atOnce
        ) { note, witness, now in
            var bytes = try witness.cosigned(note, at: now)
            // The last letters of the base64 line, before its end, are of the signature.
            bytes[bytes.count - 8] = bytes[bytes.count - 8] == 0x41 ? 0x42 : 0x41
            return bytes
        },
        shown(
            "cosigned-other-log", [.relay, .witness], "shows a cosigned checkpoint of another log in this one's place",
            "checkpoint-wrong", .atOnce
        ) { _, witness, now in
            guard let name = NoteName("relay.example/another") else { throw NotPlayed("no name") }
            let other = try FixtureWorld.noteKey("log", name: name)
            let head = LogHead(size: 3, root: Hash.sha256([1]))
            let note = try Checkpoint(origin: name, size: head.size, root: head.root).signed(by: other).bytes
            return try witness.cosigned(note, at: now)
        },
        Cheat(
            "forks-both-cosigned", .relay, .witness, what: "has a witness cosign two logs, and shows each to one party",
            .noticed(.replay, "forked-log", .comparison)
        ) {
            let witness = try FixtureWitness("one")
            let honest = try ForgedTalks(witnesses: [witness.listed])
            var other = honest
            other.forge.entries.removeLast()
            try other.put(.refusal(other.reference, .declined), by: ForgedTalks.hezbollah, previous: 5)
            let notes = try [honest, other].map { try witness.cosigned($0.forge.note(), at: $0.now) }
            for note in notes {
                let confirmed = try ConfirmedHead(
                    note, charter: honest.world.charter.charter, log: honest.world.logSigner.key)
                try need(confirmed != nil, "a party takes one of them for not confirmed")
            }
            let (shown, kept) = (honest, Verification.KeptCheckpoint(name: "a party's", note: notes[1]))
            return await .by([
                Look(.replay) { if let found = try await shown.audit().first { throw Alarm(found) } },
                Look(.replay, .comparison) {
                    if let found = try await shown.audit(against: [kept]).first { throw Alarm(found) }
                },
            ])
        },
    ]
}
