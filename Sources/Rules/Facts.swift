package import Ledger
package import Statements

/// What `decide` may read: the standing facts, and those that were looked up for one batch of statements.
///
/// The relay loads them from its store; the auditor keeps them as it replays. The rules do not know which.
package struct Facts: Sendable {
    package var standing: StandingFacts
    /// Statements among those asked for that the log holds.
    package var statements: [StatementID: LogIndex]
    /// Nonces among those asked for that the log holds.
    package var nonces: [NonceKey: LogIndex]
    /// Messages among those asked for.
    package var messages: [MessageID: MessageState]
    /// Where the content of those messages is in its life that are asked for; one that is not settled may be absent
    /// if it is among ``messages``.
    package var contents: [MessageID: ContentStage]
    /// The log's root at the sizes asked for; sizes beyond the log are absent.
    package var roots: [TreeSize: Hash]

    package init(
        standing: StandingFacts, statements: [StatementID: LogIndex] = [:], nonces: [NonceKey: LogIndex] = [:],
        messages: [MessageID: MessageState] = [:], contents: [MessageID: ContentStage] = [:],
        roots: [TreeSize: Hash] = [:]
    ) {
        self.standing = standing
        self.statements = statements
        self.nonces = nonces
        self.messages = messages
        self.contents = contents
        self.roots = roots
    }

    /// What must be looked up before a statement can be decided.
    package struct Wanted: Sendable {
        package var statements: Set<StatementID> = []
        package var nonces: Set<NonceKey> = []
        package var messages: Set<MessageID> = []
        package var contents: Set<MessageID> = []
        package var sizes: Set<TreeSize> = []

        package init() {}

        package mutating func add(_ signed: SignedStatement) {
            statements.insert(signed.id)
            sizes.insert(signed.statement.seen.size)
            if case .submission(let submission) = signed.statement.act {
                nonces.insert(NonceKey(party: signed.statement.party, nonce: submission.nonce))
            }
            if let message = signed.statement.act.message { messages.insert(message) }
            if case .erasure(let messages) = signed.statement.act { contents.formUnion(messages) }
        }
    }

    /// Takes the changes of an accepted statement, so that the next one of the batch is decided on them.
    package mutating func apply(_ changes: Changes) {
        statements[changes.statement] = changes.index
        if let nonce = changes.nonce { nonces[nonce] = changes.index }
        if let message = changes.message { messages[message.id] = message }
        contents.merge(changes.contents) { _, newer in newer }
        standing.apply(changes)
    }
}

/// A party's nonce: what makes a re-signed submission the same message.
package struct NonceKey: Hashable, Sendable {
    package let party: PartyID
    package let nonce: Nonce
    package init(party: PartyID, nonce: Nonce) {
        self.party = party
        self.nonce = nonce
    }
}

/// The facts that are small and always at hand.
package struct StandingFacts: Sendable {
    package var charter: CharterInForce
    /// The newest publication of each sealing key; one at or past its `keepUntil` counts as none and may be dropped.
    package var keys: [KeyID: SealingKeyRecord] { didSet { prepared = nil } }
    package var counters: [PartyID: PartyCounters]
    /// The time of the last entry.
    package var lastAcceptedAt: Timestamp
    /// The number of entries.
    package var size: TreeSize
    private var prepared: PreparedKeysHash?

    /// The keys' hash, which stays the same from one moment until a key of it passes its `sealUntil`.
    private struct PreparedKeysHash: Sendable {
        let hash: Hash
        let from: Timestamp
        let until: Timestamp?
    }

    package init(
        charter: CharterInForce, keys: [KeyID: SealingKeyRecord] = [:], counters: [PartyID: PartyCounters] = [:],
        lastAcceptedAt: Timestamp, size: TreeSize
    ) {
        self.charter = charter
        self.keys = keys
        self.counters = counters
        self.lastAcceptedAt = lastAcceptedAt
        self.size = size
    }

    /// The facts after entry 0.
    package init(charter: SignedCharter, acceptedAt: Timestamp) {
        self.init(charter: CharterInForce(charter), lastAcceptedAt: acceptedAt, size: TreeSize(rawValue: 1))
    }

    /// The hash that a tick names: over the keys not past `sealUntil`.
    package func keysHash(at time: Timestamp) -> Hash {
        if let prepared, prepared.from <= time, prepared.until.map({ time < $0 }) ?? true { return prepared.hash }
        return (try? KeyList(keys.values, at: time).hash()) ?? .zero
    }

    /// Works out ``keysHash(at:)`` once for the ticks that follow, until the keys change or one passes its `sealUntil`.
    package mutating func prepareKeysHash(at time: Timestamp) {
        if let prepared, prepared.from <= time, prepared.until.map({ time < $0 }) ?? true { return }
        let list = KeyList(keys.values, at: time)
        prepared = (try? list.hash()).map { hash in
            PreparedKeysHash(hash: hash, from: time, until: list.keys.map(\.sealUntil).min())
        }
    }

    package mutating func apply(_ changes: Changes) {
        if let key = changes.key { keys[key.keyID] = key }
        for (party, counters) in changes.counters { self.counters[party] = counters }
        lastAcceptedAt = changes.acceptedAt
        size = TreeSize(rawValue: changes.index.rawValue + 1)
    }
}

/// What is counted for one party.
package struct PartyCounters: Hashable, Sendable {
    /// Arrivals in its inbox so far.
    package var arrivals: UInt64
    /// Its own messages that are not settled, and their payload bytes.
    package var unsettledMessages: UInt64
    package var unsettledBytes: UInt64
    package init(arrivals: UInt64 = 0, unsettledMessages: UInt64 = 0, unsettledBytes: UInt64 = 0) {
        self.arrivals = arrivals
        self.unsettledMessages = unsettledMessages
        self.unsettledBytes = unsettledBytes
    }
}

/// Where a message's content is in its life at the relay.
package enum ContentStage: Hashable, Sendable {
    case unsettled
    /// The entry that ended the last leg was accepted at this time.
    case settled(Timestamp)
    /// By the erasure with this index.
    case erased(LogIndex)
}

/// A message's arrival at a party, with the next number of that party's inbox.
package struct Arrival: Hashable, Sendable {
    package let party: PartyID
    package let number: ArrivalNumber
    package let message: MessageID
    package let leg: LegNumber
    package init(party: PartyID, number: ArrivalNumber, message: MessageID, leg: LegNumber) {
        self.party = party
        self.number = number
        self.message = message
        self.leg = leg
    }
}

/// What an accepted statement changes: returned by `decide`, stored by the relay, applied at replay.
package struct Changes: Sendable {
    package let statement: StatementID
    package let index: LogIndex
    package let acceptedAt: Timestamp
    /// The entry's fields that the rules determine.
    package let constitution: Revision
    package let roster: Revision
    package let previous: LogIndex?
    package var nonce: NonceKey?
    /// The state of the message after this act.
    package var message: MessageState?
    /// New stages of contents, under a charter that names a retention only.
    package var contents: [MessageID: ContentStage] = [:]
    package var arrivals: [Arrival] = []
    /// The limited auditors who are shown the entry, in their order.
    package var scopes: [PartyID] = []
    package var key: SealingKeyRecord?
    /// New values for the parties whose counters change.
    package var counters: [PartyID: PartyCounters] = [:]
}
