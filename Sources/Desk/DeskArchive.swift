package import Archive
import Keyring
package import Statements

/// What this desk keeps of its messages.
extension Desk {
    /// Opens the archive with the desk's archive key. Some milliseconds; keep it for as long as a command runs.
    /// - Throws: ``Archive/ArchiveError``, ``Keyring/KeyringError``.
    package func archive() async throws -> Archive {
        try Archive.open(folder: home.archiveFolder, key: try await keys.archiveKey())
    }

    /// What the archive holds, and what room it takes.
    package func archiveReport() async throws -> ArchiveReport {
        let archive = try await archive()
        let kept = try archive.keptPayloads()
        let sent = try archive.summaries().count { $0.direction == .sent }
        return ArchiveReport(
            sent: sent, received: try archive.count() - sent, recordBytes: try archive.byteCount(), kept: kept,
            damage: try archive.damage())
    }

    /// The bytes of the payload that the archive keeps of a message.
    /// - Throws: ``DeskError`` with `not-archived`, `nothing-kept`.
    package func keptPayloadSize(of id: MessageID) async throws -> UInt64 {
        let archive = try await archive()
        guard try archive.summary(id) != nil else {
            throw DeskError(
                "not-archived", "Message \(id.short) is not in this desk's archive.",
                hint: "valise archive lists what takes room there", kind: .notFound)
        }
        guard let payload = try archive.payloads.payload(id) else {
            throw DeskError(
                "nothing-kept", "The archive keeps no attachments of message \(id.short).",
                hint: "valise archive lists what takes room there", kind: .notFound)
        }
        return payload.size
    }

    /// Lets go of the payload of a message; its record, with subject and text, stays.
    /// - Returns: the bytes that it had; nil when it was gone already.
    package func dropPayload(of id: MessageID) async throws -> UInt64? { try await archive().payloads.drop(id) }
}

/// What an archive holds, and what room it takes.
package struct ArchiveReport: Sendable {
    /// How many messages.
    package let sent: Int
    package let received: Int
    /// Bytes of records and index.
    package let recordBytes: UInt64
    package let kept: KeptPayloads
    /// Places that cannot be read, as far as they are known.
    package let damage: [ArchiveDamage]

    /// Bytes of the payloads whose messages are known.
    package var payloadBytes: UInt64 { kept.items.reduce(0) { $0 + $1.size } }
    /// Bytes of those whose messages are not.
    package var unclaimedBytes: UInt64 { kept.unclaimed.values.reduce(0, +) }
}
