import Rules
import Statements
import TestKit
import Testing
import Transport

@testable import Desk

@Suite("A command is run for each arrival, at least once, and never again when its end was recorded")
struct ArrivalQueueTests {
    private static func numbers(_ values: [UInt64]) -> [ArrivalNumber] { values.map { ArrivalNumber($0) } }

    /// Messages to the speaker, in this order.
    @discardableResult
    private static func arrive(_ words: String..., at box: RelayInABox) async throws -> [MessageID] {
        var messages: [MessageID] = []
        for word in words {
            let envelope = try box.envelope(Array(word.utf8), legs: [RelayInABox.toSpeaker])
            try await box.accept(envelope)
            messages.append(envelope.message)
        }
        return messages
    }

    /// The numbers of the arrivals that a look gives the queue.
    private static func take(
        _ queue: ArrivalQueue, _ desk: Desk, all: Bool = false, marking: Bool = true
    ) async throws -> [UInt64] {
        try queue.take(try await desk.inbox(all: all, marking: marking)).map(\.arrival.number.value)
    }

    /// What a queue has that is opened on this file, as after a kill.
    private static func waiting(_ file: [UInt8], _ bench: DeskBench, _ name: String) throws -> [ArrivalNumber] {
        let home = DeskHome(path: "\(bench.folder.path)/\(name)")
        try home.prepare()
        try DeskFile.write(ArrivalQueue.file(home), file)
        return try ArrivalQueue(home).waiting
    }

    @Test("a kill at any step leaves exactly what had not ended, in its order")
    func kills() async throws {
        try await DeskBench.atRelay { bench, box in
            let desk = try bench.desk(FixtureWorld.speaker)
            let queue = try ArrivalQueue(desk.home)
            var steps: [(file: [UInt8], waiting: [UInt64])] = []
            func note(_ waiting: UInt64...) throws {
                steps.append((try DeskFile.read(ArrivalQueue.file(desk.home), limit: 1 << 16), waiting))
                #expect(queue.waiting == Self.numbers(waiting))
            }
            try note()
            try await Self.arrive("one", "two", "three", at: box)
            #expect(try await Self.take(queue, desk, marking: false) == [1, 2, 3])
            try note(1, 2, 3)
            try queue.end(ArrivalNumber(1))
            try note(2, 3)
            try await Self.arrive("four", at: box)
            #expect(try await Self.take(queue, desk, marking: false) == [4])
            try note(2, 3, 4)
            for (number, left) in [(2, [3, 4]), (3, [4]), (4, [])] as [(UInt64, [UInt64])] {
                try queue.end(ArrivalNumber(number))
                steps.append((try DeskFile.read(ArrivalQueue.file(desk.home), limit: 1 << 16), left))
            }
            for (position, step) in steps.enumerated() {
                #expect(try Self.waiting(step.file, bench, "killed-\(position)") == Self.numbers(step.waiting))
            }
        }
    }

    @Test("an arrival is taken once, seen or not, and one that somebody has read meanwhile is not taken")
    func once() async throws {
        try await DeskBench.atRelay { bench, box in
            let desk = try bench.desk(FixtureWorld.speaker)
            try await Self.arrive("before the first watch", at: box)
            _ = try await desk.inbox()
            let read = try await Self.arrive("read by hand", "shown by hand", at: box)
            try await {
                let queue = try ArrivalQueue(desk.home)
                _ = try await desk.inbox()
                _ = try await desk.read(read[0])
                #expect(try await Self.take(queue, desk) == [3])
                #expect(try await Self.take(queue, desk, all: true).isEmpty)
                try queue.end(ArrivalNumber(3))
            }()
            let next = try ArrivalQueue(desk.home)
            #expect(next.waiting.isEmpty)
            #expect(try await Self.take(next, desk, all: true, marking: false).isEmpty)
        }
    }

    @Test("what waits is found again, also when it has been read since")
    func rows() async throws {
        try await DeskBench.atRelay { bench, box in
            let desk = try bench.desk(FixtureWorld.speaker)
            let messages = try await Self.arrive("one", "two", "three", at: box)
            let queue = try ArrivalQueue(desk.home)
            _ = try await Self.take(queue, desk)
            try queue.end(ArrivalNumber(2))
            _ = try await desk.read(messages[0])
            _ = try await desk.inbox()
            let rows = try await desk.arrivals(queue.waiting)
            #expect(rows.map(\.arrival.message) == [messages[0], messages[2]])
            #expect(rows.map(\.stage.word) == ["opened", "available"])
            #expect(try await desk.arrivals([]).isEmpty)
        }
    }

    @Test("an end that was half written is none, and the next one is whole")
    func torn() async throws {
        try await DeskBench.run { bench in
            let file = Array("taken 12\ndue 7\ndue 11\ndue 12\nended 7\nended 1".utf8)
            let home = DeskHome(path: "\(bench.folder.path)/torn")
            #expect(try Self.waiting(file, bench, "torn") == Self.numbers([11, 12]))
            try ArrivalQueue(home).end(ArrivalNumber(11))
            #expect(try ArrivalQueue(home).waiting == Self.numbers([12]))
        }
    }

    @Test("one watch at a time has the queue")
    func busy() async throws {
        try await DeskBench.run { bench in
            let home = DeskHome(path: "\(bench.folder.path)/busy")
            try home.prepare()
            let first = try ArrivalQueue(home)
            let error = #expect(throws: DeskError.self) { try ArrivalQueue(home) }
            #expect(error?.code == "exec-busy")
            withExtendedLifetime(first) {}
        }
    }

    @Test("the file has numbers only, and is forgotten with the log of an earlier charter")
    func file() async throws {
        try await DeskBench.atRelay { bench, box in
            let desk = try bench.desk(FixtureWorld.speaker)
            try await Self.arrive("one", "two", at: box)
            let queue = try ArrivalQueue(desk.home)
            _ = try await Self.take(queue, desk)
            try queue.end(ArrivalNumber(1))
            let text = try DeskFile.readText(ArrivalQueue.file(desk.home), limit: 1 << 16)
            #expect(text == "taken 2\ndue 1\ndue 2\nended 1\n")
            try DeskFile.write(desk.home.pinFile, Array("another\n".utf8))
            try desk.charter.pin(in: desk.home, replacing: true)
            #expect(!DeskFile.exists(ArrivalQueue.file(desk.home)))
        }
    }
}
