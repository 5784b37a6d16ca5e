import Ledger
import Logging
import Testing
import TestKit
import Watch

/// A witness over a folder of its own, without HTTP.
struct WitnessSite {
    let folder: TemporaryFolder
    let clock = StandingClock(2_000)
    let signer: NoteSigner

    init() throws {
        folder = try TemporaryFolder("valise-witness")
        signer = try SampleLog.signer("witness.example/w1", .cosignature, seed: 3)
    }

    /// What a process that starts now finds in the folder.
    func store() throws -> WitnessFolder { try WitnessFolder(path: folder.path, witness: signer.key) }

    func open(
        _ logs: [VerifierKey], _ script: [FaultyStore.Step] = [],
        logger: Logger = Logger(label: "witness") { _ in SwiftLogNoOpLogHandler() }
    ) throws -> Cosigner {
        try Cosigner(
            signer: signer, logs: logs, store: FaultyStore(store(), script), now: clock.now, logger: logger)
    }
}

extension Result where Success == WitnessRecord, Failure == WitnessRefusal {
    var refusal: WitnessRefusal? { if case .failure(let refusal) = self { refusal } else { nil } }
}

@Suite("A witness and its disk")
struct CosignerTests {
    @Test("what leaves is on the disk, in a file named by the origin's hash, and is the checkpoint itself")
    func durable() throws {
        let (site, log) = (try WitnessSite(), try SampleLog())
        let witness = try site.open([log.key])
        let record = try witness.answer(log.request(0, 5)).get()
        #expect(site.folder.names(in: "logs") == [log.origin.hex])
        #expect(try site.store().record(log.origin) == record)
        #expect(try site.store().records() == [record])
        let note = try #require(witness.latest(log.origin))
        let opened = try Checkpoint.open(note, log: log.key, cosigners: [site.signer.key])
        #expect(try opened.checkpoint == log.checkpoint(5))
        #expect(opened.cosignatures.map(\.time?.seconds) == [2_000])
    }

    @Test("no cosignature leaves when the record is not written, and the next request finds what is there")
    func writingFails() throws {
        let faults: [FaultyStore.Step] = [.notPersisted, .persistedButReportedFailed]
        for fault in faults {
            let (site, log) = (try WitnessSite(), try SampleLog())
            let witness = try site.open([log.key], [fault, fault])
            #expect(try witness.answer(log.request(0, 5)).refusal == .notDurable)
            #expect(witness.latest(log.origin) == nil)
            #expect(witness.trouble != nil)
            site.clock.pass(1)
            // The log has no answer and asks the same again.
            let again = try witness.answer(log.request(0, 5))
            if fault == .notPersisted {
                #expect(again.refusal == .notDurable)
                #expect(try witness.answer(log.request(0, 5)).get().checkpoint.size == 5)
            } else {
                // The record counts, though its cosignature never left.
                #expect(again.refusal == .otherSize(5))
                #expect(try witness.answer(log.request(5, 5)).refusal == .notDurable)
                site.clock.pass(1)
                #expect(try witness.answer(log.request(5, 9)).get().checkpoint.size == 9)
            }
            #expect(witness.trouble == nil)
        }
    }

    @Test("a record that can be neither written nor read stops its log alone")
    func losesTrack() throws {
        let (site, log, other) = (try WitnessSite(), try SampleLog(), try SampleLog("log.example/b", seed: 2))
        let witness = try site.open([log.key, other.key], [.work, .losesTrack])
        _ = try witness.answer(log.request(0, 5)).get()
        site.clock.pass(1)
        #expect(try witness.answer(log.request(5, 9)).refusal == .notDurable)
        #expect(try witness.answer(log.request(5, 9)).refusal == .notDurable)
        #expect(try witness.answer(other.request(0, 3)).get().checkpoint.size == 3)
        #expect(try witness.answer(log.request(5, 9)).get().checkpoint.size == 9)
    }

    @Test("a witness whose answer was lost gives it again, and after a restart too")
    func lostAnswer() throws {
        let (site, log) = (try WitnessSite(), try SampleLog())
        var witness = try site.open([log.key])
        _ = try witness.answer(log.request(0, 5)).get()
        let first = try witness.answer(log.request(5, 40)).refusal
        #expect(first == .tooSoon)
        site.clock.pass(1)
        let lost = try witness.answer(log.request(5, 40)).get()
        for _ in 0..<3 {
            witness = try site.open([log.key])
            #expect(try witness.answer(log.request(5, 40)).refusal == .otherSize(40))
            let again = try witness.answer(log.request(40, 40)).get()
            #expect(again.checkpoint == lost.checkpoint)
            site.clock.pass(1)
        }
    }

