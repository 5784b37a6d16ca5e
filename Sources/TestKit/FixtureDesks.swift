package import Desk
import Keyring
package import Statements
import Synchronization

/// Real desks of the fixture's delegates, with key files, pinned charter and archive, for a relay in a box. They
/// outlive the relay's runs; ``close()`` ends them.
package final class FixtureDesks: Sendable {
    private let site: RelaySite
    private let now: @Sendable () -> Timestamp
    private let folder: TemporaryFolder
    private let desks = Mutex<[DelegateID: Desk]>([:])

    /// - Parameter now: the desks' clock, which a relay's need not agree with.
    package init(_ site: RelaySite, now: @escaping @Sendable () -> Timestamp) throws {
        self.site = site
        self.now = now
        folder = try TemporaryFolder("valise-desks")
    }

    /// The delegate's desk, made when it is first asked for.
    package func desk(_ id: DelegateID) throws -> Desk {
        if let known = desks.withLock({ $0[id] }) { return known }
        let home = DeskHome(path: "\(folder.path)/\(id.party)-\(id.name)")
        if !DeskFile.exists(home.pinFile) { try furnish(home, id) }
        let desk = try Desk.open(home, passphrase: .prompt { Self.words }, now: now)
        desks.withLock { $0[id] = desk }
        return desk
    }

    /// The same desk in a new run of its program, which knows what the folder has.
    package func reopened(_ id: DelegateID) async throws -> Desk {
        if let known = desks.withLock({ $0.removeValue(forKey: id) }) { await known.close() }
        return try desk(id)
    }

    package func close() async { for desk in desks.withLock({ Array($0.values) }) { await desk.close() } }

    private static let words = Array("a desk of a test".utf8)

    private func furnish(_ home: DeskHome, _ id: DelegateID) throws {
        try home.prepare()
        let words = try Passphrase(Self.words)
        let signing = try SigningKey(seed: FixtureWorld.seed(id.description))
        let sealing = try RelaySite.sealingKey(id)
        try KeyFile(path: home.signingKeyFile).write(signing, .passphrase(words), cost: .negligible)
        try KeyFile(path: home.sealingKeyFile(KeyID(publicKey: sealing.publicKey))).write(
            sealing, .passphrase(words), cost: .negligible)
        let start = site.world.start
        let message = try Card.message(id: id, signingKey: signing.publicKey, madeAt: start)
        let card = Card(id: id, signingKey: signing.publicKey, madeAt: start, signature: try signing.sign(message))
        try DeskFile.write(home.cardFile, Array(card.text.utf8))
        try PinnedCharter(checking: site.world.charter).pin(in: home, replacing: false)
    }
}
