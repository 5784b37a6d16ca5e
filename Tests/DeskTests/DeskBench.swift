import Keyring
import Rules
import Statements
import Synchronization
import TestKit

@testable import Desk

/// Real desks of the fixture's delegates (key files, pinned charter, archive) for a relay in a box. Every desk is
/// closed at the end, whether the test throws or not.
final class DeskBench: Sendable {
    let site: RelaySite
    let folder: TemporaryFolder
    private let desks = Mutex<[Desk]>([])

    private init(_ limits: Limits) throws {
        site = try RelaySite(limits: limits)
        folder = try TemporaryFolder("valise-desk")
    }

    /// A bench whose relay runs only while the body runs one.
    static func run<Value: Sendable>(
        limits: Limits = .standard, _ body: (DeskBench) async throws -> Value
    ) async throws -> Value {
        let bench = try DeskBench(limits)
        do {
            let value = try await body(bench)
            await bench.close()
            return value
        } catch {
            await bench.close()
            throw error
        }
    }

    /// A bench with its relay running.
    static func atRelay(_ body: (DeskBench, RelayInABox) async throws -> Void) async throws {
        try await run { bench in try await RelayInABox.run(bench.site) { box in try await body(bench, box) } }
    }

    /// The delegate's desk; a second name gives a second machine with the same keys.
    func desk(_ id: DelegateID, machine: String = "first") throws -> Desk {
        let home = DeskHome(path: "\(folder.path)/\(id.party)-\(id.name)-\(machine)")
        if !DeskFile.exists(home.cardFile) { try furnish(home, id) }
        let clock = site.clock
        let desk = try Desk.open(home, passphrase: .prompt { Array("bench".utf8) }, now: { clock.now })
        desks.withLock { $0.append(desk) }
        return desk
    }

    private func close() async {
        for desk in desks.withLock({ $0 }) { await desk.close() }
    }

    private func furnish(_ home: DeskHome, _ id: DelegateID) throws {
        try home.prepare()
        let words = try Passphrase(Array("bench".utf8))
        let signing = try SigningKey(seed: FixtureWorld.seed(id.description))
        let sealing = try RelaySite.sealingKey(id)
        try KeyFile(path: home.signingKeyFile).write(signing, .passphrase(words), cost: .negligible)
        try KeyFile(path: home.sealingKeyFile(KeyID(publicKey: sealing.publicKey))).write(
            sealing, .passphrase(words), cost: .negligible)
        let message = try Card.message(id: id, signingKey: signing.publicKey, madeAt: site.world.start)
        let card = Card(
            id: id, signingKey: signing.publicKey, madeAt: site.world.start, signature: try signing.sign(message))
        try DeskFile.write(home.cardFile, Array(card.text.utf8))
        try PinnedCharter(checking: site.world.charter).pin(in: home, replacing: false)
    }
}
