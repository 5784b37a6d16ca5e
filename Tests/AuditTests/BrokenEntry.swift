import Audit
import Ledger
import Rules
import Statements
import TestKit
import Testing

/// An entry that breaks a rule, most of them because of what was long before it.
struct BrokenEntry: Sendable, CustomTestStringConvertible {
    let name: String
    let finding: String
    /// The entry to stand at an index of a busy log.
    let make: @Sendable (BusyLog, Int) throws -> [UInt8]
    var testDescription: String { name }

    init(_ name: String, _ finding: String, _ make: @escaping @Sendable (BusyLog, Int) throws -> [UInt8]) {
        self.name = name
        self.finding = finding
        self.make = make
    }

    static let all = aboutStatements + aboutMessages + aboutTheRelay

    private static let aboutStatements = [
        BrokenEntry("a statement of long before, once more", "duplicate-statement") { log, place in
            let old = try log.last(.receipt, before: 200)
            return try log.framed(old.signed, at: place)
        },
        BrokenEntry("a message of long before, signed again", "duplicate-statement") { log, place in
            let old = try log.last(.submission, before: 200) { $0.statement.signers.count == 1 }
            let statement = old.signed.statement
            return try log.forged(statement.act, by: statement.delegate(statement.signers[0]), at: place)
        },
        BrokenEntry("a key of the first hour, published again", "rule-broken(key-twice)") { log, place in
            let old = try log.last(.keyPublication, before: 73)
            let statement = old.signed.statement
            return try log.forged(statement.act, by: statement.delegate(statement.signers[0]), at: place)
        },
        BrokenEntry("one who saw another beginning", "rule-broken(other-log)") { log, place in
            let statement = try log.last(.receipt, before: place).signed.statement
            let other = LogHead(size: 100, root: Merkle.leafHash([1]))
            return try log.forged(
                statement.act, by: statement.delegate(statement.signers[0]), at: place, seen: other)
        },
        BrokenEntry("one who saw more than there was", "rule-broken(other-log)") { log, place in
            let statement = try log.last(.receipt, before: place).signed.statement
            let later = LogHead(size: TreeSize(UInt64(place + 1)), root: log.moments[place].head.root)
            return try log.forged(
                statement.act, by: statement.delegate(statement.signers[0]), at: place, seen: later)
        },
    ]

    /// A message under way whose first hop holds it.
    private static func held(_ log: BusyLog, _ place: Int) throws -> (message: MessageState, holder: PartyID) {
        for message in log.moments[place - 1].facts.messages.values.sorted(by: { $0.id < $1.id }) {
            if message.legs.count == 1, case .held = message.legs[0].stage, let holder = message.legs[0].holder {
                return (message, holder)
            }
        }
        throw FormError("BusyLog", expected: "a message that is held")
    }

    private static func lead(_ party: PartyID) throws -> DelegateID { try #require(DelegateID("\(party)/lead")) }

    private static func leg(_ message: MessageState) throws -> LegReference {
        LegReference(message: message.id, leg: try #require(LegNumber(0)))
    }

    private static let aboutMessages = [
        BrokenEntry("a receipt for what has not come so far", "rule-broken(wrong-state)") { log, place in
            let (message, _) = try held(log, place)
            let recipient = try lead(message.legs[0].route.recipient)
            return try log.forged(
                .receipt(leg(message), .retrieved), by: recipient, at: place, previous: message.lastIndex)
        },
        BrokenEntry("a refusal that skips an entry of its message", "recomputed-field") { log, place in
            let (message, holder) = try held(log, place)
            return try log.forged(.refusal(leg(message), .policy), by: lead(holder), at: place)
        },
        BrokenEntry("an act on a message that has ended", "rule-broken(wrong-state)") { log, place in
            let old = try log.last(.receipt, before: 300) { signed in
                if case .receipt(_, .opened) = signed.statement.act { true } else { false }
            }
            let statement = old.signed.statement
            guard case .receipt(let leg, _) = statement.act else { return [] }
            return try log.forged(
                .receipt(leg, .unreadable(.digest)), by: statement.delegate(statement.signers[0]), at: place,
                previous: LogIndex(UInt64(old.index)))
        },
        BrokenEntry("sealed to a key that nobody has published", "rule-broken(not-sealed-to-recipient)") { log, place in
            let old = try log.last(.submission, before: place) { $0.statement.signers.count == 1 }.signed.statement
            guard case .submission(let first) = old.act, let nonce = Nonce(FixtureWorld.bytes("fresh", 32)) else {
                return []
            }
            let second = Submission(
                nonce: nonce, writtenUnder: first.writtenUnder, legs: first.legs, precedence: first.precedence,
                expiry: first.expiry, sealedTo: [KeyID(.zero)], sealedKeysDigest: .zero, payloadDigest: .zero,
                payloadSize: 1, keyCommitment: .zero, contentCommitment: .zero)
            return try log.forged(.submission(second), by: old.delegate(old.signers[0]), at: place)
        },
    ]

    private static let relay = DelegateID(party: .relay, name: .act)

    private static func tick(
        _ log: BusyLog, _ place: Int, _ change: (Tick) -> (UInt64, Hash)
    ) throws -> [UInt8] {
        let facts = log.moments[place - 1].facts
        let party = try #require(log.world.middle.first)
        let honest = Tick(
            party: party, arrivals: facts.standing.counters[party]?.arrivals ?? 0,
            charterInForce: facts.standing.charter.inForce,
            keys: facts.standing.keysHash(at: log.moments[place - 1].now))
        let (arrivals, keys) = change(honest)
        let tick = Tick(party: party, arrivals: arrivals, charterInForce: honest.charterInForce, keys: keys)
        return try log.forged(.tick(tick), by: relay, at: place)
    }

    private static let aboutTheRelay = [
        BrokenEntry("a tick that leaves an arrival out", "tick-wrong") { log, place in
            try tick(log, place) { ($0.arrivals - 1, $0.keys) }
        },
        BrokenEntry("a tick that hides a key", "tick-wrong") { log, place in
            try tick(log, place) { ($0.arrivals, Merkle.leafHash($0.keys.bytes)) }
        },
        BrokenEntry("a time that goes back", "time-went-back") { log, place in
            let old = try log.last(.receipt, before: place)
            return try log.framed(old.signed, at: place) { $0.acceptedAt = $0.acceptedAt - .seconds(3_600) }
        },
        BrokenEntry("a notice that is not due", "rule-broken(not-due)") { log, place in
            let (message, _) = try held(log, place)
            return try log.forged(.expiry(leg(message)), by: relay, at: place, previous: message.lastIndex)
        },
    ]
}
