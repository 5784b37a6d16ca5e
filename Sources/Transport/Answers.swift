package import Ledger
package import Statements

/// A head of the log under a good signature, consistent with every other that the client knows.
package struct VerifiedHead: Hashable, Sendable {
    package let head: LogHead
    /// The signed note.
    package let note: [UInt8]
    /// Whether it is older than the newest known one: a relay process that lags. Fit for reading.
    package let isLagging: Bool
}

/// An entry whose inclusion in a verified head was checked. Its statement's signatures were not.
package struct VerifiedEntry: Hashable, Sendable {
    package let entry: Entry
    /// The proof, for evidence.
    package let proven: ProvenEntry
    package var index: LogIndex { proven.index }
}

/// The relay's verified answer to a statement: it is in the log.
package struct AcceptedStatement: Hashable, Sendable {
    /// The statement that stands in the log.
    package let signed: SignedStatement
    package let entry: VerifiedEntry
    package let head: VerifiedHead
    /// Whether another statement with the same nonce was accepted before: ``signed`` is that one then, and what was
    /// sent now is not in the log.
    package let isOriginal: Bool
}

/// A party's arrivals, every entry verified in ``head``.
package struct InboxAnswer: Hashable, Sendable {
    package let head: VerifiedHead
    /// Numbered without a gap from the one asked for.
    package let arrivals: [VerifiedArrival]
    package let tick: VerifiedTick?
    /// Whether there are arrivals behind the last one here.
    package let more: Bool

    package init(head: VerifiedHead, arrivals: [VerifiedArrival], tick: VerifiedTick?, more: Bool) {
        self.head = head
        self.arrivals = arrivals
        self.tick = tick
        self.more = more
    }
}

/// An arrival with the custody chain of its message, which begins with its submission and has no gap.
package struct VerifiedArrival: Hashable, Sendable {
    package let number: ArrivalNumber
    package let message: MessageID
    package let leg: LegNumber
    package let chain: [VerifiedEntry]
}

/// A tick under the relay's act key.
package struct VerifiedTick: Hashable, Sendable {
    package let tick: Tick
    package let entry: VerifiedEntry
    package var acceptedAt: Timestamp { entry.entry.acceptedAt }
}

/// A message's custody chain, which begins with its submission and has no gap.
package struct MessageAnswer: Hashable, Sendable {
    package let head: VerifiedHead
    package let chain: [VerifiedEntry]
    /// The entry by which the relay erased the content, under its act key; nil while it has it.
    package let erasure: VerifiedEntry?
}

/// What was submitted in the asking party's name, every entry verified in ``head``.
package struct SentAnswer: Hashable, Sendable {
    package let head: VerifiedHead
    /// Custody chains, each begins with its submission and has no gap; in the order of the submissions.
    package let chains: [[VerifiedEntry]]
    /// Whether there are messages behind the last one here.
    package let more: Bool
}

/// A party's sealing keys.
package struct KeysAnswer: Hashable, Sendable {
    package let head: VerifiedHead
    /// The asking party's newest tick; nil before its first.
    package let tick: VerifiedTick?
    /// The keys of all parties whose hash the tick holds.
    package let keyList: KeyList?
    /// Under the publishing delegates' signatures by the charter's keys.
    package let publications: [PublishedKey]

    package struct PublishedKey: Hashable, Sendable {
        package let delegate: DelegateID
        package let publication: KeyPublication
        package let entry: VerifiedEntry
    }
}
