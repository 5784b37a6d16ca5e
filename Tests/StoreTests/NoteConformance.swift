import Statements
import Store
import TestKit
import Testing

@Suite("A store keeps notes")
struct NoteConformance {
    @Test(
        "each slot has the note that was kept last, also in a store that was opened again", arguments: StoreDriver.all)
    func slots(driver: StoreDriver) async throws {
        let place = try driver.makePlace()
        defer { place.remove() }
        let slots: [NoteSlot] = [
            .partiesCheckpoint, .strangersCheckpoint, .verdict(FixtureWorld.envoy), .verdict(FixtureWorld.deputy),
        ]
        try await place.twice { store in
            for slot in slots {
                let before = try await store.note(slot)
                #expect(before == nil)
                try await store.keep(Array("first".utf8), in: slot)
                try await store.keep(Array(slot.name.utf8), in: slot)
            }
        } check: { store in
            for slot in slots {
                let note = try await store.note(slot)
                #expect(note == Array(slot.name.utf8))
            }
        }
    }
}
