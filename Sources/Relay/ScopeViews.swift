import Hummingbird
import Ledger
import Rules
import Statements
import Store
import Wire

/// What limited auditors may read: the entries in their scope, with proofs. Of all other entries they see hashes.
struct ScopeViews {
    let log: PublishedLog
    let store: any Store
    let reader: LogReader

    func answer(_ query: ScopeQuery, for party: PartyID) async throws -> Response {
        let snapshot = log.snapshot
        guard snapshot.standing.charter.scopes.contains(where: { $0.party == party }) else {
            throw Problem(.notFound, "The charter names no channels that \(party) is to be shown.")
        }
        let found = try await store.scope(of: party, after: query.after, limit: query.limit + 1)
        // What came after the snapshot that this page is proven in is for a later look.
        let seen = found.filter { $0.index.rawValue < snapshot.head.size.rawValue }
        var entries: [ProvenEntry] = []
        var size = 0
        for proven in try await reader.prove(Array(seen.prefix(query.limit)), in: snapshot) {
            size += (proven.entryBytes.count + proven.proof.count * 32 + 64) * 3 / 2
            if size > Self.room, !entries.isEmpty { break }
            entries.append(proven)
        }
        let page = ScopePage(
            party: party, checkpoint: snapshot.checkpoint, entries: entries, more: entries.count < seen.count)
        return Answer.json(try page.encoded())
    }

    /// How many bytes of entries a page takes.
    private static let room = ByteLimit.view - ByteLimit.note * 2
}
