import Ledger

/// Where a mirror gets the files of a log from, under their C2SP tlog-tiles paths.
package protocol LogSource: Sendable {
    /// The bytes of one file, nothing verified.
    ///
    /// - Parameters:
    ///   - path: `checkpoint`, `tile/<L>/<N>[.p/<W>]` or `tile/entries/<N>[.p/<W>]`.
    ///   - limit: the most bytes that are of use; a source gives no more than one byte beyond.
    /// - Throws: ``AuditError`` `not-served` when there is no such file, `source-unavailable`.
    func fetch(path: String, limit: Int) async throws -> [UInt8]
}

/// A log in a folder: another auditor's mirror, or a copy that came on a disk.
package struct FolderSource: LogSource {
    private let folder: MirrorFolder

    package init(path: String) { folder = MirrorFolder(path: path) }

    package func fetch(path: String, limit: Int) async throws -> [UInt8] {
        guard let bytes = try folder.read(path, limit: limit) else {
            throw AuditError(
                .notServed, "There is no file \(path) in \(folder.path).", hint: "check the folder that --from names")
        }
        return bytes
    }
}

extension LogSource {
    /// A tile, of which nothing but the length was checked.
    func tile(_ id: TileID) async throws -> [UInt8] {
        let bytes: [UInt8]
        do {
            bytes = try await fetch(path: id.path, limit: id.byteCount)
        } catch let error as AuditError where error.code == .notServed && id.isPartial {
            bytes = try await wider(id, error)
        }
        guard bytes.count == id.byteCount else {
            throw Finding(
                .tileMismatch, path: id.path, "\(id) came with \(bytes.count) bytes where \(id.byteCount) were expected"
            )
        }
        return bytes
    }

    /// A bundle, of which nothing was checked but that it is not too long.
    func bundle(_ id: EntryBundleID) async throws -> [UInt8] {
        do {
            return try await fetch(path: id.path, limit: id.byteLimit)
        } catch let error as AuditError where error.code == .notServed && id.isPartial {
            guard let full = EntryBundleID(index: id.index) else { throw error }
            let bytes = try await fetch(path: full.path, limit: full.byteLimit)
            guard let part = try? EntryBundle.prefix(of: bytes, count: id.width) else { throw error }
            return Array(part)
        }
    }

    /// The beginning of the full tile: a log may drop a partial tile once the full one is there.
    private func wider(_ id: TileID, _ error: AuditError) async throws -> [UInt8] {
        guard let full = TileID(level: id.level, index: id.index) else { throw error }
        return Array(try await fetch(path: full.path, limit: full.byteCount).prefix(id.byteCount))
    }
}

extension EntryBundleID {
    /// The most bytes that such a bundle can have.
    var byteLimit: Int { width * (EntryBundle.maximumEntryByteCount + 2) }
}
