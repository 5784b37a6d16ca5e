import Relay
import Statements
import Synchronization
import TestKit
import Testing
import Wire

@Suite("Long polls", .timeLimit(.minutes(1)))
struct LongPollTests {
    private static func poll(after: UInt64, wait: Int) throws -> Route {
        .inbox(try #require(InboxQuery(after: ArrivalNumber(after), wait: wait)))
    }

    @Test("a poll is answered when something arrives")
    func wakes() async throws {
        try await RelayInABox.run { box in
            let begin = ContinuousClock.now
            let connection = try await box.connect()
            try await connection.write(box.reading(Self.poll(after: 0, wait: 60), as: FixtureWorld.speaker))
            // The other inbox stays silent, so that the first is known to wait for its own.
            let other = try await box.connect()
            try await other.write(box.reading(Self.poll(after: 0, wait: 1), as: FixtureWorld.hezbollah))
            #expect(try InboxPage(parsing: try await other.answer().body).arrivals.isEmpty)
            let envelope = try box.envelope()
            try await box.accept(envelope)
            let page = try InboxPage(parsing: try await connection.answer().body)
            #expect(page.arrivals.map(\.message) == [envelope.message])
            #expect(ContinuousClock.now - begin < .seconds(30))
            await connection.close()
            await other.close()
        }
    }

    @Test("a poll is answered at once when there is something already")
    func atOnce() async throws {
        try await RelayInABox.run { box in
            try await box.accept(box.envelope())
            let answer = try await box.get(Self.poll(after: 0, wait: 60), as: FixtureWorld.speaker)
            #expect(try InboxPage(parsing: answer.body).arrivals.count == 1)
        }
    }

    @Test("polls whose clients went away end, and nobody is left waiting")
    func goneClients() async throws {
        try await RelayInABox.run { box in
            var connections: [LoadConnection] = []
            for _ in 0..<20 {
                let connection = try await box.connect()
                try await connection.write(box.reading(Self.poll(after: 0, wait: 60), as: FixtureWorld.speaker))
                connections.append(connection)
            }
            #expect(await box.watch { $0 == connections.count })
            for connection in connections { await connection.close() }
            #expect(await box.watch { $0 == 0 })
        }
    }

    @Test("a stopping relay answers the polls that wait")
    func stopping() async throws {
        let connection = try await RelayInABox.run { box in
            let connection = try await box.connect()
            try await connection.write(box.reading(Self.poll(after: 0, wait: 60), as: FixtureWorld.speaker))
            // An answer on another connection comes after the poll was taken.
            let answer = try await box.get(Self.poll(after: 0, wait: 1), as: FixtureWorld.speaker)
            #expect(answer.status == 200)
            return connection
        }
        let answer = try await connection.answer()
        #expect(try InboxPage(parsing: answer.body).arrivals.isEmpty)
    }
}

@Suite("The inbox bell", .timeLimit(.minutes(3)))
struct InboxBellTests {
    private static let party = FixtureWorld.speaker.party

    @Test("no ring is lost between the look and the wait")
    func noLostRing() async {
        let bell = InboxBell()
        for _ in 0..<3_000 {
            let has = Flag()
            let begin = ContinuousClock.now
            await withTaskGroup(of: Void.self) { tasks in
                tasks.addTask { await bell.wait(Self.party, for: .seconds(60)) { has.isSet } }
                tasks.addTask {
                    has.set()
                    bell.ring([Self.party])
                }
            }
            guard ContinuousClock.now - begin < .seconds(30) else {
                Issue.record("a ring was lost: the wait went on to its end")
                return
            }
        }
    }

    @Test("a cancelled wait ends")
    func cancelled() async {
        let bell = InboxBell()
        let wait = Task { await bell.wait(Self.party, for: .seconds(3_600)) { false } }
        wait.cancel()
        await wait.value
    }

    @Test("a place that is left ends its wait, whichever comes first, and nobody is answered")
    func left() async {
        let bell = InboxBell()
        for number in 0..<1_000 {
            let place = bell.place(for: Self.party)
            let begin = ContinuousClock.now
            async let stayed = place.wait(for: .seconds(60)) { false }
            if number.isMultiple(of: 2) { while bell.waitingCount == 0 { await Task.yield() } }
            place.leave()
            #expect(await !stayed)
            #expect(bell.waitingCount == 0)
            guard ContinuousClock.now - begin < .seconds(30) else {
                Issue.record("it waited to its end")
                return
            }
        }
        let place = bell.place(for: Self.party)
        #expect(await place.wait(for: .seconds(60)) { true })
    }

    @Test("a closed bell keeps nobody waiting")
    func closed() async {
        let bell = InboxBell()
        async let before: Void = bell.wait(Self.party, for: .seconds(3_600)) { false }
        bell.close()
        await before
        await bell.wait(Self.party, for: .seconds(3_600)) { false }
    }

    @Test("a ring wakes its own party alone")
    func ownParty() async {
        let bell = InboxBell()
        let woken = Flag()
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                await bell.wait(Self.party, for: .seconds(3_600)) { false }
                woken.set()
            }
            for _ in 0..<200 {
                bell.ring([FixtureWorld.hezbollah.party])
                await Task.yield()
            }
            #expect(!woken.isSet)
            // Again and again, since the wait may not have begun.
            while !woken.isSet {
                bell.ring([Self.party])
                await Task.yield()
            }
        }
    }
}

extension InboxBell {
    fileprivate func wait(_ party: PartyID, for span: Duration, unless check: @Sendable () -> Bool) async {
        _ = await place(for: party).wait(for: span, unless: check)
    }
}

extension RelayInABox {
    /// Watches how many polls wait, until it is right.
    fileprivate func watch(_ isRight: (Int) -> Bool) async -> Bool {
        for _ in 0..<1_000 {
            if isRight(server.bell.waitingCount) { return true }
            try? await Task.sleep(for: .milliseconds(10))
        }
        return false
    }
}

private final class Flag: Sendable {
    private let value = Atomic(false)
    var isSet: Bool { value.load(ordering: .acquiring) }
    func set() { value.store(true, ordering: .releasing) }
}
