package import Audit
import HTTPTypes
import Ledger
package import NIOCore
package import Statements
import Wire

/// An audit of a running relay, over its own connection: mirrored into a folder, then verified and replayed.
package struct LiveAudit: Sendable {
    /// A mirror and what its verification found.
    package struct Result: Sendable {
        package let report: AuditReport
        /// The logged entries, in order, as they were mirrored.
        package let entries: [Entry]
    }

    private let folder: MirrorFolder
    private let charter: TrustedCharter

    /// - Parameter folder: a later audit into the same folder finds a log that was rolled back in between.
    package init(folder: String, charter: SignedCharter) throws {
        self.folder = MirrorFolder(path: folder)
        self.charter = try TrustedCharter(charter.derBytes())
    }

    /// - Parameter reading: makes a read of this target that an auditor has signed.
    package func run(
        _ connection: LoadConnection, reading: @escaping @Sendable (_ target: String) async throws -> ByteBuffer
    ) async throws -> Result {
        let source = ConnectionSource(connection: connection, reading: reading)
        _ = try await Mirror(folder: folder, charter: charter, source: source).run()
        let report = try await Verification(folder: folder, charter: charter, workers: 2).run()
        return Result(report: report, entries: try await entries(report.entries))
    }

    private func entries(_ count: UInt64) async throws -> [Entry] {
        let own = FolderSource(path: folder.path)
        var entries: [Entry] = []
        for start in stride(from: 0, to: count, by: TileID.fullWidth) {
            let width = Int(min(count - start, UInt64(TileID.fullWidth)))
            guard let id = EntryBundleID(index: start >> TileID.height, width: width) else { continue }
            let bytes = try await own.fetch(path: id.path, limit: width * (EntryBundle.maximumEntryByteCount + 2))
            for slice in try EntryBundle.slices(of: bytes, count: width) {
                entries.append(try Entry(der: Array(slice), limit: Bounds.entry))
            }
        }
        return entries
    }
}

/// A running relay as the source of a mirror.
private struct ConnectionSource: LogSource {
    let connection: LoadConnection
    let reading: @Sendable (String) async throws -> ByteBuffer

    func fetch(path: String, limit: Int) async throws -> [UInt8] {
        let answer = try await connection.send(try await reading("/\(path)"))
        guard answer.status == 200 else {
            throw AuditError(
                .notServed, "\(path): \(answer.status) \(String(decoding: answer.body, as: UTF8.self))",
                hint: "look at the relay")
        }
        return answer.body
    }
}

extension LoadConnection {
    /// A signed read as bytes.
    /// - Parameters:
    ///   - target: path and query.
    ///   - fields: further header lines.
    package static func reading(
        _ target: String, port: Int, as delegate: DelegateID, at time: Timestamp, fields: String = "",
        by sign: ([UInt8]) async throws -> [UInt8]
    ) async throws -> ByteBuffer {
        let signature = try await MessageSignature(
            signing: SignedRequest(method: .get, authority: "localhost:\(port)", target: target), as: delegate,
            at: time, by: sign)
        let lines = signature.fields.map { "\($0.name): \($0.value)\r\n" }.joined()
        return request(method: "GET", target: target, port: port, fields: lines + fields, body: [])
    }
}
