package import Ledger
package import Statements
package import Wire

/// A page of a limited auditor's scope, as it came and as it was verified.
package struct ScopeAnswer: Sendable {
    package let head: VerifiedHead
    /// The page's JSON text.
    package let bytes: [UInt8]
    package let page: ScopePage
    /// In the order of the log, each in ``head`` and signed by its signers.
    package let entries: [VerifiedEntry]
}

extension ScopePage {
    /// The entries, once each is proven and signed. Whether they are of the scope is not looked at here.
    /// - Parameters:
    ///   - charter: whose keys sign statements.
    ///   - head: what the page's checkpoint says.
    ///   - after: what was asked for.
    /// - Throws: ``TransportError`` `malformed-answer`, `proof-wrong`.
    package func verified(
        by charter: SignedCharter, in head: LogHead, after: LogIndex
    ) throws(TransportError) -> [VerifiedEntry] {
        // A page may be cut short, but not to nothing: it would be asked for again without end.
        guard !more || !entries.isEmpty else {
            throw TransportError(.malformedAnswer, "a page of the scope is empty, and not the last one")
        }
        var found: [VerifiedEntry] = []
        var last = after
        for proven in entries {
            guard last < proven.index else {
                throw TransportError(.malformedAnswer, "entry \(proven.index) of the scope is out of order")
            }
            last = proven.index
            let entry: Entry
            do { entry = try proven.verified(in: head) } catch {
                throw TransportError(.proofWrong, "entry \(proven.index) of the scope: \(error)")
            }
            guard let signed = entry.signed, charter.vouches(for: signed) else {
                throw TransportError(.proofWrong, "entry \(proven.index) of the scope is not signed by its signers")
            }
            found.append(VerifiedEntry(entry: entry, proven: proven))
        }
        return found
    }
}

extension RelayClient {
    /// What the identity's party may see as a limited auditor, behind an entry.
    ///
    /// That nothing is left out no page shows: a full auditor's verdict does, by its ``Statements/ScopeSum``.
    /// - Throws: ``TransportError``; `not-found` from the relay for a party that is no limited auditor.
    package func scope(_ query: ScopeQuery) async throws -> ScopeAnswer {
        let bytes = try await get(.scope(query), limit: ByteLimit.view)
        let page = try answer("the scope") { () throws(FormError) in try ScopePage(parsing: bytes) }
        guard page.party == identity?.delegate.party, page.entries.count <= query.limit else {
            throw TransportError(.malformedAnswer, "the scope is not the page that was asked for")
        }
        let head = try await adopt(page.checkpoint)
        let entries = try page.verified(by: charter, in: head.head, after: query.after)
        return ScopeAnswer(head: head, bytes: bytes, page: page, entries: entries)
    }
}
