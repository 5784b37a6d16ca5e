import Ledger
import Testing

@Suite("What a witness decides")
struct WitnessDecisionTests {
    /// What a row expects.
    enum Expected: Sendable {
        case cosigned, again
        case refused(WitnessRefusal)
    }

    /// One row: what the witness remembers, what it is asked, and what comes of it. Times are seconds.
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// Size and time of the last cosignature.
        var known: (size: Int, at: UInt64)?
        /// The newest time of any log; that of `known` unless said.
        var newest: UInt64?
        var old = 0
        var new = 5
        var root: Hash?
        /// The sizes that the proof is between, where it is not the right one.
        var proof: (Int, Int)?
        var now: UInt64 = 2_000
        let expected: Expected

        init(_ name: String, _ expected: Expected, _ change: (inout Row) -> Void = { _ in }) {
            testDescription = name
            self.expected = expected
            change(&self)
        }
    }

    private static let rows: [Row] = [
        Row("a log that was never cosigned starts anywhere", .cosigned),
        Row("and as an empty tree", .cosigned) { $0.new = 0 },
        Row("an empty tree grows without a proof", .cosigned) { $0.known = (0, 1_000) },
        Row("a tree grows with a proof", .cosigned) { ($0.known, $0.old, $0.new) = ((5, 1_000), 5, 40) },
        Row("by one entry, too", .cosigned) { ($0.known, $0.old, $0.new) = ((4, 1_000), 4, 5) },
        Row("the same tree is cosigned again for a fresh time", .cosigned) { ($0.known, $0.old) = ((5, 1_000), 5) },
        Row("within the second the kept cosignature is given again", .again) { ($0.known, $0.old) = ((5, 2_000), 5) },
        Row("within the second another tree must wait", .refused(.tooSoon)) {
            ($0.known, $0.old, $0.new) = ((5, 2_000), 5, 6)
        },
        Row("other logs do not wait for each other", .cosigned) { $0.newest = 2_000 },
        Row("an old size that is not the last one is told the last one", .refused(.otherSize(5))) {
            $0.known = (5, 1_000)
        },
        Row("also when nothing was cosigned yet", .refused(.otherSize(0))) { ($0.old, $0.new) = (4, 5) },
        Row("and when the log went back", .refused(.otherSize(40))) {
            ($0.known, $0.old, $0.new) = ((40, 1_000), 5, 6)
        },
        Row("an old size above the new one is nonsense", .refused(.sizesOutOfOrder(old: 6, new: 5))) {
            ($0.known, $0.old) = ((6, 1_000), 6)
        },
        Row("another root of the same size is a fork", .refused(.otherRoot(5))) {
            ($0.known, $0.old, $0.root) = ((5, 1_000), 5, Hash.sha256([1]))
        },
        Row("a larger tree with another beginning is refused", .refused(.inconsistent(.rootMismatch))) {
            ($0.known, $0.old, $0.new, $0.root) = ((5, 1_000), 5, 40, Hash.sha256([1]))
        },
        Row("so is a proof of other sizes", .refused(.inconsistent(.wrongLength(expected: 7, found: 6)))) {
            ($0.known, $0.old, $0.new, $0.proof) = ((5, 1_000), 5, 40, (6, 40))
        },
        Row("and a proof where there is nothing to prove", .refused(.needlessProof)) { $0.proof = (3, 5) },
        Row("of the same size, too", .refused(.needlessProof)) {
            ($0.known, $0.old, $0.proof) = ((5, 1_000), 5, (3, 5))
        },
        Row("a clock that went back cosigns nothing", .refused(.clockBehind(seconds: 1))) {
            ($0.known, $0.old) = ((5, 2_001), 5)
        },
        Row("not even another log", .refused(.clockBehind(seconds: 500))) { $0.newest = 2_500 },
        Row("a wrong request is refused for itself, whatever the clock", .refused(.otherSize(5))) {
            $0.known = (5, 9_000)
        },
    ]

    @Test("row by row", arguments: rows)
    func decide(row: Row) throws {
        let scene = try WitnessScene()
        let record = try row.known.map { try scene.record($0.size, at: $0.at) }
        let proof = try row.proof.map { try scene.proof($0.0, $0.1) } ?? scene.proof(row.old, row.new)
        let request = try AddCheckpointRequest(
            oldSize: TreeSize(UInt64(row.old)), proof: proof, note: scene.note(row.new, root: row.root))
        let newest = try (row.newest ?? row.known?.at).map(WitnessScene.time)
        let now = try WitnessScene.time(row.now)
        let decision = WitnessDecision.decide(
            request, trusted: [scene.log.key], record: record, newest: newest, now: now)
        switch (row.expected, decision) {
        case (.cosigned, .cosign(let pending)):
            #expect(pending.checkpoint == request.checkpoint)
            #expect(try pending.cosigned(by: scene.witness).time == now)
        case (.again, .again(let kept)): #expect(kept == record)
        case (.refused(let expected), .refuse(let refusal)): #expect(refusal == expected)
        default: Issue.record("\(decision)")
        }
    }

    @Test("only the log's own key opens the door, and one bad line of it closes it")
    func signatures() throws {
        let scene = try WitnessScene()
        let now = try WitnessScene.time(2_000)
        func decide(_ note: SignedNote, _ trusted: [VerifierKey]) throws -> WitnessDecision {
            let request = try AddCheckpointRequest(oldSize: 0, proof: ConsistencyProof(hashes: []), note: note)
            return WitnessDecision.decide(request, trusted: trusted, record: nil, newest: nil, now: now)
        }
        let note = try scene.note(5)
        #expect(try decide(note, []) == .refuse(.unknownLog(origin: "log.example/a")))
        let other = try SignedNoteTests.signer("log.example/a", .ed25519, seed: 9)
        #expect(try decide(note, [other.key]) == .refuse(.notSigned))
        let text = note.text
        let foreign = try SignedNote(text: text, signature: other.sign(text: text))
        #expect(try decide(foreign, [scene.log.key]) == .refuse(.notSigned))
        // A line that claims to be the log's, over another text.
        let stolen = try #require(try scene.note(6).signatures.first)
        let wrong = try SignedNote(text: text, signature: stolen)
        #expect(try decide(wrong, [scene.log.key]) == .refuse(.badSignature(name: "log.example/a")))
        #expect(
            try decide(foreign.adding([stolen]), [scene.log.key, other.key])
                == .refuse(.badSignature(name: "log.example/a")))
        let line = try #require(note.signatures.first).line
        let twice = try SignedNote(parsing: note.bytes + line)
        #expect(try decide(twice, [scene.log.key]) == .refuse(.badSignature(name: "log.example/a")))
    }

    @Test("what is kept is the log's line and the witness's, and nothing that a stranger put beside them")
    func record() throws {
        let scene = try WitnessScene()
        let text = try scene.checkpoint(5).text
        var note = try scene.note(5)
        try note.append(scene.second.cosign(text: text, at: WitnessScene.time(7)))
        let request = try AddCheckpointRequest(oldSize: 0, proof: ConsistencyProof(hashes: []), note: note)
        let now = try WitnessScene.time(2_000)
        let decision = WitnessDecision.decide(
            request, trusted: [scene.log.key], record: nil, newest: nil, now: now)
        guard case .cosign(let pending) = decision else {
            Issue.record("\(decision)")
            return
        }
        let record = try pending.cosigned(by: scene.witness)
        #expect(record.note.signatures.map(\.name) == [scene.log.key.name, scene.witness.key.name])
        #expect(try WitnessRecord(parsing: record.note.bytes, witness: scene.witness.key) == record)
        let opened = try Checkpoint.open(record.note, log: scene.log.key, cosigners: [scene.witness.key])
        #expect(opened.cosignatures.map(\.time) == [now])
        #expect(throws: NoteError.noKnownSignature) {
            try WitnessRecord(parsing: record.note.bytes, witness: scene.second.key)
        }
        #expect(throws: NoteError.wrongKeyType(name: "log.example/a")) { try pending.cosigned(by: scene.log) }
    }

    @Test("every single-bit change of a kept record is refused")
    func recordBits() throws {
        let scene = try WitnessScene()
        let record = try scene.record(5, at: 2_000)
        let bytes = record.note.bytes
        let logLine = try #require(record.note.signatures.first).line
        // The witness's line covers the text. The log's line is the log's: it was verified before, and is not again.
        let covered = (record.note.text.count + 1 + logLine.count)..<bytes.count
        for place in Array(0..<record.note.text.count) + Array(covered) {
            for bit in 0..<8 {
                var changed = bytes
                changed[place] ^= 1 << UInt8(bit)
                #expect(throws: NoteError.self, "byte \(place), bit \(bit)") {
                    try WitnessRecord(parsing: changed, witness: scene.witness.key)
                }
            }
        }
    }

    @Test("two roots of one size contradict each other; other sizes and other logs do not")
    func contradiction() throws {
        let scene = try WitnessScene()
        let record = try scene.record(5, at: 2_000)
        #expect(record.contradicts(try scene.checkpoint(5, root: Hash.sha256([1]))))
        #expect(!record.contradicts(try scene.checkpoint(5)))
        #expect(!record.contradicts(try scene.checkpoint(6)))
        let name = try #require(NoteName("log.example/b"))
        #expect(!record.contradicts(try Checkpoint(origin: name, size: 5, root: Hash.sha256([1]))))
    }
}

