import Audit
import Ledger
import Statements
import TestKit
import Testing

/// What an auditor that mirrors the log is shown: checkpoints, tiles and bundles.
@Suite("Cheats: the mirrored log", .serialized, .timeLimit(.minutes(1)))
struct MirrorCheats {
    static let family = Family("The mirrored log", notes + files + histories)

    @Test("the mirror refuses it", arguments: family.rows)
    func holds(cheat: Cheat) async throws { try await cheat.hold() }

    /// The log as somebody serves it.
    private struct Served: LogSource {
        var files: [String: [UInt8]]
        func fetch(path: String, limit: Int) async throws -> [UInt8] {
            guard let bytes = files[path] else { throw AuditError(.notServed, "no \(path)", hint: "none") }
            return bytes
        }
    }

    /// An auditor that has mirrored something before, or nothing.
    private struct Auditor {
        let folder: TemporaryFolder
        let charter: TrustedCharter
        init(_ world: FixtureWorld) throws {
            folder = try TemporaryFolder("valise-cheats")
            charter = try TrustedCharter(world.charter.derBytes())
        }
        func mirror(_ files: [String: [UInt8]]) async throws {
            _ = try await Mirror(
                folder: MirrorFolder(path: "\(folder.path)/mirror"), charter: charter, source: Served(files: files)
            ).run()
        }
    }

    /// A first run, from a log in which something is false.
    private static func first(
        _ id: String, _ what: String, _ code: String, entries: Int = 0,
        _ change: @escaping @Sendable (inout [String: [UInt8]], ForgedTalks) throws -> Void
    ) -> Cheat {
        Cheat(id, [.relay], what, .noticed(.auditor, code, .atOnce)) {
            var talks = try ForgedTalks()
            while talks.forge.entries.count < entries { talks.forge.entries.append([1]) }
            var files = try talks.forge.files()
            try await Auditor(talks.world).mirror(files)
            try change(&files, talks)
            let (auditor, shown) = (try Auditor(talks.world), files)
            return await .by(.auditor) { try await auditor.mirror(shown) }
        }
    }

    private static func note(_ head: LogHead, by signer: NoteSigner) throws -> [UInt8] {
        try Checkpoint(origin: signer.key.name, size: head.size, root: head.root).signed(by: signer).bytes
    }

    private static let notes = [
        first("checkpoint-by-another-key", "signs the checkpoint with another key", "checkpoint-signature") {
            files, talks in
            let other = try FixtureWorld.noteKey("another log", name: talks.world.logSigner.key.name)
            files["checkpoint"] = try note(talks.forge.head(), by: other)
        },
        first("checkpoint-unsigned", "leaves the log's signature line out of the checkpoint", "checkpoint-signature") {
            files, talks in
            guard let name = NoteName("witness.example/one") else { throw NotPlayed("no name") }
            let stranger = try FixtureWorld.noteKey("a witness", name: name)
            let signed = try SignedNote(parsing: talks.forge.note())
            files["checkpoint"] = try SignedNote(text: signed.text, signature: stranger.sign(text: signed.text)).bytes
        },
        first(
            "checkpoint-of-another-log", "shows a checkpoint of another log that its key signed", "checkpoint-signature"
        ) { files, talks in
            guard let name = NoteName("relay.example/another") else { throw NotPlayed("no name") }
            files["checkpoint"] = try note(talks.forge.head(), by: FixtureWorld.noteKey("log", name: name))
        },
    ]

    private static let files = [
        first("tile-of-the-edge", "serves a last tile that does not give the root", "root-mismatch") { files, _ in
            try spoil("tile/0/000.p/7", &files)
        },
        first("tile-below", "serves a full tile that is not in the tree", "tile-mismatch", entries: 300) { files, _ in
            try spoil("tile/0/000", &files)
        },
        first("bundle-of-others", "serves other entries than the tile has hashes of", "bundle-malformed") { files, _ in
            try spoil("tile/entries/000.p/7", &files)
        },
        first("bundle-kept-back", "does not serve the entries", "not-served") { files, _ in
            try need(files.removeValue(forKey: "tile/entries/000.p/7") != nil, "there is no such bundle")
        },
    ]

    private static func spoil(_ path: String, _ files: inout [String: [UInt8]]) throws {
        guard var bytes = files[path] else { throw NotPlayed("there is no \(path)") }
        bytes[bytes.count - 1] ^= 1
        files[path] = bytes
    }

    /// A second run, of an auditor who has mirrored the honest log.
    private static func second(
        _ id: String, _ what: String, _ outcome: Outcome,
        _ show: @escaping @Sendable (inout ForgedTalks) throws -> [String: [UInt8]]
    ) -> Cheat {
        Cheat(id, [.relay], what, outcome) {
            var talks = try ForgedTalks()
            let auditor = try Auditor(talks.world)
            try await auditor.mirror(talks.forge.files())
            let shown = try show(&talks)
            return await .by(.auditor, .nextRun) { try await auditor.mirror(shown) }
        }
    }

    private static let histories: [Cheat] = [
        second(
            "log-shortened", "shows an auditor fewer entries than before",
            .noticed(.auditor, "rolled-back-log", .nextRun)
        ) { try $0.forge.files(5) },
        second(
            "log-forked", "shows an auditor a longer log that does not begin with the one it has",
            .noticed(.auditor, "forked-log", .nextRun)
        ) { talks in
            talks.forge.entries[6] = talks.forge.entries[5]
            talks.forge.entries.append(talks.forge.entries[5])
            return try talks.forge.files()
        },
        second(
            "log-exchanged", "shows an auditor as many entries as before, and others",
            .noticed(.auditor, "forked-log", .nextRun)
        ) { talks in
            talks.forge.entries[6] = talks.forge.entries[5]
            return try talks.forge.files()
        },
        second(
            "stale-for-the-auditor", "shows an auditor the same checkpoint for ever",
            .unnoticed(
                "a log may stand still, and one run of `mirror` does not know since when; the parties' ticks do")
        ) { talks in
            talks.log.wait(.days(30))
            return try talks.forge.files()
        },
        Cheat(
            "fork-compared", .relay, what: "shows an auditor another log than a party",
            .noticed(.replay, "forked-log", .comparison)
        ) {
            let honest = try ForgedTalks()
            var other = honest
            other.forge.entries.removeLast()
            try other.put(.refusal(other.reference, .declined), by: ForgedTalks.hezbollah, previous: 5)
            let (shown, party) = (honest, try other.forge.note())
            return await .by([
                Look(.replay) { if let found = try await shown.audit().first { throw Alarm(found) } },
                Look(.replay, .comparison) {
                    let kept = Verification.KeptCheckpoint(name: "a party's", note: party)
                    if let found = try await shown.audit(against: [kept]).first { throw Alarm(found) }
                },
            ])
        },
    ]
}