    @Test("within one second a repeated request gets the kept line, and nothing is written")
    func again() throws {
        let (site, log) = (try WitnessSite(), try SampleLog())
        // A second write would fail.
        let witness = try site.open([log.key], [.work, .notPersisted])
        let record = try witness.answer(log.request(0, 5)).get()
        for _ in 0..<5 { #expect(try witness.answer(log.request(5, 5)).get() == record) }
        site.clock.pass(1)
        #expect(try witness.answer(log.request(5, 5)).refusal == .notDurable)
    }

    @Test("a clock that went back stops every log, across restarts, until it has caught up")
    func clock() throws {
        let (site, log, other) = (try WitnessSite(), try SampleLog(), try SampleLog("log.example/b", seed: 2))
        var witness = try site.open([log.key, other.key])
        _ = try witness.answer(log.request(0, 5)).get()
        for _ in 0..<2 {
            site.clock.set(1_990)
            #expect(try witness.answer(log.request(5, 9)).refusal == .clockBehind(seconds: 10))
            #expect(try witness.answer(other.request(0, 3)).refusal == .clockBehind(seconds: 10))
            #expect(try #require(witness.trouble).hasPrefix("clock: 10 s behind"))
            site.clock.set(0)
            #expect(try witness.answer(other.request(0, 3)).refusal == .clockBehind(seconds: 2_000))
            witness = try site.open([log.key, other.key])
        }
        site.clock.set(2_000)
        #expect(witness.trouble == nil)
        #expect(try witness.answer(other.request(0, 3)).get().time.seconds == 2_000)
        #expect(try witness.answer(log.request(5, 9)).refusal == .tooSoon)
        site.clock.set(2_001)
        #expect(try witness.answer(log.request(5, 9)).get().time.seconds == 2_001)
    }

    @Test("a log that it was not told of is never cosigned, whatever it remembers of it")
    func unknownLogs() throws {
        let (site, log, other) = (try WitnessSite(), try SampleLog(), try SampleLog("log.example/b", seed: 2))
        var witness = try site.open([log.key])
        #expect(try witness.answer(other.request(0, 3)).refusal == .unknownLog(origin: "log.example/b"))
        let stolen = try SampleLog("log.example/a", seed: 2)
        #expect(try witness.answer(stolen.request(0, 3)).refusal == .notSigned)
        _ = try witness.answer(log.request(0, 5)).get()
        witness = try site.open([other.key])
        site.clock.pass(1)
        #expect(try witness.answer(log.request(5, 9)).refusal == .unknownLog(origin: "log.example/a"))
        #expect(witness.latest(log.origin) != nil)
        #expect(site.folder.names(in: "logs") == [log.origin.hex])
    }

    @Test("of many requests from one size exactly one is cosigned, and the folder holds that one")
    func races() async throws {
        let (site, log) = (try WitnessSite(), try SampleLog())
        let witness = try site.open([log.key])
        var known: UInt64 = 0
        for round in 0..<20 {
            let bodies = try (1...8).map { try log.request(known, known + $0) }
            let outcomes = await withTaskGroup(of: Result<WitnessRecord, WitnessRefusal>.self) { tasks in
                for body in bodies { tasks.addTask { witness.answer(body) } }
                return await tasks.reduce(into: []) { $0.append($1) }
            }
            let won = outcomes.compactMap { try? $0.get() }
            #expect(won.count == 1, "round \(round)")
            let size = try #require(won.first).checkpoint.size
            #expect(try site.store().record(log.origin) == won.first)
            #expect(outcomes.compactMap(\.refusal) == [WitnessRefusal](repeating: .otherSize(size), count: 7))
            known = size.rawValue
            site.clock.pass(1)
        }
    }

    @Test("a fork is refused, kept once as evidence, and told the operator once")
    func evidence() throws {
        let (site, log, lines) = (try WitnessSite(), try SampleLog(), LoggedLines())
        var witness = try site.open([log.key], logger: lines.logger)
        _ = try witness.answer(log.request(0, 150)).get()
        site.clock.pass(1)
        for _ in 0..<3 {
            #expect(try witness.answer(log.request(150, 150, forked: true)).refusal == .otherRoot(150))
            // By an old size that does not fit, too.
            #expect(try witness.answer(log.request(0, 150, forked: true)).refusal == .otherSize(150))
            witness = try site.open([log.key], logger: lines.logger)
        }
        let names = site.folder.names(in: "evidence")
        let forked = try log.checkpoint(150, forked: true)
        #expect(names == ["\(log.origin.hex)-150-\(forked.root.hex)"])
        #expect(lines.all.count { $0.hasPrefix("critical: a log has forked") } == 1)
        // A larger tree with a wrong proof proves nothing against the log: anyone can make up a proof.
        #expect(try witness.answer(log.request(150, 200, forked: true)).refusal == .inconsistent(.oldRootMismatch))
        #expect(site.folder.names(in: "evidence") == names)
        #expect(try witness.answer(log.request(150, 200)).get().checkpoint.size == 200)
    }

    @Test("the operator is told of a clock that went back once, until it has caught up")
    func clockLines() throws {
        let (site, log, lines) = (try WitnessSite(), try SampleLog(), LoggedLines())
        let witness = try site.open([log.key], logger: lines.logger)
        _ = try witness.answer(log.request(0, 5)).get()
        for round in 1...2 {
            site.clock.set(1_000)
            for _ in 0..<3 { #expect(try witness.answer(log.request(5, 5)).refusal != nil) }
            #expect(
                lines.all.count { $0 == "critical: the clock went back: nothing is cosigned until it has caught up" }
                    == round)
            site.clock.set(3_000 + UInt64(round))
            _ = try witness.answer(log.request(5, 5)).get()
        }
    }
}

@Suite("A witness that cannot start")
struct WitnessStartTests {
    @Test("a damaged record keeps it from starting, rather than being forgotten")
    func damaged() throws {
        let (site, log) = (try WitnessSite(), try SampleLog())
        let record = try site.open([log.key]).answer(log.request(0, 5)).get()
        let path = "\(site.folder.path)/logs/\(log.origin.hex)"
        let bytes = record.note.bytes
        for place in stride(from: 0, to: bytes.count, by: 7) {
            var changed = bytes
            changed[place] ^= 0x10
            // The log's line is not checked again: it was, when it was taken.
            guard (try? WitnessRecord(parsing: changed, witness: site.signer.key)) == nil else { continue }
            try WitnessFiles.write(path, changed)
            #expect(throws: WitnessError.self, "byte \(place)") { try site.open([log.key]) }
        }
        try WitnessFiles.write(path, Array(bytes.dropLast(3)))
        #expect(throws: WitnessError.self) { try site.open([log.key]) }
        try WitnessFiles.write(path, bytes)
        #expect(throws: Never.self) { try site.open([log.key]) }
    }

