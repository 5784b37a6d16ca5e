import Archive
import Envelope
import Glibc
import Keyring
import Ledger
package import Statements
import Transport

/// The sealing keys that this desk knows of other parties, for times without a relay: a keys file, encrypted, since it
/// tells whom this desk writes to. Every page is verified again whenever it is used.
struct KeysKept {
    private static let purpose = "keys-kept"
    private let desk: Desk

    init(_ desk: Desk) { self.desk = desk }

    private var path: String { "\(desk.home.cacheFolder)/keys" }

    /// What is kept; nil when nothing is, or when it is of another charter.
    func load() async throws -> KeysFile? { try read(await desk.keys.archiveKey()) }

    private func read(_ key: ArchiveKey) throws -> KeysFile? {
        guard
            let bytes = try SealedFile.read(path, key: key, purpose: Self.purpose, limit: KeysFile.longest),
            let file = try? KeysFile(parsing: bytes), file.charter == desk.charter.id
        else { return nil }
        return file
    }

    /// Keeps pages beside those of other parties; a page replaces an older one of its party.
    func take(_ pages: [KeysPage]) async throws {
        guard !pages.isEmpty else { return }
        let key = try await desk.keys.archiveKey()
        try desk.home.prepare()
        try FileLock.held("\(path).lock") {
            var known: [PartyID: KeysPage] = [:]
            for page in try read(key)?.pages ?? [] { known[page.party] = page }
            var changed = false
            for page in pages {
                if let old = known[page.party], old.tick.index > page.tick.index || old == page { continue }
                known[page.party] = page
                changed = true
            }
            guard changed else { return }
            let file = try KeysFile(charter: desk.charter.id, pages: Array(known.values))
            try SealedFile.write(file.bytes(), to: path, key: key, purpose: Self.purpose)
        }
    }

    /// The newest head in the pages, each under the log's key.
    func newestHead() async throws -> LogHead? {
        let heads = try await load()?.pages.compactMap { try? desk.charter.signed.head(ofCheckpoint: $0.checkpoint) }
        return heads?.max { $0.size < $1.size }
    }
}

/// What a keys file was found to hold.
package struct KeysExchanged: Sendable {
    package let parties: [(party: PartyID, keys: Int)]
    /// When the oldest tick in it was accepted.
    package let tickAt: Timestamp
}

extension Desk {
    /// The newest sealing keys of every party that this desk can write to, its own among them, as a file for a desk of
    /// the same party that has no network.
    /// - Throws: ``DeskError``, ``Transport/TransportError``.
    package func exportKeys() async throws -> (file: [UInt8], found: KeysExchanged) {
        let pages = try await fetchAllKeys()
        try await KeysKept(self).take(pages)
        return (try KeysFile(charter: charter.id, pages: pages).bytes(), try examine(pages))
    }

    /// Takes a keys file in, once every page of it is verified.
    /// - Throws: ``DeskError`` with `keys-of-other-charter`, `keys-file-wrong`, `fork`; ``Envelope/EnvelopeError``.
    package func importKeys(_ file: [UInt8]) async throws -> KeysExchanged {
        let keys = try KeysFile(parsing: file)
        guard keys.charter == charter.id else {
            throw DeskError(
                "keys-of-other-charter", "The keys are of talks under the charter \(keys.charter.fingerprint).",
                hint: "export them on a desk that joined the same charter", kind: .verification)
        }
        let found = try examine(keys.pages)
        try await KeysKept(self).take(keys.pages)
        return found
    }

    /// Keys of the parties that can be reached, as the relay answers now; those without keys are left out.
    private func fetchAllKeys() async throws -> [KeysPage] {
        let reach = Reach(charter: charter, own: party, now: now())
        var pages: [KeysPage] = []
        for other in charter.charter.parties.map(\.id) where other == party || !reach.routes(other).isEmpty {
            let answer = try await relay.keys(other)
            try RecipientKeys.checkTick(answer.tick, desk: self)
            if let page = KeysPage(answer, of: other) { pages.append(page) }
        }
        return pages
    }

    /// Asks for everyone's keys once an hour, so that a desk that loses its network can go on sealing. A relay that
    /// does not answer is no error here.
    package func refreshKeptKeys() async throws {
        let marker = "\(home.cacheFolder)/keys-asked"
        var facts = stat()
        if stat(marker, &facts) == 0, (0..<3_600).contains(time(nil) - facts.st_mtim.tv_sec) { return }
        do {
            try await KeysKept(self).take(await fetchAllKeys())
            try Durable.write(path: marker, bytes: [], mode: 0o600, exclusive: false)
        } catch let error as TransportError where error.code == .relayUnavailable {
            return
        }
    }

    private func examine(_ pages: [KeysPage]) throws -> KeysExchanged {
        var parties: [(party: PartyID, keys: Int)] = []
        var oldest = now()
        let known = try CheckpointFile(home, charter).load()?.head
        for page in pages {
            let keys: VerifiedKeys
            do throws(KeysPageError) {
                keys = try page.verified(by: charter.signed, for: party, at: now())
            } catch {
                throw DeskError(
                    "keys-file-wrong", "The keys of \(page.party) are not proved: \(error.message).", hint: error.hint,
                    kind: .verification)
            }
            if let known, known.size == keys.head.size, known.root != keys.head.root {
                throw DeskError(
                    "fork", "The file's checkpoint of size \(known.size) contradicts the one that this desk knows.",
                    hint: "keep the file and call the other parties: the relay shows different logs",
                    kind: .verification)
            }
            oldest = min(oldest, keys.tickAt)
            if page.party == party { try learnOwnKeys(keys) }
            parties.append((page.party, keys.publications.count { now() < $0.publication.sealUntil }))
        }
        return KeysExchanged(parties: parties, tickAt: oldest)
    }
}
