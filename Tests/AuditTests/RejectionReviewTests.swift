import Ledger
import Rules
import Statements
import TestKit
import Testing

@testable import Audit

/// A log that goes on after a decision, and what the relay signed of it.
private struct Refused {
    var talks: Talks
    /// The log's size at the decision.
    let size: TreeSize
    let time: Timestamp

    init(_ steps: [Talks.Step]) throws {
        talks = try Talks(steps)
        size = talks.log.head.size
        talks.log.wait(.seconds(1))
        time = talks.log.now
    }

    func conveyance(
        madeAt: Timestamp? = nil, submitBy: Timestamp? = nil, seen: LogHead? = nil, signer: DelegateID? = nil
    ) throws -> SignedStatement {
        try LogForge.sign(
            .conveyance(talks.reference), by: FixtureWorld.speaker, in: talks.world, at: madeAt ?? time,
            seen: seen ?? talks.log.head, submitBy: submitBy, signer: signer)
    }

    func rejected(
        _ signed: SignedStatement, _ code: String, size: TreeSize? = nil, at time: Timestamp? = nil,
        by signer: DelegateID = DelegateID(party: .relay, name: .act)
    ) throws -> RejectedStatement {
        let rejection = Rejection(
            charter: talks.world.charter.id, statement: signed.id, code: code, treeSize: size ?? self.size,
            decidedAt: time ?? self.time)
        return try RejectedStatement(signed, SignedRejection(rejection) { try talks.world.sign($0, by: signer) })
    }

    /// The log goes on: entries after a while.
    mutating func go(on span: TimeSpan) throws {
        talks.log.wait(span)
        _ = try talks.log.batch([talks.log.tick(FixtureWorld.envoy.party)])
    }

    func review(_ rejected: RejectedStatement, of forge: LogForge? = nil) async throws -> RejectionReport {
        let bench = try Bench()
        try (forge ?? LogForge(talks.log)).write(to: bench.mirror())
        return try await RejectionReview(
            folder: MirrorFolder(path: bench.mirror()), charter: talks.charter, workers: 2
        ).run(rejected)
    }

    /// `rightful`, or why it is wrongful.
    func verdict(_ rejected: RejectedStatement, of forge: LogForge? = nil) async throws -> String {
        switch try await review(rejected, of: forge).verdict {
        case .rightful: "rightful"
        case .wrongful(let fault, _): fault.rawValue
        }
    }

    func failure(_ rejected: RejectedStatement, of forge: LogForge? = nil) async -> String {
        do {
            return try await verdict(rejected, of: forge)
        } catch let error as AuditError { return error.code.rawValue } catch let finding as Finding {
            return finding.label
        } catch { return "\(error)" }
    }
}

@Suite("A signed rejection is decided again on the log as it was")
struct RejectionReviewTests {
    @Test("what the rules reject for that reason is rightful, whatever came later; for another reason it is not")
    func reasons() async throws {
        var refused = try Refused([.convey])
        let again = try refused.conveyance()
        #expect(try await refused.verdict(refused.rejected(again, "wrong-state")) == "rightful")
        #expect(try await refused.verdict(refused.rejected(again, "not-holder")) == "other-code")
        try refused.go(on: .seconds(2))
        let report = try await refused.review(refused.rejected(again, "wrong-state"))
        #expect(report.verdict.isRightful && report.after == refused.talks.log.now)
        #expect(report.before < refused.time && !report.restsOnTime)
    }

    @Test("what the rules accept is wrongful, also where its entry came later")
    func accepted() async throws {
        var refused = try Refused([])
        let first = try refused.conveyance()
        #expect(try await refused.verdict(refused.rejected(first, "wrong-state")) == "accepted")
        _ = try refused.talks.log.batch([LogFixture.Item(first)])
        #expect(try await refused.verdict(refused.rejected(first, "wrong-state")) == "accepted")
    }

