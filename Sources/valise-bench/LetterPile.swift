import Ledger
import NIOCore
import Sealing
import Statements
import TestKit
import Wire

/// The letters of a run of kills: which wait, which were sent without an answer, and which the relay acknowledged.
actor LetterPile {
    /// A letter and the envelope that it is sent in now.
    struct Item: Sendable {
        let letter: SealedLetter
        let envelope: RealEnvelope
        let request: ByteBuffer
        var nonce: Nonce { letter.wrapped.context.nonce }
    }

    /// What the relay has put its name to.
    struct Acknowledged: Sendable, Hashable {
        let index: LogIndex
        let statement: StatementID
    }

    private let world: BenchWorld
    private var fresh: [Item] = []
    private var unanswered: [Item] = []
    private var settled: [Item] = []
    private var random: SeededNumbers
    private(set) var acknowledged: [Nonce: Acknowledged] = [:]
    /// Letters whose second answer named another entry than the first.
    private(set) var contradictions = 0
    private(set) var refusals: [String] = []

    init(world: BenchWorld, random: SeededNumbers) {
        self.world = world
        self.random = random
    }

    var waiting: Int { fresh.count }
    func add(_ items: [Item]) { fresh += items }

    /// Something to send: a new letter, or one that had no answer, half of them signed again; once all is acknowledged,
    /// letters that were acknowledged are sent again.
    func next(seen: LogHead) throws -> Item? {
        if fresh.isEmpty || Int.random(in: 0..<4, using: &random) == 0, let item = unanswered.popLast() {
            return Bool.random(using: &random) ? item : try Self.item(item.letter, world, seen: seen)
        }
        return fresh.popLast() ?? settled.randomElement(using: &random)
    }

    /// The connection was lost before an answer came.
    func giveBack(_ item: Item) { if acknowledged[item.nonce] == nil { unanswered.append(item) } }

    func take(_ answer: LoadConnection.Answer, for item: Item) {
        guard answer.status == 200 else {
            if answer.status != 503, answer.status != 429 {
                refusals.append(String(decoding: answer.body, as: UTF8.self))
            }
            return giveBack(item)
        }
        guard let proven = try? Acceptance(der: answer.body, limit: ByteLimit.acceptance).entry,
            let signed = try? Entry(der: proven.entryBytes, limit: Bounds.entry).signed
        else { return refusals.append("an acceptance that cannot be read") }
        let new = Acknowledged(index: proven.index, statement: signed.id)
        if let old = acknowledged[item.nonce] {
            if old != new { contradictions += 1 }
        } else {
            acknowledged[item.nonce] = new
            settled.append(item)
        }
    }

    static func item(_ letter: SealedLetter, _ world: BenchWorld, seen: LogHead) throws -> Item {
        let envelope = try world.envelope(letter, seen: seen)
        let request = LoadConnection.request(
            method: "POST", target: "/v1/envelopes", port: world.port, body: envelope.bytes)
        return Item(letter: letter, envelope: envelope, request: request)
    }
}

/// Numbers that are the same for the same seed (SplitMix64).
struct SeededNumbers: RandomNumberGenerator, Sendable {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
