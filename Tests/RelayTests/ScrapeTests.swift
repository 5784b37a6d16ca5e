import Daemon
import Relay
import Statements
import Store
import TestKit
import Testing

@Suite("Scrapes", .timeLimit(.minutes(1)))
struct ScrapeTests {
    private static let store = #"valise_check{check="store"}"#

    /// A relay that does nothing by itself, but for what is set.
    private static func quiet(_ change: @escaping @Sendable (inout StoreProbe.Times) -> Void) -> RelayInABox.Options {
        var options = RelayInABox.Options.watched { settings in
            settings.probe.pause = .seconds(3_600)
            change(&settings.probe)
        }
        options.runsActs = false
        return options
    }

    @Test("a scrape commits nothing, however long ago the last commit was")
    func commitsNothing() async throws {
        try await RelayInABox.run(nil, Self.quiet { $0.age = .zero }) { box in
            try await box.accept(box.envelope())
            let before = (box.store.commits, box.store.kept)
            for _ in 0..<20 {
                #expect(try await box.metrics()[Self.store] == 0)
            }
            #expect((box.store.commits, box.store.kept) == before)
            // What asks does.
            _ = try await box.readiness()
            #expect(box.store.kept == before.1 + 1)
        }
    }

    @Test("a scrape does not wait for a store that hangs, and says before the first commit that nothing is known")
    func waitsForNothing() async throws {
        let gate = Gate()
        var options = Self.quiet { $0.patience = .seconds(3_600) }
        options.publishesKeys = false
        options.prepare = { $0.spoilNotes(.wait(gate)) }
        try await RelayInABox.run(nil, options) { box in
            // The relay's own first look hangs, and whoever asks would wait with it.
            await gate.reached()
            let found = try await box.metrics()
            #expect(found[Self.store] == 1)
            #expect(found["valise_ready"] == 1)
            gate.open()
            _ = try await box.whenScraped { $0[Self.store] == 0 }
        }
    }

    @Test("that a store cannot commit, or hangs, and that it works again, is seen without anybody asking")
    func unasked() async throws {
        let options = Self.quiet {
            $0.pause = .milliseconds(50)
            $0.patience = .milliseconds(100)
            $0.age = .zero
        }
        try await RelayInABox.run(nil, options) { box in
            for hangs in [false, true] {
                let gate = Gate()
                box.store.spoilNotes(hangs ? .wait(gate) : .fail)
                let found = try await box.whenScraped { $0[Self.store] == 2 }
                #expect(found["valise_ready"] == 0)
                box.store.spoilNotes(nil)
                gate.open()
                #expect(try await box.whenScraped { $0[Self.store] == 0 }["valise_ready"] == 1)
            }
        }
    }

    @Test("a batch that was committed after a probe failed is the newest that is known")
    func newerCommit() async throws {
        let options = Self.quiet { $0.age = .zero }
        try await RelayInABox.run(nil, options) { box in
            box.store.spoilNotes(.fail)
            #expect(try await !box.readiness().isReady)
            #expect(try await box.metrics()[Self.store] == 2)
            try await box.accept(box.envelope())
            #expect(try await box.metrics()[Self.store] == 0)
        }
    }
}

extension RelayInABox {
    /// What a scrape comes to within ten seconds.
    func whenScraped(_ isRight: (ScrapedMetrics) -> Bool) async throws -> ScrapedMetrics {
        for _ in 0..<1_000 {
            let found = try await metrics()
            if isRight(found) { return found }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw Unexpected(description: "no scrape comes to what was expected")
    }
}