    @Test("a statement that the log had already is owed its acceptance, also one that is forgotten by a replay")
    func loggedBefore() async throws {
        let refused = try Refused([.convey, .retrieve, .open])
        let old = refused.talks.log.entry(3)
        let signed = try #require(old.signed)
        #expect(try await refused.verdict(refused.rejected(signed, "wrong-state")) == "logged-before")
        let submission = try #require(refused.talks.log.entry(2).signed)
        #expect(try await refused.verdict(refused.rejected(submission, "quota-exceeded")) == "logged-before")
        // The message is over: a further act is against its state, and not about a message that is unknown.
        let late = try refused.conveyance()
        #expect(try await refused.verdict(refused.rejected(late, "wrong-state")) == "rightful")
        #expect(try await refused.verdict(refused.rejected(late, "unknown-message")) == "other-code")
    }

    @Test("a rejection that rests on the relay's time is said to do so")
    func time() async throws {
        let refused = try Refused([])
        let signed = try refused.conveyance(submitBy: refused.time + .minutes(1))
        let late = try refused.rejected(signed, "too-late", at: refused.time + .minutes(2))
        let report = try await refused.review(late)
        #expect(report.verdict.isRightful && report.restsOnTime && report.after == nil)
        let early = try refused.conveyance(madeAt: refused.time + .minutes(6))
        #expect(try await refused.verdict(refused.rejected(early, "clock")) == "rightful")
        #expect(try await refused.verdict(refused.rejected(signed, "clock")) == "accepted")
    }

    @Test("the entries around bound the time of a decision")
    func bounds() async throws {
        var refused = try Refused([])
        let signed = try refused.conveyance(submitBy: refused.time + .minutes(1))
        let before = try refused.rejected(signed, "wrong-state", at: refused.time - .seconds(2))
        #expect(try await refused.verdict(before) == "time-before-log")
        let late = try refused.rejected(signed, "too-late", at: refused.time + .minutes(20))
        #expect(try await refused.verdict(late) == "rightful")
        try refused.go(on: .minutes(10))
        #expect(try await refused.verdict(late) == "time-after-log")
        let near = try refused.rejected(signed, "too-late", at: refused.time + .minutes(14))
        #expect(try await refused.verdict(near) == "rightful")
    }

    @Test("a size below what the signer was shown is wrongful; a head of another log is not")
    func sizes() async throws {
        let refused = try Refused([.convey])
        let signed = try refused.conveyance()
        let small = try refused.rejected(signed, "other-log", size: 2)
        #expect(try await refused.verdict(small) == "size-below-seen")
        let fork = LogHead(size: refused.size, root: Hash.sha256([1]))
        let other = try refused.conveyance(seen: fork)
        #expect(try await refused.verdict(refused.rejected(other, "other-log", size: 2)) == "rightful")
        #expect(try await refused.verdict(refused.rejected(other, "other-log")) == "rightful")
        let unknown = try refused.conveyance(seen: LogHead(size: 99, root: Hash.sha256([1])))
        #expect(await refused.failure(try refused.rejected(unknown, "other-log")) == "mirror-too-short")
    }

    @Test("what proves nothing, or cannot be decided, is told apart from a verdict")
    func undecided() async throws {
        let refused = try Refused([.convey])
        let signed = try refused.conveyance()
        #expect(await refused.failure(try refused.rejected(signed, "wrong-state", size: 9)) == "mirror-too-short")
        #expect(await refused.failure(try refused.rejected(signed, "wrong-state", size: 0)) == "mirror-too-short")
        #expect(await refused.failure(try refused.rejected(signed, "too-loud")) == "rejection-code-unknown")
        let own = try refused.rejected(signed, "wrong-state", by: FixtureWorld.speaker)
        #expect(await refused.failure(own) == "rejection-not-signed")
        let unsigned = try refused.conveyance(signer: FixtureWorld.envoy)
        #expect(await refused.failure(try refused.rejected(unsigned, "wrong-state")) == "statement-not-signed")
        var forge = LogForge(refused.talks.log)
        forge.entries[1] = forge.entries[2]
        // A submission that had seen more than was there.
        let broken = await refused.failure(try refused.rejected(signed, "wrong-state"), of: forge)
        #expect(broken == "rule-broken(other-log)")
        forge = LogForge(refused.talks.log)
        forge.entries.removeLast()
        let short = try refused.rejected(signed, "wrong-state", size: 4)
        #expect(await refused.failure(short, of: forge) == "mirror-too-short")
    }

