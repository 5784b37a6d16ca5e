import Envelope
import Keyring
package import Statements

/// Publishing sealing keys from a desk that never reaches the relay: signed statements in files.
extension Desk {
    /// Writes a signed publication for every own sealing key that this desk has not seen in the log, and makes keys
    /// until all windows ahead are covered. ``submitFile(_:progress:)`` at another desk hands them over; what became
    /// of them this desk learns from the next keys file that it takes in.
    ///
    /// To write them again is harmless: the first one that is submitted counts.
    /// - Parameters:
    ///   - folder: gets `key-<12>.valise` for each; made if it is not there.
    ///   - overwrite: whether files of these names are replaced.
    /// - Throws: ``DeskError`` with `keys-in-work`, `keys-not-kept`, `file-exists`, `not-a-folder`, `file-unwritable`.
    package func offerKeys(
        into folder: String, overwrite: Bool
    ) async throws -> [(publication: KeyPublication, path: String)] {
        let lock = try holdRotation()
        defer { withExtendedLifetime(lock) {} }
        try home.prepare()
        guard try await knownHead() != nil else {
            throw DeskError(
                "keys-not-kept", "This desk knows no checkpoint of the log yet, and every statement names one.",
                hint: "\"valise keys export -o FILE\" at a desk that is online, then valise keys import FILE here",
                kind: .notFound)
        }
        try PartSaving.prepare(folder)
        var written: [(publication: KeyPublication, path: String)] = []
        func write(_ publication: KeyPublication) async throws {
            let path = "\(folder)/key-\(publication.keyID.short).valise"
            if !overwrite, DeskFile.exists(path) { throw Self.exists(path) }
            try DeskFile.write(path, StatementFile(try await sign(.keyPublication(publication))).bytes())
            written.append((publication, path))
        }
        let known = try KeyRecords(home).load()
        for record in known.records where record.isOffered && now() < record.sealUntil {
            guard let key = try publicKey(named: record.key.short) else { continue }
            try await write(
                KeyPublication(
                    sealingKey: key, sealFrom: record.sealFrom, sealUntil: record.sealUntil,
                    keepUntil: record.keepUntil))
        }
        _ = try await publish(Self.windowsAhead, beyond: known) { publication in
            // Written down first: a key that a crash leaves without a file gets one the next time.
            try KeyRecords(home).update { $0.records.append(KeyRecords.Record(publication, isOffered: true)) }
            try await write(publication)
            return true
        }
        return written
    }

    /// Takes in what a keys file shows of this delegate's own publications.
    func learnOwnKeys(_ keys: VerifiedKeys) throws {
        let own = keys.publications.filter { $0.delegate == id }.map { KeyRecords.Record($0.publication) }
        if !own.isEmpty { try KeyRecords(home).update { $0.take(logged: own) } }
    }
}
