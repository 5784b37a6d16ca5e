package import Archive
import Keyring

/// What this desk keeps of its messages.
extension Desk {
    /// Opens the archive with the desk's archive key. Some milliseconds; keep it for as long as a command runs.
    /// - Throws: ``Archive/ArchiveError``, ``Keyring/KeyringError``.
    package func archive() async throws -> Archive {
        try Archive.open(folder: home.archiveFolder, key: try await keys.archiveKey())
    }
}
