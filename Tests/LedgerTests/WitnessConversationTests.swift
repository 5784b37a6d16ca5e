import Ledger
import Testing

@Suite("What a log makes of a witness's answers")
struct WitnessConversationTests {
    /// One row: what the log knows and the answers that come, one after the other.
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var known: TreeSize?
        let answers: [WitnessAnswer?]
        /// The old sizes of the requests.
        let asked: [TreeSize]
        let outcome: WitnessConversation.Outcome
        var knownAfter: TreeSize?
        var forgotten: TreeSize?

        init(
            _ name: String, known: TreeSize? = nil, _ answers: [WitnessAnswer?], asked: [TreeSize],
            _ outcome: WitnessConversation.Outcome, after: TreeSize? = nil, forgotten: TreeSize? = nil
        ) {
            testDescription = name
            self.known = known
            self.answers = answers
            self.asked = asked
            self.outcome = outcome
            knownAfter = after
            self.forgotten = forgotten
        }
    }

    private static func size(_ size: Int) -> WitnessAnswer {
        WitnessAnswer(status: 409, contentType: WitnessAnswer.sizeType, body: Array("\(size)\n".utf8))
    }
    private static func plain(_ status: Int, _ text: String = "no\n") -> WitnessAnswer {
        WitnessAnswer(status: status, contentType: "text/plain; charset=utf-8", body: Array(text.utf8))
    }

    /// The checkpoint that is brought has 40 entries.
    private static let rows: [Row] = [
        Row(
            "another size is asked for again, from there", [size(5), plain(404)], asked: [0, 5],
            .refused(status: 404), after: 5),
        Row(
            "the own size too, without a proof", [size(40), plain(404)], asked: [0, 40], .refused(status: 404),
            after: 40),
        Row(
            "a witness that forgot everything is asked from the start", known: 5, [size(0), plain(503)], asked: [5, 0],
            .away(.status(503)), after: 0, forgotten: 5),
        Row(
            "a witness that forgot some is told of", known: 20, [size(10), plain(429)], asked: [20, 10],
            .away(.busy), after: 10, forgotten: 20),
        Row(
            "three other sizes are enough", [size(5), size(6), size(7), size(8)], asked: [0, 5, 6, 7],
            .away(.undecided), after: 8),
        Row("a larger tree is an alarm", [size(41)], asked: [0], .alarm(.largerTree(41))),
        Row(
            "so is one that is larger than remembered", known: 50, [size(50)], asked: [0], .alarm(.largerTree(50)),
            after: 50),
        Row(
            "422 at the own size is another root", known: 40, [plain(422)], asked: [40], .alarm(.otherRoot(40)),
            after: 40),
        Row(
            "409 without a size is what the first generation says of it", known: 40, [plain(409)], asked: [40],
            .alarm(.otherRoot(40)), after: 40),
        Row(
            "409 with the size that was asked from, too", known: 40, [size(40)], asked: [40], .alarm(.otherRoot(40)),
            after: 40),
        Row(
            "422 at a smaller size is another beginning", known: 5, [plain(422)], asked: [5],
            .alarm(.otherBeginning(5)),
            after: 5),
        Row(
            "a conflict that says nothing is an alarm", known: 5, [plain(409)], asked: [5], .alarm(.unexplained(5)),
            after: 5),
        Row("and one that names what was asked", known: 5, [size(5)], asked: [5], .alarm(.unexplained(5)), after: 5),
        Row("422 without anything to prove is a refusal", [plain(422)], asked: [0], .refused(status: 422)),
        Row("an unknown log is refused", [plain(404)], asked: [0], .refused(status: 404)),
        Row("an unknown key is refused", [plain(403)], asked: [0], .refused(status: 403)),
        Row("a request that is not understood is refused", [plain(400)], asked: [0], .refused(status: 400)),
        Row("a busy witness is away", known: 5, [plain(429)], asked: [5], .away(.busy), after: 5),
        Row("a broken one is away", [plain(500)], asked: [0], .away(.status(500))),
        Row("one that sends elsewhere is away", [plain(307)], asked: [0], .away(.status(307))),
        Row("one that says nothing is away", known: 5, [nil], asked: [5], .away(.silent), after: 5),
        Row("an answer without lines is none", [plain(200, "")], asked: [0], .away(.malformed)),
        Row("nor is one of other lines", [plain(200, "ok\n")], asked: [0], .away(.malformed)),
        Row(
            "a line of another key is no cosignature", [plain(200, "— a AAAAAAA=\n")], asked: [0],
            .away(.badCosignature)),
    ]

    @Test("row by row", arguments: rows)
    func talk(row: Row) throws {
        let scene = try WitnessScene()
        var talk = try WitnessConversation(
            with: scene.witness.key, about: scene.note(40), log: scene.log.key, knownSize: row.known)
        var asked: [TreeSize] = []
        for answer in row.answers {
            guard case .ask(let old) = talk.next else { break }
            asked.append(old)
            let request = try #require(try talk.request(proof: scene.proof(Int(old.rawValue), 40)))
            #expect(request.oldSize == old)
            if let answer { talk.heard(answer) } else { talk.heardNothing() }
        }
        #expect(asked == row.asked)
        #expect(talk.next == .end(row.outcome))
        #expect(talk.knownSize == row.knownAfter)
        #expect(talk.forgotten == row.forgotten)
        #expect(try talk.request(proof: ConsistencyProof(hashes: [])) == nil)
    }

    @Test("a cosignature is taken when it holds, with its time, and the rest of the answer is left")
    func cosigned() throws {
        let scene = try WitnessScene()
        let text = try scene.checkpoint(40).text
        let own = try scene.witness.cosign(text: text, at: WitnessScene.time(2_000))
        let later = try scene.witness.cosign(text: text, at: WitnessScene.time(2_060))
        let other = try scene.second.cosign(text: text, at: WitnessScene.time(3_000))
        let time = try WitnessScene.time(2_060)
        var talk = try WitnessConversation(with: scene.witness.key, about: scene.note(40), log: scene.log.key)
        talk.heard(WitnessAnswer(cosignatures: [other, own, later]))
        #expect(talk.next == .end(.cosigned([later], at: time)))
        #expect(talk.knownSize == 40)
        // An answer that comes after the end changes nothing.
        talk.heard(Self.plain(404))
        talk.heardNothing()
        #expect(talk.next == .end(.cosigned([later], at: time)))
    }

    @Test("a line by the witness that does not hold spoils the answer")
    func badCosignature() throws {
        let scene = try WitnessScene()
        let own = try scene.witness.cosign(text: scene.checkpoint(40).text, at: WitnessScene.time(2_000))
        let wrong = try scene.witness.cosign(text: scene.checkpoint(41).text, at: WitnessScene.time(2_000))
        for lines in [[wrong], [own, wrong], [wrong, own]] {
            var talk = try WitnessConversation(with: scene.witness.key, about: scene.note(40), log: scene.log.key)
            talk.heard(WitnessAnswer(cosignatures: lines))
            #expect(talk.next == .end(.away(.badCosignature)))
            #expect(talk.knownSize == nil)
        }
    }

    @Test("every single-bit change of the line is refused")
    func cosignatureBits() throws {
        let scene = try WitnessScene()
        let line = try scene.witness.cosign(text: scene.checkpoint(40).text, at: WitnessScene.time(2_000)).line
        for bit in 0..<(line.count * 8) {
            var changed = line
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            var talk = try WitnessConversation(with: scene.witness.key, about: scene.note(40), log: scene.log.key)
            talk.heard(WitnessAnswer(status: 200, contentType: nil, body: changed))
            guard case .end(.away) = talk.next else {
                Issue.record("bit \(bit): \(talk.next)")
                continue
            }
        }
    }

    @Test("the log's line alone is sent, and only the log's checkpoint")
    func request() throws {
        let scene = try WitnessScene()
        var note = try scene.note(40)
        try note.append(scene.second.cosign(text: note.text, at: WitnessScene.time(1)))
        let talk = try WitnessConversation(with: scene.witness.key, about: note, log: scene.log.key, knownSize: 5)
        let request = try #require(try talk.request(proof: scene.proof(5, 40)))
        #expect(request.note.signatures.map(\.name) == [scene.log.key.name])
        #expect(try request.proof == scene.proof(5, 40))
        #expect(throws: NoteError.wrongKeyType(name: "log.example/a")) {
            try WitnessConversation(with: scene.log.key, about: note, log: scene.log.key)
        }
        let other = try SignedNoteTests.signer("log.example/b", .ed25519, seed: 9)
        #expect(throws: NoteError.noKnownSignature) {
            try WitnessConversation(with: scene.witness.key, about: note, log: other.key)
        }
    }

    /// A witness in memory: the decision and its keeping in one step.
    private final class MemoryWitness {
        let scene: WitnessScene
        let generation: WitnessGeneration
        var record: WitnessRecord?
        var now: UInt64 = 1_000
        /// Answers that are kept but do not arrive.
        var losesAnswers = false

        init(_ scene: WitnessScene, _ generation: WitnessGeneration) {
            self.scene = scene
            self.generation = generation
        }

        func answer(_ body: [UInt8]) throws -> WitnessAnswer? {
            let request: AddCheckpointRequest
            do { request = try AddCheckpointRequest(parsing: body) } catch { return generation.answer(error) }
            let decision = WitnessDecision.decide(
                request, trusted: [scene.log.key], record: record, newest: record?.time,
                now: try WitnessScene.time(now))
            switch decision {
            case .again(let kept): return losesAnswers ? nil : WitnessAnswer(cosignatures: [kept.cosignature])
            case .refuse(let refusal): return generation.answer(refusal)
            case .cosign(let pending):
                let kept = try pending.cosigned(by: scene.witness)
                record = kept
                return losesAnswers ? nil : WitnessAnswer(cosignatures: [kept.cosignature])
            }
        }
    }

    @Test(
        "a growing log and a witness of either generation understand each other", arguments: WitnessGeneration.allCases)
    func bothEnds(generation: WitnessGeneration) async throws {
        let seed: UInt64 = 20_260_711
        var random = SeededNumbers(seed)
        let scene = try WitnessScene()
        let witness = MemoryWitness(scene, generation)
        var (size, known): (Int, TreeSize?) = (0, nil)
        for round in 0..<60 {
            size += Int.random(in: 0...8, using: &random)
            witness.now += UInt64.random(in: 0...3, using: &random)
            witness.losesAnswers = Int.random(in: 0..<4, using: &random) == 0
            if Int.random(in: 0..<10, using: &random) == 0 { known = nil }
            var talk = try WitnessConversation(
                with: scene.witness.key, about: scene.note(size), log: scene.log.key, knownSize: known)
            let outcome = try await talk.run(
                proof: { try scene.proof(Int($0.rawValue), size) }, post: { try witness.answer($0) })
            known = talk.knownSize
            switch outcome {
            case .cosigned(let lines, let time):
                #expect(!witness.losesAnswers)
                let note = try scene.note(size).adding(lines)
                let opened = try Checkpoint.open(note, log: scene.log.key, cosigners: [scene.witness.key])
                #expect(opened.cosignatures.map(\.time) == [time], "seed \(seed), round \(round)")
                #expect(witness.record?.checkpoint.size == TreeSize(UInt64(size)))
            case .away(.silent): #expect(witness.losesAnswers, "seed \(seed), round \(round)")
            // Within one second the witness cosigns one tree.
            case .away(.busy): #expect(witness.record?.time.seconds == witness.now, "seed \(seed), round \(round)")
            default: Issue.record("seed \(seed), round \(round): \(outcome)")
            }
            #expect(talk.forgotten == nil)
        }
        #expect(size > 100)
    }

    @Test("a fork and a loss are alarms with either generation", arguments: WitnessGeneration.allCases)
    func alarms(generation: WitnessGeneration) async throws {
        let scene = try WitnessScene()
        let witness = MemoryWitness(scene, generation)
        func bring(_ size: Int, root: Hash? = nil, known: TreeSize? = nil) async throws -> WitnessConversation.Outcome {
            witness.now += 1
            var talk = try WitnessConversation(
                with: scene.witness.key, about: scene.note(size, root: root), log: scene.log.key, knownSize: known)
            return try await talk.run(
                proof: { try scene.proof(Int($0.rawValue), size) }, post: { try witness.answer($0) })
        }
        guard case .cosigned = try await bring(40) else {
            Issue.record("not cosigned")
            return
        }
        let forked = Hash.sha256([1])
        #expect(try await bring(40, root: forked) == .alarm(.otherRoot(40)))
        #expect(try await bring(40, root: forked, known: 40) == .alarm(.otherRoot(40)))
        #expect(try await bring(41, root: forked) == .alarm(.otherBeginning(40)))
        #expect(try await bring(39) == .alarm(.largerTree(40)))
        #expect(try await bring(5, known: 40) == .alarm(.largerTree(40)))
    }

    @Test("every alarm and absence has a code of its own and a sentence")
    func texts() {
        let alarms: [WitnessConversation.Alarm] = [.largerTree(1), .otherRoot(1), .otherBeginning(1), .unexplained(1)]
        let absences: [WitnessConversation.Absence] = [
            .silent, .busy, .status(500), .malformed, .badCosignature, .undecided,
        ]
        let codes = alarms.map(\.code) + absences.map(\.code)
        #expect(Set(codes).count == 10)
        #expect(codes.allSatisfy { $0.allSatisfy { $0.isLowercase || $0 == "-" } })
        #expect((alarms.map(\.sentence) + absences.map(\.description)).allSatisfy { $0.hasSuffix(".") })
    }
}
