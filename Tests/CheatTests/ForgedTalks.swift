import Audit
import Ledger
import Statements
import TestKit

/// An honest log of one proposal through the speaker, and an operator that signs what it likes behind it.
///
/// Entries: 0 the charter, 1 and 2 sealing keys of `hezbollah` and `lebanon-speaker`, 3 the submission, then as far as
/// the course went: 4 the conveyance, 5 retrieved, 6 opened.
struct ForgedTalks {
    enum Course: Int, Sendable, CaseIterable { case submitted, conveyed, retrieved, opened }

    static let envoy = FixtureWorld.envoy
    static let speaker = FixtureWorld.speaker
    static let hezbollah = FixtureWorld.hezbollah
    static let relay = DelegateID(party: .relay, name: .act)
    static let leg = RelayInABox.viaSpeaker

    /// The honest log; its time is now.
    var log: LogFixture
    var forge: LogForge
    let message: MessageID
    /// The message's last entry.
    let last: LogIndex

    init(_ course: Course = .opened, limits: Limits = .standard, witnesses: [Witness] = []) throws {
        log = try LogFixture(
            world: FixtureWorld(limits: limits, witnesses: witnesses, witnessQuorum: UInt64(witnesses.count)))
        _ = try log.batch([log.publishKey(Self.hezbollah), log.publishKey(Self.speaker)])
        log.wait(.seconds(1))
        let item = try log.submit(by: Self.envoy, legs: [Self.leg])
        _ = try log.batch([item])
        message = item.message
        let reference = try Self.reference(message)
        let acts: [(Act, DelegateID)] = [
            (.conveyance(reference), Self.speaker), (.receipt(reference, .retrieved), Self.hezbollah),
            (.receipt(reference, .opened), Self.hezbollah),
        ]
        for (act, delegate) in acts.prefix(course.rawValue) {
            log.wait(.seconds(1))
            _ = try log.batch([log.sign(act, by: delegate)])
        }
        last = LogIndex(log.head.size.rawValue - 1)
        log.wait(.seconds(1))
        forge = LogForge(log)
    }

    var world: FixtureWorld { log.world }
    var now: Timestamp { log.now }
    /// Where the next forged entry comes to stand.
    var end: LogIndex { LogIndex(UInt64(forge.entries.count)) }

    private static func reference(_ message: MessageID) throws -> LegReference {
        guard let leg = LegNumber(0) else { throw NotPlayed("there is no leg 0") }
        return LegReference(message: message, leg: leg)
    }
    var reference: LegReference { get throws { try Self.reference(message) } }

    func statement(_ index: Int) throws -> SignedStatement {
        guard let signed = log.entry(index).signed else { throw NotPlayed("entry \(index) is no statement") }
        return signed
    }

    /// Signs an act on the honest head, now, and appends it as a relay would.
    /// - Parameter change: of what the entry says besides.
    /// - Returns: where it stands.
    @discardableResult
    mutating func put(
        _ act: Act, by delegate: DelegateID, previous: LogIndex? = nil, madeAt: Timestamp? = nil,
        submitBy: Timestamp? = nil, seen: LogHead? = nil, signer: DelegateID? = nil, charter: CharterID? = nil,
        _ change: (inout LogForge.Frame) -> Void = { _ in }
    ) throws -> LogIndex {
        let signed = try LogForge.sign(
            act, by: delegate, in: world, at: madeAt ?? now, seen: seen ?? log.head, submitBy: submitBy,
            signer: signer, charter: charter)
        var frame = LogForge.Frame(at: now, previous: previous)
        change(&frame)
        return try append(signed, frame)
    }

    @discardableResult
    mutating func append(_ signed: SignedStatement, _ frame: LogForge.Frame) throws -> LogIndex {
        let index = end
        try forge.append(signed, frame)
        return index
    }

    /// A further submission, changed before it is signed.
    func submission(
        by delegate: DelegateID = envoy, legs: [Leg] = [leg], _ change: (Submission) -> Submission = { $0 }
    ) throws -> Act {
        var log = log
        guard case .submission(let honest) = try log.submit(by: delegate, legs: legs).signed.statement.act else {
            throw NotPlayed("there is no submission")
        }
        return .submission(change(honest))
    }

    func publication(by delegate: DelegateID = speaker, number: Int = 1) throws -> KeyPublication {
        guard case .keyPublication(let found) = try log.publishKey(delegate, number: number).signed.statement.act else {
            throw NotPlayed("there is no publication")
        }
        return found
    }

    func tick(_ party: PartyID) throws -> Tick {
        guard case .tick(let tick) = try log.tick(party).signed.statement.act else {
            throw NotPlayed("there is no tick")
        }
        return tick
    }

    /// What an audit of the log finds, as `code@entry`.
    func audit(against kept: [Verification.KeptCheckpoint] = []) async throws -> [String] {
        let folder = try TemporaryFolder("valise-cheats")
        try forge.write(to: folder.path)
        let report = try await Verification(
            folder: MirrorFolder(path: folder.path), charter: TrustedCharter(world.charter.derBytes()), against: kept,
            workers: 1
        ).run()
        return report.found
    }
}

extension AuditReport {
    /// The findings as scripts see them: `code@entry`, or the code alone.
    var found: [String] {
        findings.map { finding in finding.index.map { "\(finding.label)@\($0)" } ?? finding.label }
    }
}

extension Submission {
    func changed(
        writtenUnder: WrittenUnder? = nil, legs: [Leg]? = nil, expiry: Timestamp? = nil, sealedTo: [KeyID]? = nil,
        payloadSize: UInt64? = nil
    ) -> Submission {
        Submission(
            nonce: nonce, writtenUnder: writtenUnder ?? self.writtenUnder, legs: legs ?? self.legs,
            precedence: precedence, expiry: expiry ?? self.expiry, sealedTo: sealedTo ?? self.sealedTo,
            sealedKeysDigest: sealedKeysDigest, payloadDigest: payloadDigest,
            payloadSize: payloadSize ?? self.payloadSize, keyCommitment: keyCommitment,
            contentCommitment: contentCommitment)
    }
}

extension Cheat {
    /// A cheat that stands in the log: the operator signs it, and an auditor replays it.
    /// - Parameter forge: appends to, or changes, the log of a proposal that went so far; gives the entry to be found.
    static func forged(
        _ id: String, _ who: [Cheater], _ what: String, _ code: String, _ place: Place = .itself,
        after course: ForgedTalks.Course = .opened, limits: Limits = .standard,
        _ forge: @escaping @Sendable (inout ForgedTalks) throws -> LogIndex
    ) -> Cheat {
        Cheat(id, who, what, .replayed(code, place)) {
            var talks = try ForgedTalks(course, limits: limits)
            let index = try forge(&talks)
            return .replayed(try await talks.audit(), index)
        }
    }
}
