import Crypto
import Glibc
import Keyring
import Ledger
package import Statements

/// The sealed payloads of messages with attachments, as they came or as they went out: `payloads/`, a file each.
///
/// A file ends with the payload; before it there may be zeros, where the envelope's header was. Neither the file nor
/// its name says whose it is: the name is made from the message's identifier under a key of its own. What opens it is
/// the content key in the message's record.
///
/// A record comes first and its payload after it. So a payload without a record is what was left when the record was
/// lost, and a record without a payload is of one that never came here, or was let go of.
package struct PayloadFolder: Sendable {
    package let path: String
    private let names: SymmetricKey

    init(archive: String, key: ArchiveKey) {
        path = "\(archive)/payloads"
        names = key.key(for: "archive-payload-names")
    }

    /// Sixteen letters: enough of the HMAC-SHA256 that no two messages of a desk meet.
    func name(_ id: MessageID) -> String {
        let code = HMAC<SHA256>.authenticationCode(for: id.hash.bytes, using: names)
        return String(Base32.encode(Array(code.prefix(10))))
    }

    /// Where a message's payload is, or would be.
    package func path(of id: MessageID) -> String { "\(path)/\(name(id))" }

    /// Keeps a payload whose record is in the archive; it is there durably when this returns.
    /// - Parameter place: gives a file that is complete and on the disk this name; false where that cannot be done, for
    ///   example from another file system.
    /// - Returns: what `place` returned.
    /// - Throws: `archive-unwritable`.
    @discardableResult
    package func keep(_ id: MessageID, _ place: (_ path: String) -> Bool) throws(ArchiveError) -> Bool {
        if mkdir(path, 0o700) != 0, errno != EEXIST { throw OpenFile.unwritable(path, errno) }
        guard place(path(of: id)) else { return false }
        try OpenFile.sync(folder: path)
        return true
    }

    package func has(_ id: MessageID) -> Bool { access(path(of: id), F_OK) == 0 }

    /// Nil when it is not kept.
    /// - Throws: `archive-unreadable`.
    package func payload(_ id: MessageID) throws(ArchiveError) -> KeptPayload? {
        guard let file = try OpenFile.open(path(of: id), create: false) else { return nil }
        return KeptPayload(file: file, size: try file.size())
    }

    /// Lets go of a payload.
    /// - Returns: its bytes; nil when it was not kept.
    /// - Throws: `archive-unwritable`.
    package func drop(_ id: MessageID) throws(ArchiveError) -> UInt64? { try remove(name(id)) }

    func remove(_ name: String) throws(ArchiveError) -> UInt64? {
        let file = "\(path)/\(name)"
        let size = Self.size(file)
        guard unlink(file) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw OpenFile.unwritable(file, errno)
        }
        return size ?? 0
    }

    /// Names and bytes of all.
    func files() -> [String: UInt64] {
        guard let listing = opendir(path) else { return [:] }
        defer { closedir(listing) }
        var found: [String: UInt64] = [:]
        while let item = readdir(listing) {
            let name = withUnsafeBytes(of: &item.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix("."), let size = Self.size("\(path)/\(name)") { found[name] = size }
        }
        return found
    }

    private static func size(_ path: String) -> UInt64? {
        var facts = stat()
        guard lstat(path, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { return nil }
        return UInt64(max(0, facts.st_size))
    }
}

/// A payload that is kept, still sealed.
package struct KeptPayload: Sendable {
    let file: OpenFile
    /// Bytes of the file, which ends with the payload.
    package let size: UInt64

    /// Bytes of the file from an offset: fewer than asked for only at its end.
    /// - Throws: `archive-unreadable`.
    package func read(_ offset: UInt64, _ count: Int) throws(ArchiveError) -> [UInt8] {
        try file.read(count, at: offset)
    }
}

/// What the payloads of an archive take.
package struct KeptPayloads: Sendable {
    package struct Item: Sendable {
        package let summary: MessageSummary
        /// Bytes of the file.
        package let size: UInt64
    }
    /// Largest first.
    package let items: [Item]
    /// Files whose message is not in the archive, and their bytes.
    package let unclaimed: [String: UInt64]
}

extension Archive {
    /// Every payload that is kept, with the message it is of.
    package func keptPayloads() throws(ArchiveError) -> KeptPayloads {
        // The files first: whatever is there by now has its record.
        var files = payloads.files()
        guard !files.isEmpty else { return KeptPayloads(items: [], unclaimed: [:]) }
        var items: [KeptPayloads.Item] = []
        for summary in try summaries() where !summary.attachmentNames.isEmpty {
            guard let size = files.removeValue(forKey: payloads.name(summary.id)) else { continue }
            items.append(KeptPayloads.Item(summary: summary, size: size))
        }
        return KeptPayloads(items: items.sorted { $0.size > $1.size }, unclaimed: files)
    }

    /// Lets go of the files whose message is not in the archive.
    /// - Returns: their bytes.
    package func dropUnclaimed() throws(ArchiveError) -> UInt64 {
        var freed: UInt64 = 0
        for name in try keptPayloads().unclaimed.keys { freed += try payloads.remove(name) ?? 0 }
        return freed
    }
}
