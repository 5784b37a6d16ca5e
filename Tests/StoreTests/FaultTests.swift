import Store
import TestKit
import Testing

@Suite("Faults are injected as the script says")
struct FaultTests {
    @Test("before and after the commit the caller is told the same, and loading tells them apart")
    func faults() async throws {
        let folder = try SQLitePlace()
        defer { folder.remove() }
        let scene = try Scene()
        let refusal = StoreError(.unavailable, "no room")
        let store = FaultInjectingStore(
            try await folder.open(), script: [.work, .notPersisted, .refuse(refusal), .persistedButReportedFailed])
        try await store.commit(scene.batches[0])
        try await expect(.outcomeUnknown) { try await store.commit(scene.batches[1]) }
        #expect(try await store.load()?.head == scene.batches[0].head)
        try await expect(.unavailable) { try await store.commit(scene.batches[1]) }
        #expect(store.stepsLeft == 1)
        try await expect(.outcomeUnknown) { try await store.commit(scene.batches[1]) }
        #expect(try await store.load()?.head == scene.batches[1].head)
        try await store.commit(scene.batches[2])
        store.then([.notPersisted])
        try await expect(.outcomeUnknown) { try await store.commit(scene.batches[3]) }
        try await store.close()
        try await folder.withStore { store async throws in
            #expect(try await store.load()?.head == scene.batches[2].head)
        }
    }
}
