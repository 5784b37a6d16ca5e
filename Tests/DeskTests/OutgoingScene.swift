import Archive
import Keyring
import Ledger
import Rules
import Sealing
import Statements
import TestKit
import Transport

@testable import Desk

/// Desks of a relay in a box, behind a link that can be cut. The desks' homes are in the relay's folder.
struct OutgoingScene {
    let box: RelayInABox
    let link: CuttingProxy

    var clock: TestClock { box.clock }

    /// Runs a relay behind a link.
    static func run(_ limits: Limits = .standard, _ body: (OutgoingScene) async throws -> Void) async throws {
        let site = try RelaySite(limits: limits, isBehindProxy: true)
        try await CuttingProxy.run(port: site.port, to: site.relayPort) { link in
            try await RelayInABox.run(site) { box in try await body(OutgoingScene(box: box, link: link)) }
        }
    }

    func home(_ delegate: DelegateID) -> DeskHome {
        DeskHome(path: "\(box.site.folder.path)/\(delegate.party)-\(delegate.name)")
    }

    /// A desk that lives as long as the body runs.
    func with<T>(_ delegate: DelegateID, _ body: (Desk) async throws -> T) async throws -> T {
        let desk = try desk(delegate)
        do {
            let value = try await body(desk)
            await desk.close()
            return value
        } catch {
            await desk.close()
            throw error
        }
    }

    private func desk(_ delegate: DelegateID) throws -> Desk {
        let home = home(delegate)
        try home.prepare()
        let charter = try PinnedCharter(checking: box.world.charter)
        let archive = try ArchiveKey(
            seed: SecretBytes(FixtureWorld.bytes("archive key \(delegate)", ArchiveKey.byteCount)))
        let keys = OpenedKeys(
            signing: try SigningKey(seed: FixtureWorld.seed(delegate.description)),
            sealing: [try RelaySite.sealingKey(delegate)], archive: archive, name: DeskKeys.name)
        let client = try box.client(delegate, memory: CheckpointFile(home, charter)) { $0.resumptions = 2 }
        let clock = clock
        return Desk(home: home, charter: charter, id: delegate, keys: keys, relay: client, now: { clock.now })
    }

    /// A letter of the envoy to Hezbollah, by the speaker.
    static func letter(_ text: String = "cedar and cypress", subject: String? = "Cedar") -> Outgoing {
        Outgoing(
            legs: [Leg(intermediaries: [FixtureWorld.speaker.party], recipient: FixtureWorld.hezbollah.party)],
            subject: subject, precedence: .routine, lifetime: .hours(48), text: Array(text.utf8), attachments: [],
            openToIntermediaries: false)
    }

    /// How many submissions of the envoy the log has with these nonces.
    func submissions(of party: PartyID) async throws -> [MessageID] {
        try await with(FixtureWorld.speaker) { desk in
            try await desk.arrivals(after: ArrivalNumber(0)).arrivals.filter { arrival in
                arrival.chain.first?.entry.signed?.statement.party == party
            }.map { $0.message }
        }
    }
}

extension SentMessage {
    var isKept: Bool { if case .kept = outcome { true } else { false } }
    var isAccepted: Bool { if case .accepted = outcome { true } else { false } }
}

extension FlushedItem {
    var isAccepted: Bool { if case .accepted = outcome { true } else { false } }
    var reason: OutboxReason? { if case .kept(let reason) = outcome { reason } else { nil } }
}
