import Audit
import Foundation
import Ledger
import NIOCore
import NIOPosix
import NIOSSL
import Statements
import Store
import TestKit

/// A relay that is killed again and again, and the senders who keep what it acknowledged.
struct KillRun {
    /// Each of them follows a SIGKILL.
    static let restartsBetweenChecks = 3
    /// Fresh letters at the start of each life; when they run out, acknowledged ones are sent again.
    private static let lettersPerLife = 160
    /// One letter in so many is too large to be held in memory, so that its envelope is a file.
    private static let largeOneIn = 40
    /// The longest life under load, in milliseconds.
    private static let longestLife = 500

    /// What a check found.
    struct Verdict {
        var entries: UInt64 = 0
        var acknowledged = 0
        var lost = 0
        var doubled = 0
        var findings: [String] = []
        var isGood: Bool { lost == 0 && doubled == 0 && findings.isEmpty }
    }

    private let world: BenchWorld
    private let relay: RelayProcess
    private let senders: Int
    private let audit: LiveAudit
    private let context: NIOSSLContext
    private let group = MultiThreadedEventLoopGroup.singleton
    private let seen: LogHead
    private var random: SeededNumbers
    private(set) var kills = 0
    let pile: LetterPile

    /// Starts the relay for the first time.
    init(world: BenchWorld, relay: RelayProcess, senders: Int, seed: UInt64) async throws {
        self.world = world
        self.relay = relay
        self.senders = senders
        random = SeededNumbers(seed: seed)
        pile = LetterPile(world: world, random: SeededNumbers(seed: seed &+ 1))
        audit = try LiveAudit(folder: world.folder + "/mirror", charter: world.charter)
        context = try world.clientContext()
        try relay.start()
        let connection = try await LoadConnection.open(port: world.port, context: context, group: group)
        seen = try await Load.prepare(world, over: connection)
        await connection.close()
    }

    /// Loads the running relay, kills it, and starts it again.
    /// - Returns: after how many milliseconds under load it was killed.
    mutating func life() async throws -> Int {
        try await refill()
        let moment = Int.random(in: 5...Self.longestLife, using: &random)
        let (pile, seen, port, context, group) = (pile, seen, world.port, context, group)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for _ in 0..<senders {
                tasks.addTask {
                    let connection = try await LoadConnection.open(port: port, context: context, group: group)
                    await Self.send(pile, over: connection, seen: seen)
                    await connection.close()
                }
            }
            try await Task.sleep(for: .milliseconds(moment))
            relay.kill()
            // A sender that had not come to connect has nothing to say.
            while let _ = await tasks.nextResult() {}
        }
        kills += 1
        try relay.start()
        return moment
    }

    /// Sends until the connection is lost.
    private static func send(_ pile: LetterPile, over connection: LoadConnection, seen: LogHead) async {
        while let item = try? await pile.next(seen: seen) {
            do {
                await pile.take(try await connection.send(item.request), for: item)
            } catch {
                return await pile.giveBack(item)
            }
        }
    }

    private func refill() async throws {
        let missing = Self.lettersPerLife - (await pile.waiting)
        guard missing > 0 else { return }
        let (world, seen) = (world, seen)
        try await withThrowingTaskGroup(of: [LetterPile.Item].self) { tasks in
            let cores = ProcessInfo.processInfo.activeProcessorCount
            for core in 0..<cores {
                tasks.addTask {
                    try stride(from: core, to: missing, by: cores).map { number in
                        let isLarge = number % Self.largeOneIn == 0
                        let letter = try world.letter(bytes: isLarge ? EnvelopeBytes.inlineLimit : 1_024)
                        return try LetterPile.item(letter, world, seen: seen)
                    }
                }
            }
            for try await items in tasks { await pile.add(items.shuffled()) }
        }
    }

    /// Audits the running relay's log and holds it against what was acknowledged.
    func check() async throws -> Verdict {
        var verdict = Verdict()
        let connection = try await LoadConnection.open(port: world.port, context: context, group: group)
        let world = world
        let result = try await audit.run(connection) { try await world.reading($0) }
        await connection.close()
        verdict.entries = result.report.entries
        verdict.findings = result.report.findings.map(\.description) + (await pile.refusals)
        let acknowledged = await pile.acknowledged
        verdict.acknowledged = acknowledged.count
        let lost = acknowledged.values.filter { item in
            item.index.rawValue >= UInt64(result.entries.count)
                || result.entries[Int(item.index.rawValue)].signed?.id != item.statement
        }
        verdict.lost = lost.count
        verdict.findings += lost.map { "\($0.statement) was acknowledged as entry \($0.index), and is not there" }
        verdict.doubled = Self.doubled(result.entries) + (await pile.contradictions)
        let (files, wanted) = try envelopeFiles(result.entries)
        if files != wanted { verdict.findings.append("there are \(files) envelope files for \(wanted) large messages") }
        return verdict
    }

    /// Entries whose statement, or whose message, was there before.
    private static func doubled(_ entries: [Entry]) -> Int {
        var statements: Set<StatementID> = []
        var nonces: Set<Nonce> = []
        return entries.compactMap(\.signed).count { signed in
            var isNew = statements.insert(signed.id).inserted
            if case .submission(let submission) = signed.statement.act {
                isNew = nonces.insert(submission.nonce).inserted && isNew
            }
            return !isNew
        }
    }

    /// Files of large envelopes, and how many there must be: one for each large message, none for any other.
    private func envelopeFiles(_ entries: [Entry]) throws -> (files: Int, wanted: Int) {
        let files = try FileManager.default.contentsOfDirectory(atPath: world.folder + "/data/envelopes")
        let wanted = entries.compactMap(\.signed).count { signed in
            guard case .submission(let submission) = signed.statement.act else { return false }
            return submission.payloadSize > UInt64(EnvelopeBytes.inlineLimit)
        }
        return (files.count, wanted)
    }
}
