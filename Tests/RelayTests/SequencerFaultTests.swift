import Audit
import Ledger
import Relay
import Rules
import Statements
import Store
import Testing
import TestKit
import Wire
@Suite("The sequencer under faults", .timeLimit(.minutes(1)))
struct SequencerFaultTests {
    @Test("a commit that leaves nothing is answered as unavailable, and the retry is logged once")
    func notPersisted() async throws {
        try await RelayInABox.run { box in
            let envelope = try box.envelope()
            let before = box.head
            box.store.then([.notPersisted])
            let answer = try await box.post(.submitEnvelope, envelope.bytes)
            let problem = try Problem(parsing: answer.body)
            #expect(answer.status == 503)
            #expect(problem.code == "unavailable")
            #expect(problem.detail == "The relay could not make it durable.")
            #expect(problem.hint == "Try again later; a statement may safely be sent again.")
            #expect(box.head == before)
            try await box.accept(envelope)
            #expect(try await box.count(envelope) == 1)
        }
    }

    @Test("a commit that is reported as failed and is there is answered as accepted")
    func reportedFailed() async throws {
        try await RelayInABox.run { box in
            let envelope = try box.envelope()
            box.store.then([.persistedButReportedFailed])
            let first = try await box.accept(envelope)
            #expect(first.statement == envelope.signed.id)
            #expect(try await box.accept(envelope).index == first.index)
            #expect(try await box.count(envelope) == 1)
        }
    }

    @Test("faults in a row lose and double nothing")
    func faultsInARow() async throws {
        try await RelayInABox.run { box in
            let full = StoreError(.unavailable, "the disk is full")
            for script: [FaultInjectingStore.Step] in [
                [.notPersisted, .refuse(full), .work], [.persistedButReportedFailed, .notPersisted, .work],
                [.refuse(full), .persistedButReportedFailed, .work],
            ] {
                box.store.then(script)
                let envelope = try box.envelope()
                var answer = try await box.post(.submitEnvelope, envelope.bytes)
                for _ in 0..<5 where answer.status == 503 {
                    answer = try await box.post(.submitEnvelope, envelope.bytes)
                }
                #expect(try box.accepted(answer).statement == envelope.signed.id)
                #expect(try await box.count(envelope) == 1)
            }
        }
    }

    @Test("facts that cannot be loaded refuse the batch and nothing more")
    func factsFail() async throws {
        try await RelayInABox.run { box in
            let envelope = try box.envelope()
            let commits = box.store.commits
            // The first time when it is asked whether the statement is old, the second in the batch.
            box.store.failFacts(2)
            #expect(try await box.post(.submitEnvelope, envelope.bytes).status == 503)
            #expect(box.store.commits == commits)
            try await box.accept(envelope)
        }
    }

    @Test("a store that is neither before nor after the batch stops intake for good; reading goes on")
    func halted() async throws {
        try await RelayInABox.run { box in
            try await box.accept(box.envelope())
            box.store.then([.losesAll])
            for _ in 0..<3 {
                #expect(try await box.post(.submitEnvelope, try box.envelope().bytes).status == 503)
                await box.round()
            }
            #expect(try await box.get(.checkpoint, as: FixtureWorld.speaker).status == 200)
        }
    }

