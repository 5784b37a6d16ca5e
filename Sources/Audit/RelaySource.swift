import Ledger
package import Statements
import Transport
import Wire

/// The charter's relay, asked in the name of an auditor's delegate.
package struct RelaySource: LogSource {
    private let client: RelayClient

    /// Opens no connection yet.
    ///
    /// - Parameters:
    ///   - delegate: of a party that the charter makes an auditor; others get no entry bundles.
    ///   - sign: the delegate's Ed25519 signature of the bytes.
    /// - Throws: `TransportError` `charter-unusable`.
    package init(
        charter: TrustedCharter, delegate: DelegateID, sign: @escaping @Sendable ([UInt8]) async throws -> [UInt8]
    ) throws {
        client = try RelayClient(
            charter: charter.signed, identity: RelayClient.Identity(delegate: delegate, sign: sign), memory: nil)
    }

    /// - Throws: ``AuditError`` `not-served` for what the relay does not have, otherwise `TransportError`.
    package func fetch(path: String, limit: Int) async throws -> [UInt8] {
        do {
            if path == MirrorFolder.checkpoint { return try await client.checkpoint() }
            if let tile = TileID(path: path) { return try await client.tile(tile) }
            if let bundle = EntryBundleID(path: path) { return try await client.entries(bundle) }
        } catch let error as TransportError where error.problem?.status == 404 {
            throw AuditError(.notServed, "The relay has no \(path): \(error.message)", hint: error.hint)
        }
        throw AuditError(.notServed, "\(path) is no path of a log.", hint: "this is a fault of the program; report it")
    }

    /// Closes the connection.
    package func close() async throws { try await client.shutdown() }
}
