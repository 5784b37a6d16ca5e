import Envelope
import Keyring
import Statements
import TestKit
import Testing

@testable import Desk

@Suite("sealing keys of a desk that never reaches the relay")
struct KeyOfferingTests {
    @Test("publications in files are submitted elsewhere, and the next keys file says so")
    func offered() async throws {
        try await DeskBench.run { bench in
            let away = try bench.desk(FixtureWorld.deputy)
            let folder = "\(bench.folder.path)/offered"
            let options = RelayInABox.Options { $0.publishesKeys = false }
            try await RelayInABox.run(bench.site, options) { box in
                await box.round()
                let online = try bench.desk(FixtureWorld.envoy)
                _ = try await away.importKeys(online.exportKeys().file)
                let written = try await away.offerKeys(into: folder, overwrite: false)
                #expect(written.count == Desk.windowsAhead)
                for (earlier, later) in zip(written, written.dropFirst()) {
                    #expect(earlier.publication.sealUntil == later.publication.sealFrom)
                }
                #expect(try KeyRecords(away.home).load().records.allSatisfy { $0.isOffered })
                let refused = await #expect(throws: DeskError.self) {
                    _ = try await away.offerKeys(into: folder, overwrite: false)
                }
                #expect(refused?.code == "file-exists")
                // Written once more, they are the same windows.
                let again = try await away.offerKeys(into: folder, overwrite: true)
                #expect(again.map(\.publication) == written.map(\.publication))
                for file in written.dropLast() {
                    guard case .accepted = try await online.submitFile(file.path) else {
                        Issue.record("\(file.path) is accepted")
                        return
                    }
                }
                box.clock.pass(box.world.charter.charter.limits.tickInterval)
                await box.round()
                _ = try await away.importKeys(online.exportKeys().file)
                let left = try KeyRecords(away.home).load().records.filter(\.isOffered)
                #expect(left.map(\.key) == written.suffix(1).map(\.publication.keyID))
                #expect(
                    try await away.offerKeys(into: folder, overwrite: true).map(\.publication.keyID) == left.map(\.key))
                // Once the desk reaches the relay itself, what nobody submitted is published.
                let care = await away.keepKeysFresh()
                #expect(care.problem == nil && care.published.map(\.keyID) == left.map(\.key))
                #expect(try KeyRecords(away.home).load().records.allSatisfy { !$0.isOffered })
            }
        }
    }
}
