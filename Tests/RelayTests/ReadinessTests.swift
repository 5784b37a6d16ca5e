import Crypto
import Daemon
import Ledger
import Relay
import Statements
import Store
import TestKit
import Testing
import Wire

@Suite("Readiness", .timeLimit(.minutes(1)))
struct ReadinessTests {
    @Test("a relay that can do its work says so, check by check, for people and for programs")
    func ready() async throws {
        try await RelayInABox.run(nil, .watched()) { box in
            await box.round()
            let readiness = try await box.readiness()
            #expect(readiness.isReady && readiness.state == .ok, "\(readiness.checks)")
            #expect(
                readiness.checks.map(\.name) == [
                    "store", "clock", "duties", "checkpoint", "disk", "descriptors", "certificate",
                ])
            let text = try await box.health("/readyz").text
            #expect(text.hasPrefix("ready, \(box.head.size) entries\nok    store: "), "\(text)")
            #expect(try await box.health("/healthz").text == "ok\n")
            #expect(try await box.health("/other").status == 404)
        }
    }

    @Test("a store that cannot commit is found out without a statement, and a next step is named")
    func cannotCommit() async throws {
        try await RelayInABox.run(nil, .watched()) { box in
            await box.round()
            box.store.spoilNotes(.fail)
            let check = try await box.whenQuiet("store") { $0.state == .fail }
            #expect(check.sentence.contains("the disk is full by the script of a test"))
            #expect(check.next?.isEmpty == false)
            let text = try await box.health("/readyz").text
            #expect(text.hasPrefix("not ready, "), "\(text)")
            #expect(text.contains("\nfail  store: "), "\(text)")
            box.store.spoilNotes(nil)
            _ = try await box.whenQuiet("store") { $0.state == .ok }
        }
    }

    @Test("a commit that does not come back is told within the probe's patience, and is over when it does")
    func stuck() async throws {
        try await RelayInABox.run { box in
            let gate = Gate()
            box.store.spoilNotes(.wait(gate))
            let probe = StoreProbe(box.store, metrics: RelayMetrics())
            guard case .stuck = await probe.look() else { return #expect(Bool(false), "not told") }
            await gate.reached()
            let begin = ContinuousClock.now
            guard case .stuck = await probe.look() else { return #expect(Bool(false), "not told again") }
            #expect(ContinuousClock.now - begin < .seconds(1), "nobody waits for a commit that is known to hang")
            gate.open()
            #expect(await probe.settles())
        }
    }

    @Test("many who ask while a finding is new enough cause one commit")
    func oneProbe() async throws {
        try await RelayInABox.run { box in
            let gate = Gate()
            let counted = CountedNotes(box.store, gate)
            var times = StoreProbe.Times()
            times.age = .seconds(3_600)
            let probe = StoreProbe(counted, metrics: RelayMetrics(), times: times)
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<50 { group.addTask { _ = await probe.look() } }
                await gate.reached()
                gate.open()
            }
            _ = await probe.look()
            #expect(counted.count.value == 1)
        }
    }

    @Test("intake that waits for the store or has stopped for good is a failure that says what comes next")
    func intake() async throws {
        for (step, next) in [
            (FaultInjectingStore.Step.losesTrack(), "goes on by itself"), (.losesAll, "run valise-relay check"),
        ] {
            var options = RelayInABox.Options.watched()
            options.runsActs = false
            try await RelayInABox.run(nil, options) { box in
                box.store.then([step])
                #expect(try await box.post(.submitEnvelope, box.envelope().bytes).status == 503)
                let check = try await box.check("store")
                #expect(check.state == .fail)
                #expect(check.next?.contains(next) == true)
            }
        }
    }

    @Test("a clock behind the log, an old certificate and a log that stands still are failures of their own")
    func time() async throws {
        var options = RelayInABox.Options.watched()
        options.runsActs = false
        try await RelayInABox.run(nil, options) { box in
            await box.round()
            box.clock.set(by: .minutes(-5))
            let behind = try await box.check("clock")
            #expect(behind.sentence == "It is 300 s behind the newest entry.")
            box.clock.set(by: .minutes(5))
            #expect(try await box.check("checkpoint").state == .ok)
            box.clock.pass(.minutes(12))
            #expect(try await box.check("checkpoint").state == .fail)
            #expect(try await box.check("certificate").state == .ok)
            box.clock.pass(.days(3_650))
            #expect(try await box.check("certificate").sentence == "It has ended: no client connects.")
        }
    }

    @Test("ticks that do not come into the log are overdue")
    func overdue() async throws {
        var options = RelayInABox.Options.watched()
        options.runsActs = false
        try await RelayInABox.run(nil, options) { box in
            let early = try await box.check("duties")
            #expect(early.state == .warn)
            await box.round()
            #expect(try await box.check("duties").state == .ok)
            box.clock.pass(.minutes(11))
            let error = StoreError(.unavailable, "by the script")
            box.store.then(Array(repeating: .refuse(error), count: 3))
            await box.round()
            #expect(try await box.check("duties").sentence == "Overdue: ticks 3, notices of expiry 0.")
            #expect(try await box.metrics()["valise_ticks_overdue"] == 3)
            await box.round()
            #expect(try await box.metrics()["valise_ticks_overdue"] == 0)
        }
    }

    @Test("with publication on cadence, a checkpoint that strangers are shown for too long is a failure")
    func cadence() async throws {
        try await RelayInABox.run(RelaySite(publication: .onCadence), .watched()) { box in
            _ = try await box.whenQuiet("publication") { $0.state == .ok }
            box.store.spoilNotes(.fail)
            box.clock.pass(.minutes(25))
            let check = try await box.check("publication")
            #expect(check.state == .fail, "\(check)")
            #expect(try await box.metrics()["valise_checkpoint_published_timestamp_seconds"] != nil)
        }
    }

    @Test("witnesses that do not answer are warnings: the relay goes on without its quorum")
    func witnesses() async throws {
        let secret = try Curve25519.Signing.PrivateKey(rawRepresentation: FixtureWorld.bytes("witness", 32))
        let name = try #require(NoteName("away.example"))
        let key = try NoteSigner(name: name, kind: .cosignature, privateKey: secret).key
        let site = try RelaySite(
            witnesses: [Witness(verifierKey: key.text, url: "https://127.0.0.1:1")], witnessQuorum: 1)
        try await RelayInABox.run(site, .watched()) { box in
            let check = try await box.whenQuiet("witness \(key.name)") { $0.state == .warn }
            #expect(check.next != nil)
            let quorum = try await box.whenQuiet("witnesses") { $0.sentence.contains("fewer") }
            #expect(quorum.state == .warn)
            #expect(try await box.metrics()["valise_witness_quorum"] == 0)
        }
    }

    @Test("what was written for programs is read back as it was")
    func roundTrip() throws {
        let readiness = Readiness(
            entries: 7,
            checks: [
                ReadinessCheck("store", .ok, "It \"commits\"."),
                ReadinessCheck("disk", .fail, "Full.", next: "make space"),
            ])
        #expect(try Readiness(parsing: readiness.json.bytes) == readiness)
        #expect(!readiness.isReady && readiness.state == .fail)
    }

    @Test("what a port says that is no relay's is refused, however much it is")
    func noReadiness() {
        let long = String(repeating: "a", count: 5_000)
        let many = Array(repeating: ReadinessCheck("x", .ok, "y"), count: Readiness.mostChecks + 1)
        let rows: [(String, [UInt8])] = [
            ("empty", Array("{}".utf8)), ("many checks", Readiness(entries: 1, checks: many).json.bytes),
            ("a long sentence", Readiness(entries: 1, checks: [ReadinessCheck("x", .ok, long)]).json.bytes),
            ("a long step", Readiness(entries: 1, checks: [ReadinessCheck("x", .ok, "y", next: long)]).json.bytes),
        ]
        for (name, bytes) in rows {
            #expect(throws: FormError.self, "\(name)") { try Readiness(parsing: bytes) }
        }
    }
}

/// Counts what is kept.
private final class CountedNotes: NoteStore {
    let count = Counter()
    private let store: any NoteStore
    private let gate: Gate

    init(_ store: any NoteStore, _ gate: Gate) {
        self.store = store
        self.gate = gate
    }

    func note(_ slot: NoteSlot) async throws(StoreError) -> [UInt8]? { try await store.note(slot) }
    func keep(_ note: [UInt8], in slot: NoteSlot) async throws(StoreError) {
        count.add()
        await gate.pass()
        try await store.keep(note, in: slot)
    }
}

extension StoreProbe {
    /// Whether it finds that the store works, within ten seconds.
    fileprivate func settles() async -> Bool {
        for _ in 0..<2_000 {
            if case .works = await look() { return true }
            try? await Task.sleep(for: .milliseconds(5))
        }
        return false
    }
}

extension RelayInABox {
    /// A check of `/readyz` that the relay comes to within ten seconds.
    func whenQuiet(_ name: String, _ isRight: (ReadinessCheck) -> Bool) async throws -> ReadinessCheck {
        for _ in 0..<1_000 {
            let found = try await readiness().checks.first { $0.name == name }
            if let found, isRight(found) { return found }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw Unexpected(description: "\(name) does not come to what was expected")
    }
}
