import Glibc
package import Ledger
package import Statements
package import Transport
import Wire

/// Where a limited auditor keeps what it was shown: each page as it came, with its checkpoint and its proofs, so that
/// the folder proves by itself what is in it.
///
///     checkpoint                  the newest verified checkpoint, a signed note
///     pages/<first entry>.json    the pages, by 16 digits
///     evidence/                   checkpoints that contradict each other, and proofs that did not hold
package struct ScopeFolder: CheckpointMemory {
    package static let pages = "pages"
    private let folder: MirrorFolder
    private let charter: SignedCharter

    package init(path: String, charter: SignedCharter) {
        folder = MirrorFolder(path: path)
        self.charter = charter
    }

    package var path: String { folder.path }

    /// Everything that was kept, verified again.
    /// - Returns: the size of the log that the newest page was proven in; nil without a page.
    /// - Throws: ``ScopeFinding``; ``AuditError``.
    package func read(into ledger: inout ScopeLedger) throws -> TreeSize? {
        guard access("\(folder.path)/\(Self.pages)", F_OK) == 0 else { return nil }
        var names: [String] = []
        try folder.forEachFile { name throws(AuditError) in
            if name.hasPrefix("\(Self.pages)/"), name.hasSuffix(".json") { names.append(name) }
        }
        var size: TreeSize?
        for name in names.sorted() {
            guard let bytes = try folder.read(name, limit: ByteLimit.view) else { continue }
            do {
                let page = try ScopePage(parsing: bytes)
                let head = try charter.head(ofCheckpoint: page.checkpoint)
                guard page.party == ledger.party, !page.entries.isEmpty, Self.name(of: page) == name else {
                    throw ScopeFinding(.pageDamaged, "\(name) is not the page of its name")
                }
                let entries = try page.verified(by: charter, in: head, after: ledger.last ?? 0)
                try Self.take(entries, into: &ledger)
                size = max(head.size, size ?? 0)
            } catch let finding as ScopeFinding {
                throw finding
            } catch {
                throw ScopeFinding(.pageDamaged, "\(folder.path)/\(name) is not the page that was kept: \(error)")
            }
        }
        return size
    }

    /// Takes a page that was just verified, and keeps it.
    package func keep(_ answer: ScopeAnswer, in ledger: inout ScopeLedger) throws {
        try Self.take(answer.entries, into: &ledger)
        guard !answer.entries.isEmpty else { return }
        try folder.makeFolders([Self.pages])
        try folder.write(Self.name(of: answer.page), answer.bytes)
    }

    private static func take(_ entries: [VerifiedEntry], into ledger: inout ScopeLedger) throws(ScopeFinding) {
        for entry in entries {
            try ledger.take(entry.entry, at: entry.index, leaf: Merkle.leafHash(entry.proven.entryBytes))
        }
    }

    private static func name(of page: ScopePage) -> String {
        let digits = "\(page.entries.first?.index.rawValue ?? 0)"
        return "\(pages)/\(String(repeating: "0", count: max(0, 16 - digits.count)))\(digits).json"
    }

    package func load() throws -> RememberedCheckpoint? {
        guard let note = try folder.read(MirrorFolder.checkpoint, limit: Bounds.note) else { return nil }
        do {
            return RememberedCheckpoint(head: try charter.head(ofCheckpoint: note), note: note)
        } catch {
            throw ScopeFinding(.pageDamaged, "\(folder.path)/\(MirrorFolder.checkpoint) is no checkpoint of the log")
        }
    }

    package func store(
        _ checkpoint: RememberedCheckpoint, replacing known: RememberedCheckpoint?
    ) throws -> RememberedCheckpoint? {
        try folder.makeFolders()
        let lock = try MirrorLock(folder)
        defer { withExtendedLifetime(lock) {} }
        if let kept = try load(), kept.head != known?.head, kept.head != checkpoint.head { return kept }
        try folder.write(MirrorFolder.checkpoint, checkpoint.note)
        try folder.settle()
        return nil
    }

    package func keep(_ fork: ForkEvidence) throws { try folder.keep(fork) }
}
