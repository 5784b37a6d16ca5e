import Glibc
import Ledger
package import Store

/// Puts a backup into an empty folder, and checks all of it there before it can be opened as a store.
package struct StoreRestore {
    private let source: String
    private let target: String
    private let progress: @Sendable (StoreCheck.Step) -> Void

    /// - Parameters:
    ///   - target: the store's folder; it must be there and have nothing in it but a lock.
    package init(
        from source: String, to target: String, progress: @escaping @Sendable (StoreCheck.Step) -> Void = { _ in }
    ) {
        self.source = source
        self.target = target
        self.progress = progress
    }

    /// Blocks the calling thread.
    /// - Returns: the manifest, and what the check of the restored store says.
    /// - Throws: ``StoreError``; what was copied is removed again then.
    package func run() throws(StoreError) -> (manifest: BackupManifest, report: StoreCheckReport) {
        try StoreError.translating {
            let manifest = try readManifest()
            let present = (BackupFiles.names(target) ?? []).filter { $0 != "lock" }
            guard present.isEmpty else {
                throw StoreError(.conflict, "\(target) is not empty: it has \(present[0]); name an empty folder")
            }
            do {
                return (manifest, try fill(manifest))
            } catch {
                BackupFiles.clear(target)
                throw error
            }
        }
    }

    private func readManifest() throws -> BackupManifest {
        let path = "\(source)/\(BackupManifest.name)"
        guard access(path, F_OK) == 0 else { throw StoreError(.notFound, "\(source) is no backup: it has no manifest") }
        // It names files of the backup, so it can be no longer than they account for.
        let files = BackupFiles.names("\(source)/\(BackupManifest.envelopes)")?.count ?? 0
        let bytes = try BackupFiles.contents(path, limit: BackupManifest.longest(of: files))
        return try BackupManifest(parsing: String(decoding: bytes, as: UTF8.self))
    }

    /// The database gets its name when all was checked: what a restoration that was stopped has left is no store.
    private func fill(_ manifest: BackupManifest) throws -> StoreCheckReport {
        let envelopes = "\(target)/\(BackupManifest.envelopes)"
        guard mkdir(envelopes, 0o700) == 0 else { throw StoreError.file("making \(envelopes)") }
        for file in manifest.files {
            let name = file.path == BackupManifest.database ? BackupFiles.restoring : file.path
            let digest = try BackupFiles.copy("\(source)/\(file.path)", to: "\(target)/\(name)")
            guard digest == file.digest else {
                throw StoreError.damagedBackup("\(file.path) is not the file that the manifest names")
            }
        }
        let folder = StoreFolder(at: target, databaseName: BackupFiles.restoring)
        let report = try StoreCheck(folder: folder, progress: progress).run()
        guard report.isGood, report.head == manifest.head else {
            let first = report.differences.first?.sentence ?? "the log is not the one that the manifest names"
            throw StoreError.damagedBackup(first)
        }
        // All of it before the name: what a power cut leaves is whole, or no store.
        for path in [envelopes, target] { try BackupFiles.sync(path) }
        guard rename(folder.database, StoreFolder(at: target).database) == 0 else {
            throw StoreError.file("naming \(target)/\(BackupManifest.database)")
        }
        for path in [target, BackupFiles.folder(of: target)] { try BackupFiles.sync(path) }
        return report
    }
}