    @Test(
        "while the outcome of a commit is not known nothing is signed, and the relay goes on once it is",
        arguments: [FaultInjectingStore.Step.losesTrack(3), .persistedAndLosesTrack])
    func uncertain(_ step: FaultInjectingStore.Step) async throws {
        try await RelayInABox.run(nil, .init { $0.runsActs = false }) { box in
            let (first, second) = (try box.envelope(), try box.envelope())
            let before = box.head
            box.store.then([step])
            #expect(try await box.post(.submitEnvelope, first.bytes).status == 503)
            let commits = box.store.commits
            #expect(try await box.post(.submitEnvelope, second.bytes).status == 503)
            #expect(box.store.commits == commits && box.head == before)
            #expect(try await box.get(.checkpoint, as: FixtureWorld.speaker).status == 200)
            if case .losesTrack(let count) = step {
                for _ in 1..<count { await box.round() }
                #expect(try await box.post(.submitEnvelope, second.bytes).status == 503)
                #expect(box.store.commits == commits)
            }
            await box.round()
            try await box.accept(second)
            try await box.accept(first)
            for envelope in [first, second] { #expect(try await box.count(envelope) == 1) }
            #expect(try await box.audit().report.isGood)
        }
    }

    @Test("a commit that is found to be written later is told to the inbox that waits")
    func foundLater() async throws {
        try await RelayInABox.run(nil, .init { $0.runsActs = false }) { box in
            let envelope = try box.envelope()
            let poll = Route.inbox(try #require(InboxQuery(after: ArrivalNumber(0), wait: 60)))
            let connection = try await box.connect()
            try await connection.write(box.reading(poll, as: FixtureWorld.speaker))
            while box.server.bell.waitingCount == 0 { await Task.yield() }
            box.store.then([.persistedAndLosesTrack])
            #expect(try await box.post(.submitEnvelope, envelope.bytes).status == 503)
            #expect(box.server.bell.waitingCount == 1)
            await box.round()
            let page = try InboxPage(parsing: try await connection.answer().body)
            #expect(page.arrivals.map(\.message) == [envelope.message])
            await connection.close()
        }
    }

    @Test("nothing is answered or shown before it is durable")
    func notBefore() async throws {
        try await RelayInABox.run { box in
            let before = box.head
            let gate = Gate()
            box.store.then([.wait(gate)])
            let envelope = try box.envelope()
            async let entry = box.accept(envelope)
            await gate.reached()
            #expect(box.head == before)
            #expect(try await box.get(.message(envelope.message), as: FixtureWorld.speaker).status == 404)
            gate.open()
            #expect(try await entry.index.rawValue == before.size.rawValue)
            #expect(try await box.get(.message(envelope.message), as: FixtureWorld.speaker).status == 200)
        }
    }

    @Test("statements that come during a commit share the next one")
    func fewCommits() async throws {
        try await RelayInABox.run { box in
            let letters = try (0..<60).map { _ in try box.envelope() }
            let gate = Gate()
            let commits = box.store.commits
            box.store.then([.wait(gate)])
            let charter = box.server.log.snapshot.standing.charter
            let outcomes = await withTaskGroup(of: Bool.self) { tasks in
                for letter in letters {
                    tasks.addTask {
                        let examined = ExaminedStatement(letter.signed) { charter.key($0) }
                        let outcome = await box.server.sequencer.submit(examined, envelope: .inline(letter.bytes))
                        if case .accepted = outcome { return true } else { return false }
                    }
                }
                await gate.reached()
                // The sequencer is free while the commit waits, so everything queues up behind it.
                for _ in 0..<200 { await Task.yield() }
                gate.open()
                return await tasks.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(outcomes == letters.count)
            #expect(box.store.commits - commits < 10, "\(box.store.commits - commits) commits")
            #expect(try await box.audit().report.isGood)
        }
    }

    @Test("a bad statement in a batch is refused alone")
    func badInBatch() async throws {
        try await RelayInABox.run { box in
            let gate = Gate()
            box.store.then([.wait(gate)])
            let charter = box.server.log.snapshot.standing.charter
            let submit: @Sendable (RealEnvelope) async -> Sequencer.Outcome = { letter in
                await box.server.sequencer.submit(
                    ExaminedStatement(letter.signed) { charter.key($0) }, envelope: .inline(letter.bytes))
            }
            let direct = Leg(intermediaries: [], recipient: FixtureWorld.hezbollah.party)
            let (first, good, bad) = (try box.envelope(), try box.envelope(), try box.envelope(legs: [direct]))
            let last = try box.envelope()
            async let opening = submit(first)
            await gate.reached()
            async let outcomes = [submit(good), submit(bad), submit(good), submit(last)]
            for _ in 0..<100 { await Task.yield() }
            gate.open()
            _ = await opening
            var words: [String] = []
            for outcome in await outcomes {
                switch outcome {
                case .accepted(let entry, _): words.append("\(entry.index)")
                case .rejected(let objection, _): words.append(objection.code.rawValue)
                default: words.append("other")
                }
            }
            #expect(words[1] == "barred")
            #expect(words[0] == words[2])
            #expect(words[3] != words[0])
            #expect(try await box.count(good) == 1)
            #expect(try await box.count(bad) == 0)
            #expect(try await box.count(last) == 1)
        }
    }

    @Test("more statements than fit are answered as busy")
    func busy() async throws {
        // The commit is held back for as long as it takes to fill the queue.
        let options = RelayInABox.Options { $0.settings = { $0.limits.queue.patience = .minutes(5) } }
        try await RelayInABox.run(nil, options) { box in
            let gate = Gate()
            box.store.then([.wait(gate)])
            let envelope = try box.envelope()
            let charter = box.server.log.snapshot.standing.charter
            let examined = ExaminedStatement(envelope.signed) { charter.key($0) }
            let bytes = EnvelopeBytes.inline(envelope.bytes)
            let busy = await withTaskGroup(of: Bool.self) { tasks in
                for _ in 0..<Sequencer.queueLimit + Sequencer.batchLimit + 200 {
                    tasks.addTask {
                        let outcome = await box.server.sequencer.submit(examined, envelope: bytes)
                        if case .busy = outcome {
                            gate.open()
                            return true
                        }
                        return false
                    }
                }
                return await tasks.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(busy > 0)
            #expect(try await box.count(envelope) == 1)
        }
    }
}
