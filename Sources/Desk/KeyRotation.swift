import Keyring
import Rules
package import Statements
import Transport
import Wire

/// What was done to a desk's sealing keys.
package struct KeyCare: Sendable {
    package var published: [KeyPublication] = []
    /// Private keys whose time was over: their files are overwritten and gone.
    package var destroyed: [KeyID] = []
    /// Why it could not be finished now; it is tried again by the next command.
    package var problem: (any Error)?
    package init() {}
}

/// Sealing keys rotate by themselves: windows are published ahead, and private keys destroyed when their time is over.
extension Desk {
    /// So many windows are published at a time, the present one among them, so that a delegate can be away for months.
    package static let windowsAhead = 4
    /// The log is asked again after so long, even if nothing seems to be due.
    static let keyCarePeriod = TimeSpan.hours(12)
    /// Without the log to confirm the time, a private key is destroyed only so long after its time: a clock that is
    /// wrong by less destroys nothing that may still be needed.
    static let offlineMargin = TimeSpan.days(7)

    /// Publishes windows ahead, makes the keys that they need, destroys what is past `keepUntil`.
    ///
    /// Costs nothing when nothing is due. It never throws: what cannot be done now is no reason for another command to
    /// fail, and is done by the next one.
    @discardableResult
    package func keepKeysFresh() async -> KeyCare {
        var care = KeyCare()
        do {
            guard let lock = try FileLock.take("\(home.stateFolder)/rotation.lock") else { return care }
            defer { withExtendedLifetime(lock) {} }
            if try isKeyCareDue() { try await rotate(windows: Self.windowsAhead, &care) }
        } catch {
            care.problem = error
        }
        return care
    }

    /// Publishes every own sealing key that the log does not have yet, each for the window after the newest one, and
    /// makes keys until all windows ahead are published.
    /// - Returns: what was published now; empty when all were known.
    package func publishKeys() async throws -> [KeyPublication] {
        let lock = try holdRotation()
        defer { withExtendedLifetime(lock) {} }
        var care = KeyCare()
        let known = try KeyRecords(home).load()
        let waiting = try home.sealingKeyNames().filter { known.record(named: $0) == nil }
        let covered = known.records.count { now() < $0.sealUntil }
        try await rotate(windows: max(Self.windowsAhead, min(covered + waiting.count, 12)), &care)
        return care.published
    }

    func holdRotation() throws -> FileLock.Kept {
        guard let lock = try FileLock.take("\(home.stateFolder)/rotation.lock") else {
            throw DeskError(
                "keys-in-work", "Another run of this desk is publishing its keys.", hint: "try again in a moment",
                kind: .unavailable)
        }
        return lock
    }

    /// Destroys private keys that are past `keepUntil` without asking the log: for a desk that never reaches it.
    @discardableResult
    package func destroyOverdueKeys() async throws -> [KeyID] {
        try await destroy(before: now() - Self.offlineMargin)
    }

    private func isKeyCareDue() throws -> Bool {
        let known = try KeyRecords(home).load()
        let names = Set(try home.sealingKeyNames())
        guard let asked = known.askedAt, now() - asked < Self.keyCarePeriod, asked <= now() else { return true }
        let covered = known.records.count { now() < $0.sealUntil && names.contains($0.key.short) }
        return covered < Self.windowsAhead
            || known.records.contains { $0.keepUntil <= now() && names.contains($0.key.short) }
    }

    /// Asks the log what is published, publishes what is missing, and destroys what is over.
    private func rotate(windows: Int, _ care: inout KeyCare) async throws {
        try home.prepare()
        let answer = try await relay.keys(party)
        let own = answer.publications.filter { $0.delegate == id }.map { KeyRecords.Record($0.publication) }
        let time = now()
        let known = try KeyRecords(home).update { known in
            known.take(logged: own)
            // What was only written into files is published now: whoever submits such a file later is told so.
            known.records.removeAll { $0.isOffered }
            known.askedAt = time
        }
        care.published = try await publish(windows, beyond: known) { publication in
            do {
                _ = try await say(.keyPublication(publication))
                try KeyRecords(home).update { $0.records.append(KeyRecords.Record(publication)) }
                return true
            } catch let error as TransportError where error.problem?.code == "key-twice" {
                // It served before this desk began to write down what serves when; nobody seals to it any more.
                let (end, limits) = (now(), charter.inForce.limits)
                try KeyRecords(home).update {
                    $0.records.append(
                        .init(
                            key: publication.keyID, sealFrom: end, sealUntil: end,
                            keepUntil: end + limits.longestLifetime + limits.keyGrace))
                }
                return false
            }
        }
        // Both clocks must say that the time is over: this desk's, and the log's.
        if let tick = answer.tick { care.destroyed = try await destroy(before: min(time, tick.acceptedAt)) }
    }

    /// Gives each key that has no window yet the one after the newest, and makes keys until enough windows are covered.
    /// - Parameter hand: hands a publication over; false when its key had served before.
    /// - Returns: what was handed over.
    func publish(
        _ windows: Int, beyond known: KeyRecords.Known, _ hand: (KeyPublication) async throws -> Bool
    ) async throws -> [KeyPublication] {
        var published: [KeyPublication] = []
        let names = try home.sealingKeyNames()
        var covered = known.records.count { now() < $0.sealUntil && names.contains($0.key.short) }
        var from = max(known.records.map(\.sealUntil).max() ?? now() - .clockTolerance, now() - .clockTolerance)
        var waiting = Array(names.filter { known.record(named: $0) == nil }.reversed())
        let limits = charter.inForce.limits
        while covered < windows {
            var name = waiting.popLast()
            if name == nil { name = try await DeskKeys.makeSealingKey(home, keys: keys).short }
            // An unlock agent that was started before a file was made does not have its key.
            guard let name, let key = try publicKey(named: name) else { continue }
            let until = from + Self.sealingWindow
            let publication = KeyPublication(
                sealingKey: key, sealFrom: from, sealUntil: until,
                keepUntil: until + limits.longestLifetime + limits.keyGrace)
            guard try await hand(publication) else { continue }
            published.append(publication)
            from = until
            covered += 1
        }
        return published
    }

    /// How long others seal to one key.
    package static let sealingWindow = TimeSpan.days(30)

    /// The public half of a key file; nil when whoever holds the keys does not have it.
    func publicKey(named name: String) throws -> [UInt8]? {
        try DeskKeys.sealingPublicKeys(of: keys).first { KeyID(publicKey: $0).short == name }
    }

    private func destroy(before time: Timestamp) async throws -> [KeyID] {
        let known = try KeyRecords(home).load()
        let names = Set(try home.sealingKeyNames())
        var destroyed: [KeyID] = []
        for record in known.records where record.keepUntil <= time && names.contains(record.key.short) {
            try await DeskKeys.destroySealingKey(record.key, home, keys: keys)
            destroyed.append(record.key)
        }
        return destroyed
    }
}
