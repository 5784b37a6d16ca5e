package import Ledger

/// What a ``KeysPage`` proves: a party's sealing keys, and how fresh the word is that there are no others.
package struct VerifiedKeys: Hashable, Sendable {
    package let party: PartyID
    /// The log that the proofs are for. A desk holds it against the newest checkpoint that it knows.
    package let head: LogHead
    /// The asking party's tick: no key that it counts was left out.
    package let tick: Tick
    /// When the tick was accepted: the age of what is known about keys.
    package let tickAt: Timestamp
    /// In the page's order.
    package let publications: [Published]

    /// A sealing key under its delegate's signature.
    package struct Published: Hashable, Sendable {
        package let delegate: DelegateID
        package let publication: KeyPublication
        package let acceptedAt: Timestamp
        package let index: LogIndex
    }
}

/// Why a ``KeysPage`` proves nothing.
package struct KeysPageError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Stable names; they do not change between releases.
    package enum Code: String, Sendable, CaseIterable {
        /// The tick names another charter as the one in force.
        case wrongCharter = "wrong-charter"
        /// The charter's log key did not sign the checkpoint.
        case checkpointWrong = "checkpoint-wrong"
        /// An entry is not in that log, or is not what it stands for.
        case proofWrong = "proof-wrong"
        /// A key that the tick counts is missing.
        case withheld
    }

    package let code: Code
    /// One sentence without its period.
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The next step.
    package var hint: String {
        switch code {
        case .wrongCharter: "Call the other parties: these keys are of talks under another charter."
        default: "Export the keys again on a desk that is online; if it stays so, tell an auditor."
        }
    }

    package var description: String { "\(code.rawValue): \(message)" }
}

extension KeysPage {
    /// Checks the page as a desk checks the relay's answer: checkpoint, every proof, every signature, and that no key
    /// is missing that the tick's list counts.
    ///
    /// How old the tick may be is the caller's to judge.
    /// - Parameters:
    ///   - charter: the one that the desk has joined.
    ///   - asker: the desk's own party, whose tick it must be.
    ///   - now: keys past `sealUntil` may be missing.
    /// - Throws: ``KeysPageError``.
    package func verified(
        by charter: SignedCharter, for asker: PartyID, at now: Timestamp
    ) throws(KeysPageError) -> VerifiedKeys {
        let head: LogHead
        do throws(NoteError) { head = try charter.head(ofCheckpoint: checkpoint) } catch {
            throw KeysPageError(.checkpointWrong, "the checkpoint is not one of the charter's log")
        }
        let (tick, tickAt) = try verifiedTick(for: asker, in: head, charter)
        var published: [VerifiedKeys.Published] = []
        for proven in publications { published.append(try Self.verified(proven, of: party, in: head, charter)) }
        let known = Set(published.map(\.publication.keyID))
        for record in keyList.keys where record.delegate.party == party && now < record.sealUntil {
            guard known.contains(record.keyID) else {
                throw KeysPageError(.withheld, "a sealing key of \(record.delegate) is missing")
            }
        }
        return VerifiedKeys(party: party, head: head, tick: tick, tickAt: tickAt, publications: published)
    }

    private func verifiedTick(
        for asker: PartyID, in head: LogHead, _ charter: SignedCharter
    ) throws(KeysPageError) -> (Tick, Timestamp) {
        let entry = try Self.entry(tick, in: head)
        guard let signed = entry.signed, signed.statement.party == .relay, charter.vouches(for: signed),
            case .tick(let tick) = signed.statement.act, tick.party == asker
        else { throw KeysPageError(.proofWrong, "entry \(tick.index) is no tick for \(asker) by the relay") }
        guard tick.charterInForce == charter.id.hash else {
            throw KeysPageError(.wrongCharter, "the tick names another charter than the one that was joined")
        }
        guard let hash = try? keyList.hash(), hash == tick.keys else {
            throw KeysPageError(.proofWrong, "the key list is not the one that the tick names")
        }
        return (tick, entry.acceptedAt)
    }

    private static func verified(
        _ proven: ProvenEntry, of party: PartyID, in head: LogHead, _ charter: SignedCharter
    ) throws(KeysPageError) -> VerifiedKeys.Published {
        let entry = try entry(proven, in: head)
        guard let signed = entry.signed, signed.statement.party == party, charter.vouches(for: signed),
            case .keyPublication(let publication) = signed.statement.act, signed.statement.signers.count == 1
        else { throw KeysPageError(.proofWrong, "entry \(proven.index) is no sealing key by a delegate of \(party)") }
        return VerifiedKeys.Published(
            delegate: signed.statement.delegate(signed.statement.signers[0]), publication: publication,
            acceptedAt: entry.acceptedAt, index: proven.index)
    }

    private static func entry(_ proven: ProvenEntry, in head: LogHead) throws(KeysPageError) -> Entry {
        do throws(FormError) { return try proven.verified(in: head) } catch {
            throw KeysPageError(.proofWrong, "entry \(proven.index) is not proved to be in the log")
        }
    }
}
