import Audit
import Foundation
import Keyring
import Ledger
import Relay
import Rules
import Statements
import Store
import TestKit
import Testing

@Suite("A relay goes on with what earlier versions of the tables have left", .timeLimit(.minutes(1)))
struct UpgradedRelayTests {
    private static func fixture(_ version: String, from here: String = #filePath) -> String {
        URL(fileURLWithPath: here).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures/schema-\(version)/relay").path
    }

    @Test(
        "it takes statements, logs what is due, and the auditor is content", arguments: ["1", "2", "3", "4", "5", "6"])
    func serves(version: String) async throws {
        let site = try RelaySite()
        try FileManager.default.copyItem(atPath: Self.fixture(version), toPath: site.folder.path + "/data")
        // The fixture's last entries are from hours after the day on which it was made began.
        site.clock.pass(.days(1))
        let options = RelayInABox.Options {
            $0.publishesKeys = false
            $0.runsActs = false
        }
        try await RelayInABox.run(site, options) { box in
            let before = box.head
            let charter = box.server.log.snapshot.standing.charter
            let key = try SealingKey(seed: FixtureWorld.bytes("a later key", 32)).publicKey
            let until = box.clock.now + .days(7)
            let publication = KeyPublication(
                sealingKey: key, sealFrom: box.clock.now, sealUntil: until,
                keepUntil: until + charter.limits.longestLifetime + charter.limits.keyGrace)
            let signed = try site.sign(
                .keyPublication(publication), by: FixtureWorld.envoy, seen: before, charter: charter.id)
            #expect(try await box.accept(signed).index.rawValue == before.size.rawValue)
            await box.round()
            #expect(box.head.size.rawValue > before.size.rawValue + 1)
            #expect(try await Self.audit(box, charter.signed).isGood)
        }
    }

    /// The log as it lies in the store, mirrored and replayed.
    private static func audit(_ box: RelayInABox, _ charter: SignedCharter) async throws -> AuditReport {
        let folder = box.site.folder.path + "/mirror"
        var writer = LogWriter(folder: folder)
        for entry in try await box.store.entries(0..<box.head.size.rawValue) { try writer.append(entry) }
        try writer.finish(checkpoint: box.server.log.snapshot.checkpoint)
        return try await Verification(
            folder: MirrorFolder(path: folder), charter: TrustedCharter(try charter.derBytes()), workers: 1
        ).run()
    }
}