    @Test("entries that are not those of the checkpoint are no log to decide by")
    func altered() async throws {
        let refused = try Refused([.convey])
        let rejected = try refused.rejected(refused.conveyance(), "wrong-state")
        // As many entries of another history, to which the rules have no objection.
        var other = try Talks([])
        other.log.wait(.seconds(5))
        _ = try other.log.batch([other.log.sign(.conveyance(other.reference), by: FixtureWorld.speaker)])
        let files = try LogForge(other.log).files()
        for (folder, code) in [("tile/", Finding.Code.rootMismatch), ("tile/entries/", .tileMismatch)] {
            let bench = try Bench()
            for (path, bytes) in try LogForge(refused.talks.log).files() {
                let shown = path.hasPrefix(folder) ? try #require(files[path]) : bytes
                try LogForge.write(shown, to: "\(bench.mirror())/\(path)")
            }
            let review = RejectionReview(
                folder: MirrorFolder(path: bench.mirror()), charter: try refused.talks.charter, workers: 2)
            let finding = await #expect(throws: Finding.self) { try await review.run(rejected) }
            #expect(finding?.code == code)
        }
    }

    @Test("in a log of several bundles the entries after the next one are not needed")
    func long() async throws {
        var log = try Talks.long(600)
        let size = log.head.size
        log.wait(.seconds(1))
        let world = log.world
        for _ in 0..<300 { _ = try log.batch([log.fillerTick(Int(log.head.size.rawValue))]) }
        let bench = try Bench()
        let forge = LogForge(log)
        try forge.write(to: bench.mirror())
        let review = RejectionReview(
            folder: MirrorFolder(path: bench.mirror()), charter: try TrustedCharter(world.charter.derBytes()),
            workers: 2)
        // After whole bundles the next entry is in another one.
        for size in [size, TreeSize(512)] {
            let time = log.entry(Int(size.rawValue)).acceptedAt
            let signed = try LogForge.sign(
                .recall(MessageID(Hash.sha256([1])), legs: [try #require(LegNumber(0))]), by: FixtureWorld.envoy,
                in: world, at: time, seen: forge.head(Int(size.rawValue)))
            let rejection = Rejection(
                charter: world.charter.id, statement: signed.id, code: "unknown-message", treeSize: size,
                decidedAt: time)
            let rejected = try RejectedStatement(
                signed,
                SignedRejection(rejection) { try world.sign($0, by: DelegateID(party: .relay, name: .act)) })
            let report = try await review.run(rejected)
            #expect(report.verdict.isRightful && report.after == time, "\(size)")
        }
    }

    @Test("every changed bit of the file is refused, or the rejection proves nothing")
    func flipped() async throws {
        let refused = try Refused([.convey])
        let rejected = try refused.rejected(refused.conveyance(), "wrong-state")
        let bench = try Bench()
        try LogForge(refused.talks.log).write(to: bench.mirror())
        let review = RejectionReview(
            folder: MirrorFolder(path: bench.mirror()), charter: try refused.talks.charter, workers: 1)
        let bytes = try rejected.derBytes()
        for place in bytes.indices {
            for bit in 0..<8 {
                var changed = bytes
                changed[place] ^= 1 << UInt8(bit)
                guard let read = try? RejectedStatement(der: changed, limit: Bounds.rejectedStatement) else { continue }
                await #expect(throws: AuditError.self, "byte \(place), bit \(bit)") { try await review.run(read) }
            }
        }
    }
}
