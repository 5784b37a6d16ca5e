package import Ledger
package import Statements

/// Where a client keeps, across runs, what the relay has shown and said to it, so that the relay cannot show or say
/// otherwise later.
package protocol ViewMemory: Sendable {
    /// The last entry that was seen of each of these messages; one of which none was seen is left out.
    func lastEntries(of messages: [MessageID]) async throws -> [MessageID: LogIndex]
    /// Notes later entries of messages.
    func note(_ last: [MessageID: LogIndex]) async throws
    /// Where the party's newest arrivals stand in the log.
    func places() async throws -> [ArrivalNumber: ArrivalPlace]
    func note(_ places: [ArrivalNumber: ArrivalPlace]) async throws
    /// A statement is going to be handed in: a rejection of it that is kept is not the last word any more.
    func handIn(_ statement: StatementID) async throws
    /// Keeps a rejection that the relay signed, as evidence.
    /// - Parameter isUntrue: by what is known here it cannot be true.
    func keep(_ rejected: RejectedStatement, at time: Timestamp, isUntrue: Bool) async throws
}

extension RelayClient {
    /// Holds custody chains against what was seen of these messages before, and against this client's clock, and
    /// remembers how far they go.
    /// - Throws: ``TransportError`` with `withheld` where an entry is missing that was shown before and that the head
    ///   has, `entry-ahead`.
    func compare(_ chains: [[VerifiedEntry]], of messages: [MessageID], in head: VerifiedHead) async throws {
        for chain in chains { try expectNotAhead(chain) }
        guard let views else { return }
        let known = try await views.lastEntries(of: messages)
        var fresh: [MessageID: LogIndex] = [:]
        for (message, chain) in zip(messages, chains) {
            guard let last = chain.last?.index else { continue }
            if let seen = known[message], seen.rawValue < head.head.size.rawValue,
                !chain.contains(where: { $0.index == seen })
            {
                throw TransportError(
                    .withheld, "entry \(seen) of message \(message.short) was shown before, and is left out now")
            }
            if last > max(known[message] ?? 0, fresh[message] ?? 0) { fresh[message] = last }
        }
        if !fresh.isEmpty { try await views.note(fresh) }
    }

    /// An entry cannot have been accepted at a time that is still to come.
    nonisolated func expectNotAhead(_ entries: [VerifiedEntry]) throws(TransportError) {
        let latest = options.now() + .clockTolerance
        guard let ahead = entries.first(where: { $0.entry.acceptedAt > latest }) else { return }
        let minutes = (ahead.entry.acceptedAt - options.now()).milliseconds / 60_000
        throw TransportError(
            .entryAhead,
            "entry \(ahead.index) is in the log with a time that is \(minutes) min ahead of this machine's clock")
    }
}