    @Test("a record under another log's name, or a file that is none, is damage")
    func misplaced() throws {
        let (site, log) = (try WitnessSite(), try SampleLog())
        let record = try site.open([log.key]).answer(log.request(0, 5)).get()
        for name in ["readme", Hash.sha256([1]).hex, log.origin.hex.uppercased()] {
            let path = "\(site.folder.path)/logs/\(name)"
            try WitnessFiles.write(path, record.note.bytes)
            var found: WitnessError.Code?
            do { _ = try site.open([log.key]) } catch let error as WitnessError { found = error.code }
            #expect(found == .stateDamaged, "\(name)")
            try WitnessFiles.remove(path)
        }
        // What a killed process left half written has a hidden name.
        try WitnessFiles.write("\(site.folder.path)/logs/.\(log.origin.hex).1.part", [1, 2, 3])
        #expect(throws: Never.self) { try site.open([log.key]) }
    }

    @Test("another key's data is refused")
    func otherKey() throws {
        let (site, log) = (try WitnessSite(), try SampleLog())
        _ = try site.open([log.key]).answer(log.request(0, 5)).get()
        let other = try SampleLog.signer("witness.example/w1", .cosignature, seed: 4)
        var found: WitnessError.Code?
        do { _ = try WitnessFolder(path: site.folder.path, witness: other.key).records() } catch let error
            as WitnessError
        { found = error.code }
        #expect(found == .otherKey)
    }

    @Test("its own key is no log's, nor is a cosigner's")
    func logKeys() throws {
        let site = try WitnessSite()
        let own = try SampleLog.signer("log.example/a", .ed25519, seed: 3)
        for key in [own.key, site.signer.key] {
            #expect(throws: WitnessError.self) { try site.open([key]) }
        }
    }
}
