import Archive
import Envelope
import Rules
import Sealing
import Statements
import TestKit
import Testing
import Transport

@testable import Desk

@Suite("A desk reads what arrives, and keeps it")
struct IncomingTests {
    private func words(_ desk: Desk, _ id: MessageID) async throws -> [String] {
        try await desk.message(id).steps.map { step in
            if case .receipt(_, let outcome) = step.act { "\(outcome)" } else { "\(step.act.kind)" }
        }
    }

    @Test("read logs its receipts once, and reads again from the archive, without a relay too")
    func archive() async throws {
        let text = Array("A proposal that is kept.".utf8)
        try await DeskBench.run { bench in
            let desk = try bench.desk(FixtureWorld.speaker)
            let id = try await RelayInABox.run(bench.site) { box in
                let envelope = try box.envelope(text, legs: [RelayInABox.toSpeaker])
                try await box.accept(envelope)
                let read = try await desk.read(envelope.message)
                #expect(read.place == .relay)
                #expect(read.text == text)
                #expect(read.signers.map(\.description) == ["lead"])
                let again = try await desk.read(envelope.message)
                #expect(again.text == text && again.place != .relay && again.tracked != nil)
                #expect(try await words(desk, envelope.message) == ["submission", "retrieved", "opened"])
                return envelope.message
            }
            let offline = try await desk.read(id)
            #expect(offline.text == text && offline.tracked == nil)
        }
    }

    @Test("a run that was stopped before it could say opened is made good by the next")
    func confirms() async throws {
        try await DeskBench.atRelay { bench, box in
            let envelope = try box.envelope(legs: [RelayInABox.toSpeaker])
            try await box.accept(envelope)
            let desk = try bench.desk(FixtureWorld.speaker)
            try await box.tell(envelope.message, by: FixtureWorld.speaker) { .receipt($0, .retrieved) }
            try await desk.archive().add(
                ArchivedMessage(
                    direction: .received, submission: envelope.signed, at: box.clock.now, fields: [.subject("kept")],
                    text: nil, sourceOpening: nil))
            _ = try await desk.read(envelope.message)
            #expect(try await words(desk, envelope.message) == ["submission", "retrieved", "opened"])
        }
    }

    @Test("a download is taken up at any byte, and what is damaged is fetched anew")
    func resumes() async throws {
        try await DeskBench.atRelay { bench, box in
            let envelope = try box.envelope(
                FixtureWorld.bytes("a long text", 400_000), legs: [RelayInABox.toSpeaker])
            try await box.accept(envelope)
            let desk = try bench.desk(FixtureWorld.speaker)
            try await box.tell(envelope.message, by: FixtureWorld.speaker) { .receipt($0, .retrieved) }
            let state = try await desk.message(envelope.message).state
            let part = "\(desk.home.downloadsFolder)/\(envelope.message.short).part"
            var generator = SystemRandomNumberGenerator()
            let seed = UInt64.random(in: 0...UInt64.max, using: &generator)
            let cuts = [0, 1, envelope.header.count - 1, envelope.header.count, envelope.bytes.count - 1]
            let random = (0..<8).map { Int((seed &* (2 * $0 + 1)) % UInt64(envelope.bytes.count)) }
            for cut in cuts + random + [envelope.bytes.count] {
                for damage in [false, true] where !(damage && cut == 0) {
                    var bytes = Array(envelope.bytes.prefix(cut))
                    if damage { bytes[cut / 2] ^= 1 }
                    try DeskFile.write(part, bytes)
                    let (file, header) = try await desk.download(state, progress: .none)
                    let read = try file.read(0, Int(header.fileSize) + 1)
                    #expect(read == envelope.bytes, "seed \(seed), cut at \(cut), damaged \(damage)")
                    file.remove()
                }
            }
            #expect(try DeskFile.readIfThere(part, limit: 1) == nil)
        }
    }

    @Test("with the key at hand, only what follows the last good chunk is fetched anew")
    func chunks() async throws {
        try await DeskBench.atRelay { bench, box in
            let envelope = try box.envelope(
                FixtureWorld.bytes("a long text", 400_000), legs: [RelayInABox.toSpeaker])
            try await box.accept(envelope)
            let desk = try bench.desk(FixtureWorld.speaker)
            try await box.tell(envelope.message, by: FixtureWorld.speaker) { .receipt($0, .retrieved) }
            let state = try await desk.message(envelope.message).state
            let own = try Set(desk.ownKeys(among: state.submission.sealedTo))
            try #require(!own.isEmpty)
            for place in [0, 1, 3] {
                let good = envelope.header.count + place * EnvelopeFormat.sealedChunk
                var bytes = envelope.bytes
                bytes[good + 70] ^= 1
                try DeskFile.write("\(desk.home.downloadsFolder)/\(envelope.message.short).part", bytes)
                let (file, header) = try await desk.download(state, own: own, progress: .none)
                #expect(file.resumedFrom == UInt64(good))
                #expect(try file.read(0, Int(header.fileSize) + 1) == envelope.bytes)
                file.remove()
            }
        }
    }

