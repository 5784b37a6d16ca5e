package import Transport

/// A log on a plain web server, as anyone may read it.
package struct WebSource: LogSource {
    private let client: TilesClient

    package init(_ client: TilesClient) { self.client = client }

    /// - Throws: ``AuditError`` `not-served` for what the server does not have, otherwise `TransportError`.
    package func fetch(path: String, limit: Int) async throws -> [UInt8] {
        guard let bytes = try await client.get(path, limit: limit) else {
            throw AuditError(.notServed, "The server has no \(path).", hint: "check the address that --from names")
        }
        return bytes
    }
}
