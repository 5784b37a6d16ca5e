import Relay
package import Statements
package import Store

extension RelayInABox {
    /// The head on which a relay with this world's keys goes on from what a store has.
    /// - Throws: why it does not start.
    package static func startingHead(of store: any Store, in world: FixtureWorld) async throws -> LogHead {
        try await Founding.open(store, signers: signers(world)).snapshot.head
    }
}