    @Test("a desk that has no key says nothing of the message, which a colleague can still open")
    func withoutKey() async throws {
        try await DeskBench.atRelay { bench, box in
            let letter = try box.letter(
                from: FixtureWorld.speaker, legs: [Leg(intermediaries: [], recipient: FixtureWorld.envoy.party)],
                to: [FixtureWorld.envoy])
            let envelope = try RealEnvelope(
                letter, signed: box.sign(box.submission(letter, from: FixtureWorld.speaker), by: FixtureWorld.speaker))
            try await box.accept(envelope)
            let deputy = try bench.desk(FixtureWorld.deputy)
            let error = await #expect(throws: DeskError.self) { try await deputy.read(envelope.message) }
            #expect(error?.code == "no-own-key")
            #expect(try await words(deputy, envelope.message) == ["submission"])
            let lead = try bench.desk(FixtureWorld.envoy)
            #expect(try await lead.read(envelope.message).text == Array("Proposal".utf8))
            #expect(try await words(deputy, envelope.message) == ["submission", "retrieved", "opened"])
        }
    }

    @Test("fetch, open on a machine without a network, and its receipt submitted elsewhere")
    func airGap() async throws {
        try await DeskBench.atRelay { bench, box in
            let envelope = try box.envelope(Array("By stick".utf8), legs: [RelayInABox.toSpeaker])
            try await box.accept(envelope)
            let online = try bench.desk(FixtureWorld.speaker)
            let (file, receipt) = ("\(bench.folder.path)/in.valise", "\(bench.folder.path)/out.valise")
            #expect(try await online.fetch(envelope.message, to: file) == UInt64(envelope.bytes.count))
            #expect(try DeskFile.read(file, limit: 1 << 20) == envelope.bytes)
            let again = await #expect(throws: DeskError.self) { try await online.fetch(envelope.message, to: file) }
            #expect(again?.code == "file-exists")
            let offline = try bench.desk(FixtureWorld.speaker, machine: "second")
            let head = try await online.relay.head()
            _ = try CheckpointFile(offline.home, offline.charter).store(
                RememberedCheckpoint(head: head.head, note: head.note), replacing: nil)
            let opened = try await offline.open(file: file, receipt: receipt)
            #expect(opened.read.text == Array("By stick".utf8) && opened.read.place == .file)
            let signed = try StatementFile(parsing: DeskFile.read(receipt, limit: StatementFile.longest)).signed
            _ = try await online.relay.submit(signed)
            #expect(try await words(online, envelope.message) == ["submission", "retrieved", "opened"])
            #expect(try await offline.archive().load(envelope.message)?.text == Array("By stick".utf8))
        }
    }

    @Test("the inbox marks what is new, asks again only for what is open, and names messages by their beginnings")
    func inbox() async throws {
        try await DeskBench.atRelay { bench, box in
            let desk = try bench.desk(FixtureWorld.speaker)
            let first = try box.envelope(Array("one".utf8), legs: [RelayInABox.toSpeaker])
            try await box.accept(first)
            #expect(try await desk.inbox().rows.map(\.isNew) == [true])
            let second = try box.envelope(Array("two".utf8), legs: [RelayInABox.toSpeaker])
            try await box.accept(second)
            #expect(try await desk.inbox().rows.map(\.isNew) == [false, true])
            _ = try await desk.read(first.message)
            #expect(try await desk.inbox().rows.count == 2)
            #expect(try await desk.inbox().rows.map(\.arrival.message) == [second.message])
            #expect(try await desk.inbox(all: true).rows.count == 2)
            let prefix = String(first.message.description.prefix(8))
            #expect(try await desk.known(beginning: prefix) == [first.message])
        }
    }

    @Test("a watch sees what arrives, and survives a restart of the relay")
    func watch() async throws {
        let (seen, see) = AsyncStream.makeStream(of: String.self)
        var iterator = seen.makeAsyncIterator()
        try await DeskBench.run { bench in
            let desk = try bench.desk(FixtureWorld.speaker)
            let first = try await RelayInABox.run(bench.site) { box in
                let first = try box.envelope(Array("one".utf8), legs: [RelayInABox.toSpeaker])
                try await box.accept(first)
                return first.message
            }
            let watching = Task {
                try await desk.watch(
                    after: ArrivalNumber(0), wait: 2, pause: { _ in try await Task.sleep(for: .milliseconds(20)) }
                ) { sight in
                    switch sight {
                    case .arrivals(let look): for row in look.rows { see.yield(row.arrival.message.short) }
                    case .away: see.yield("away")
                    case .back: see.yield("back")
                    }
                }
            }
            #expect(await iterator.next() == "away")
            try await RelayInABox.run(bench.site) { box in
                #expect(await iterator.next() == "back")
                #expect(await iterator.next() == first.short)
                let second = try box.envelope(Array("two".utf8), legs: [RelayInABox.toSpeaker])
                try await box.accept(second)
                #expect(await iterator.next() == second.message.short)
                #expect(try InboxMemory(desk.home).load().seen >= ArrivalNumber(1))
            }
            watching.cancel()
            _ = await watching.result
        }
    }
}
