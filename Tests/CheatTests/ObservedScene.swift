import Audit
import Ledger
import Statements
import Store
import TestKit
import Transport
import Wire

/// A stage with an auditor who is shown the channel between the originator and the intermediary.
struct ObservedScene: Sendable {
    let scene: Scene
    /// Over another channel: what it must not see.
    let other: MessageID

    static let channel = PartyPair(FixtureWorld.envoy.party, FixtureWorld.speaker.party)
    /// How many entries are in its scope: a message to the intermediary; one through it, carried and retrieved.
    static let count = 4

    static func play<Value: Sendable>(_ body: (ObservedScene) async throws -> Value) async throws -> Value {
        try await Stage.play(observes: [channel]) { try await body(ObservedScene($0)) }
    }

    /// Sends what there is to see.
    init(_ scene: Scene) async throws {
        self.scene = scene
        _ = try await scene.direct()
        let leg = Leg(intermediaries: [], recipient: FixtureWorld.hezbollah.party)
        other = MessageID(
            try await scene.box.accept(scene.box.envelope(from: FixtureWorld.speaker, legs: [leg])).statement)
        let carried = try await scene.delivered()
        try await scene.box.tell(carried, by: FixtureWorld.hezbollah) { .receipt($0, .retrieved) }
    }

    /// What the limited auditor's program does with its folder.
    /// - Throws: what ends the program with an alarm.
    @discardableResult
    func look() async throws -> ScopeCopy.Outcome { try await scene.observe() }

    /// Shows other entries than are in the scope.
    func show(_ change: @escaping @Sendable ([StoredEntry]) -> [StoredEntry]) {
        scene.lies.tell { $0.scope = { _, entries in change(entries) } }
    }

    /// Leaves out one of the entries that are shown now.
    func leaveOut(_ place: Int) async throws {
        let all = try await scene.box.store.scope(of: FixtureWorld.observer.party, after: 0, limit: 64)
        try need(all.indices.contains(place), "there is no such entry in the scope")
        let hidden = all[place].index
        show { $0.filter { $0.index != hidden } }
    }

    /// Shows other pages than the relay makes.
    func showPages(_ change: @escaping @Sendable (ScopePage) -> ScopePage) {
        scene.proxy.tell { request, relay in
            let answer = try await relay(request)
            guard case .scope? = request.route else { return answer }
            return answer.saying(try change(ScopePage(parsing: answer.body)).encoded())
        }
    }
}

extension Scene {
    /// `valise-audit scope` by the limited auditor.
    func observe() async throws -> ScopeCopy.Outcome {
        let charter = box.world.charter
        let folder = ScopeFolder(path: "\(stage.site.folder.path)/scope", charter: charter)
        let client = try box.client(FixtureWorld.observer, memory: folder)
        let copy = ScopeCopy(folder: folder, charter: charter, party: FixtureWorld.observer.party)
        do {
            let outcome = try await copy.run(client)
            try await client.shutdown()
            if !outcome.against.isEmpty { throw Alarm("verdict-against") }
            return outcome
        } catch {
            try? await client.shutdown()
            throw error
        }
    }
}

extension ScopePage {
    func with(_ entries: [ProvenEntry], more: Bool? = nil) -> ScopePage {
        ScopePage(party: party, checkpoint: checkpoint, entries: entries, more: more ?? self.more)
    }
}
