import Ledger
import Testing

/// A log of 300 entries, a second log that parts from it, and witnesses.
struct WitnessScene {
    let tree = NaiveTree(count: 300)
    let log: NoteSigner
    let witness: NoteSigner
    let second: NoteSigner

    init() throws {
        log = try SignedNoteTests.signer("log.example/a", .ed25519)
        witness = try SignedNoteTests.signer("witness.example/w1", .cosignature, seed: 3)
        second = try SignedNoteTests.signer("witness.example/w2", .cosignature, seed: 4)
    }

    static func time(_ seconds: UInt64) throws -> CosignatureTime { try #require(CosignatureTime(seconds: seconds)) }

    /// - Parameter root: the log's own unless it is given.
    func checkpoint(_ size: Int, root: Hash? = nil) throws -> Checkpoint {
        try Checkpoint(origin: log.key.name, size: TreeSize(UInt64(size)), root: root ?? tree.root(size))
    }

    func note(_ size: Int, root: Hash? = nil) throws -> SignedNote {
        try checkpoint(size, root: root).signed(by: log)
    }

    func proof(_ old: Int, _ new: Int) throws -> ConsistencyProof {
        guard old > 0, old < new else { return ConsistencyProof(hashes: []) }
        return try ConsistencyProof.make(from: TreeSize(UInt64(old)), to: TreeSize(UInt64(new)), from: tree)
    }

    func request(_ old: Int, _ new: Int, root: Hash? = nil) throws -> AddCheckpointRequest {
        try AddCheckpointRequest(oldSize: TreeSize(UInt64(old)), proof: proof(old, new), note: note(new, root: root))
    }

    /// What the witness remembers once it has cosigned this size.
    func record(_ size: Int, at seconds: UInt64) throws -> WitnessRecord {
        let decision = WitnessDecision.decide(
            try request(0, size), trusted: [log.key], record: nil, newest: nil, now: try Self.time(seconds))
        guard case .cosign(let pending) = decision else { throw NotCosigned(decision: decision) }
        return try pending.cosigned(by: witness)
    }

    struct NotCosigned: Error { let decision: WitnessDecision }
}

/// SplitMix64: a stream of numbers from a seed, the same everywhere.
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// The bytes with a few of them changed, taken out, doubled or cut off.
    mutating func damaged(_ bytes: [UInt8]) -> [UInt8] {
        var changed = bytes
        for _ in 0..<Int.random(in: 1...4, using: &self) where !changed.isEmpty {
            let place = Int.random(in: 0..<changed.count, using: &self)
            switch Int.random(in: 0..<6, using: &self) {
            case 0: changed[place] ^= 1 << UInt8.random(in: 0..<8, using: &self)
            case 1: changed.remove(at: place)
            case 2: changed.insert(changed[place], at: place)
            case 3: changed[place] = [0x0a, 0x20, 0x30, 0x2b, 0x3d, 0xff].randomElement(using: &self) ?? 0
            case 4: changed.removeLast(changed.count - place)
            default:
                let end = min(changed.count, place + Int.random(in: 0..<64, using: &self))
                changed.insert(contentsOf: Array(changed[place..<end]), at: place)
            }
        }
        return changed
    }
}
