import Audit
import Ledger
import Relay
import Statements
import Store
import TestKit
import Testing
import Wire

@Suite("Whatever call of the store fails", .serialized, .timeLimit(.minutes(3)))
struct StoreFaultTests {
    private typealias Call = StoreFaults.Call

    /// Called at a start, and when the outcome of a commit is not known: `SequencerFaultTests` lets it fail there.
    private static let notOfTheDay: Set<Call> = [.load]

    private static let options = RelayInABox.Options { options in
        options.runsActs = false
        options.settings = {
            $0.healthPort = 0
            // A probe that comes by itself would take what is meant for somebody else's note.
            $0.probe.pause = .seconds(3_600)
        }
    }

    /// A day's work on a store that fails; then what was promised is held against the log, before and after a restart.
    /// - Returns: what the relay said while it could not.
    @discardableResult
    private static func day(_ spoil: (FaultInjectingStore) -> Void, _ check: (RelayInABox) -> Void) async throws
        -> Set<String>
    {
        let site = try FaultyDay.site()
        let day = try await RelayInABox.run(site, options) { box in
            var day = FaultyDay(box)
            spoil(box.store)
            try await day.work()
            check(box)
            try await hold(day, box)
            let readiness = try await box.readiness()
            #expect(readiness.isReady, "\(readiness.checks)")
            return (promised: day.promised, reasons: day.reasons)
        }
        let again = RelayInABox.Options {
            $0.runsActs = false
            $0.publishesKeys = false
        }
        try await RelayInABox.run(site, again) { box in try await hold(day.promised, box) }
        return day.reasons
    }

    private static func hold(_ day: FaultyDay, _ box: RelayInABox) async throws {
        try await hold(day.promised, box)
        #expect(try await box.uploadsBegun.isEmpty)
        #expect(try await box.store.drafts(of: FixtureWorld.envoy.party).isEmpty)
    }

    /// Everything that was promised is where it was promised, nothing is there twice, and the audit finds nothing.
    private static func hold(_ promised: [StatementID: LogIndex], _ box: RelayInABox) async throws {
        let result = try await box.audit()
        #expect(result.report.isGood, "\(result.report.findings)")
        let found = result.entries.compactMap(\.signed?.id)
        #expect(Set(found).count == found.count, "a statement is there twice")
        #expect(promised.count >= 6)
        for (statement, index) in promised {
            #expect(result.entries[Int(index.rawValue)].signed?.id == statement, "lost: \(statement)")
        }
        // The large letter and the one in parts; what was erased had no file, and nothing else may have left one.
        #expect(box.site.folder.names(in: "data/envelopes").count == 2)
    }

    @Test(
        "each call fails once: nothing acknowledged is lost or doubled, the audit is content, and the relay goes on",
        arguments: StoreFaults.Way.allCases)
    func calls(_ way: StoreFaults.Way) async throws {
        let calls = Set(Call.allCases.filter { $0.writes || way == .notPersisted }).subtracting(Self.notOfTheDay)
        let reasons = try await Self.day { store in
            for call in calls { store.faults.arm(call, way) }
        } _: { box in
            #expect(box.store.faults.taken == calls, "not taken: \(calls.subtracting(box.store.faults.taken))")
        }
        #expect(reasons.isSubset(of: ["storage-failed", "unavailable", "none"]), "\(reasons)")
    }

    @Test(
        "the same of each commit of a day, failed once before it works",
        arguments: [[FaultInjectingStore.Step.notPersisted, .work], [.persistedButReportedFailed]])
    func commits(_ steps: [FaultInjectingStore.Step]) async throws {
        let script = Array(repeating: steps, count: 400).flatMap { $0 }
        let reasons = try await Self.day {
            $0.then(script)
        } _: { box in
            #expect(box.store.stepsLeft < script.count - 10)
        }
        #expect(reasons == (steps.count == 1 ? [] : ["unavailable"]))
    }

    @Test("a tile that has changed on the disk is seen when it is used: nothing is signed over it, and intake stops")
    func changedTile() async throws {
        let site = try RelaySite()
        let (old, first) = try await RelayInABox.run(site, Self.options) { box in
            let envelope = try box.envelope()
            try await box.accept(envelope)
            let head = box.head
            // The newest tile is in memory; the one before is not.
            while box.head.size.rawValue < 300 {
                box.clock.pass(.minutes(11))
                await box.round()
            }
            return (head, envelope.message)
        }
        var options = Self.options
        options.publishesKeys = false
        try await RelayInABox.run(site, options) { box in
            box.store.lies.tell { told in
                told.tile = { bytes in
                    guard var bytes else { return nil }
                    bytes[3] ^= 16
                    return bytes
                }
            }
            let before = box.head
            let honest = try box.statement(seen: old).derBytes()
            let answer = try await box.post(.submitStatement, honest)
            let problem = try Problem(parsing: answer.body)
            #expect(answer.status == 503 && problem.code == "unavailable" && problem.rejection == nil)
            #expect(box.head == before && box.server.log.intake == .stopped)
            #expect(try await box.check("store").next?.contains("valise-relay check") == true)
            // A proof that does not hold is not given out either.
            #expect(try await box.get(.message(first), as: FixtureWorld.envoy).status >= 500)
            box.store.lies.stop()
            #expect(try await box.get(.message(first), as: FixtureWorld.envoy).status == 200)
        }
    }

    @Test("a relay that lost track of its store goes on after a restart, with what was acknowledged and no more")
    func restarted() async throws {
        let site = try RelaySite()
        let (first, second) = try await RelayInABox.run(site, Self.options) { box in
            let (first, second) = (try box.envelope(), try box.envelope())
            try await box.accept(first)
            box.store.then([.losesAll])
            #expect(try await box.post(.submitEnvelope, second.bytes).status == 503)
            #expect(try await box.check("store").next?.contains("valise-relay check") == true)
            return (first, second)
        }
        try await RelayInABox.run(site, RelayInABox.Options { $0.publishesKeys = false }) { box in
            #expect(try await box.count(first) == 1)
            try await box.accept(second)
            #expect(try await box.count(second) == 1)
        }
    }
}
