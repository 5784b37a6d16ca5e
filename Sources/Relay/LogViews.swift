import Hummingbird
import Ledger
import Statements
import Store
import Wire

/// The log in C2SP tlog-tiles layout.
struct LogViews {
    let log: PublishedLog
    let shown: ShownCheckpoints
    let store: any Store

    /// For parties, auditors and witnesses, and for everyone where the charter says `always`. The checkpoint is the
    /// newest one that witnesses were asked about; tiles and bundles reach as far as the log.
    func answer(_ route: Route) async throws -> Response {
        switch route {
        case .checkpoint: return checkpoint(shown.parties?.note ?? log.snapshot.checkpoint, cache: "no-store")
        case .tile(let id): return try await tile(id, upTo: log.snapshot.head.size, cache: "private")
        case .entries(let id): return try await bundle(id, upTo: log.snapshot.head.size)
        default: throw Problem(.notFound, "There is nothing at this path.")
        }
    }

    /// For strangers where the charter says `on-cadence`: the checkpoint of the interval, and its tiles.
    func answerStrangers(_ route: Route) async throws -> Response {
        guard let published = shown.strangers else {
            throw Problem(.notFound, "No checkpoint has been published yet; one is in each interval.")
        }
        switch route {
        case .checkpoint: return checkpoint(published.note, cache: "public, max-age=5")
        case .tile(let id): return try await tile(id, upTo: published.head.size, cache: "public")
        default: throw Problem(.notFound, "There is nothing at this path.")
        }
    }

    private func checkpoint(_ note: [UInt8], cache: String) -> Response {
        Answer.bytes(note, type: "text/plain; charset=utf-8", cache: cache)
    }

    /// A tile of the tree of this size, or the beginning of one.
    private func tile(_ id: TileID, upTo size: TreeSize, cache: String) async throws -> Response {
        guard let whole = TileID(level: id.level, index: id.index, size: size), id.width <= whole.width,
            let bytes = try await store.tile(level: id.level, index: id.index), bytes.count >= id.byteCount
        else { throw Problem(.notFound, "The log has no tile \(id.path).") }
        return Answer.bytes(Array(bytes.prefix(id.byteCount)), cache: "\(cache), max-age=604800, immutable")
    }

    private func bundle(_ id: EntryBundleID, upTo size: TreeSize) async throws -> Response {
        let start = id.firstEntry.rawValue
        let end = start + UInt64(id.width)
        guard end <= size.rawValue else { throw Problem(.notFound, "The log has no bundle \(id.path).") }
        let entries = try await store.entries(start..<end)
        guard entries.count == id.width else { throw StoreError(.damaged, "bundle \(id.path) is incomplete") }
        return Answer.bytes(try EntryBundle.encode(entries), cache: "private, max-age=604800, immutable")
    }
}
