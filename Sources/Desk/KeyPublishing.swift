import Keyring
import Rules
package import Statements
import Transport

/// Publishing this desk's sealing keys, window after window, so that others can seal to it.
extension Desk {
    /// How long others seal to one key.
    package static let sealingWindow = TimeSpan.days(30)

    /// Publishes every own sealing key that the log does not have yet, each for the window after the newest one.
    /// - Returns: what was published now; empty when all were known.
    package func publishKeys() async throws -> [KeyPublication] {
        let known = try await relay.keys(party).publications
        let published = Set(known.map(\.publication.keyID))
        var from = known.filter { $0.delegate == id }.map(\.publication.sealUntil).max() ?? (now() - .minutes(5))
        if from < now() - .minutes(5) { from = now() - .minutes(5) }
        let limits = charter.inForce.limits
        var fresh: [KeyPublication] = []
        for key in try DeskKeys.sealingPublicKeys(of: keys) where !published.contains(KeyID(publicKey: key)) {
            let until = from + Self.sealingWindow
            let publication = KeyPublication(
                sealingKey: key, sealFrom: from, sealUntil: until,
                keepUntil: until + limits.longestLifetime + limits.keyGrace)
            _ = try await say(.keyPublication(publication))
            fresh.append(publication)
            from = until
        }
        return fresh
    }
}