@Suite("Both generations of status codes")
struct WitnessGenerationTests {
    struct Row: Sendable {
        let refusal: WitnessRefusal
        let first: Int
        let second: Int
        init(_ refusal: WitnessRefusal, _ first: Int, _ second: Int? = nil) {
            self.refusal = refusal
            self.first = first
            self.second = second ?? first
        }
    }

    @Test(
        "each refusal has its status",
        arguments: [
            Row(.requestTooLarge, 400), Row(.malformedRequest, 400), Row(.badCheckpoint(.extensionLines), 400),
            Row(.sizesOutOfOrder(old: 6, new: 5), 400), Row(.unknownLog(origin: "a"), 404), Row(.notSigned, 403),
            Row(.badSignature(name: "a"), 403), Row(.otherSize(7), 409), Row(.otherRoot(7), 409, 422),
            Row(.inconsistent(.rootMismatch), 422), Row(.needlessProof, 422), Row(.emptyTreeRoot, 422),
            Row(.clockBehind(seconds: 90), 503), Row(.tooSoon, 429), Row(.overloaded, 429), Row(.notDurable, 503),
        ])
    func statuses(row: Row) {
        let answers = [WitnessGeneration.first, .second].map { $0.answer(row.refusal) }
        #expect(answers.map(\.status) == [row.first, row.second])
        for answer in answers {
            if case .otherSize = row.refusal {
                #expect(answer.contentType == "text/x.tlog.size")
                #expect(answer.body == Array("7\n".utf8))
                #expect(answer.namedSize == 7)
            } else {
                #expect(answer.contentType == "text/plain; charset=utf-8")
                #expect(answer.namedSize == nil)
                #expect(
                    String(decoding: answer.body, as: UTF8.self) == "\(row.refusal.code): \(row.refusal.sentence)\n")
            }
        }
    }

    @Test("who comes too often is told when to come again")
    func retryAfter() {
        #expect(WitnessGeneration.second.answer(.overloaded).retryAfter == 1)
        #expect(WitnessGeneration.second.answer(.clockBehind(seconds: 3)).retryAfter == 4)
        #expect(WitnessGeneration.second.answer(.clockBehind(seconds: 5)).retryAfter == nil)
        #expect(WitnessGeneration.second.answer(.notSigned).retryAfter == nil)
    }

    @Test(
        "a size has one spelling, and needs its media type",
        arguments: [
            ("7\n", "text/x.tlog.size", true), ("7\n", "text/x.tlog.size; charset=utf-8", true),
            ("7\n", "Text/X.Tlog.Size", true), ("7\n", "text/plain", false), ("7\n", "text/x.tlog.sizes", false),
            ("7", "text/x.tlog.size", false), ("07\n", "text/x.tlog.size", false), ("7\n\n", "text/x.tlog.size", false),
            ("+7\n", "text/x.tlog.size", false), ("", "text/x.tlog.size", false), (" 7\n", "text/x.tlog.size", false),
        ])
    func sizes(body: String, type: String, isSize: Bool) {
        let answer = WitnessAnswer(status: 409, contentType: type, body: Array(body.utf8))
        #expect((answer.namedSize == 7) == isSize)
        #expect(WitnessAnswer(status: 409, contentType: nil, body: Array(body.utf8)).namedSize == nil)
    }
}
