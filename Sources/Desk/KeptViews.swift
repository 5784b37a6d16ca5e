import Glibc
import Keyring
package import Ledger
package import Statements
import Synchronization
package import Transport

/// What the relay has shown and said to this desk, kept across runs: how far each custody chain went, where the newest
/// arrivals stand, and the rejections that it signed.
///
/// `state/chains` and `state/places` are lines of identifiers and numbers: no names and no subjects, which would be
/// plaintext on the disk. Losing them costs comparisons, nothing else: a file that is too large is moved aside, as
/// `chains.aside`, and a new one begun.
package struct KeptViews: ViewMemory {
    private let byteLimit: Int
    private let chains: String
    private let arrivals: String
    private let rejections: KeptRejections
    private let cache = Cache()

    /// The chains as this process knows them; another one may know more.
    private final class Cache: Sendable {
        let chains = Mutex<[MessageID: LogIndex]?>(nil)
    }

    /// - Parameter byteLimit: the most bytes that are read of a file.
    init(_ home: DeskHome, _ rejections: KeptRejections, byteLimit: Int = 64 << 20) {
        chains = Self.chainsFile(home)
        arrivals = Self.placesFile(home)
        self.rejections = rejections
        self.byteLimit = byteLimit
    }

    /// What belongs to one charter's log.
    static func files(_ home: DeskHome) -> [String] {
        [chainsFile(home), placesFile(home), KeptVerdicts.file(home)]
    }

    static func chainsFile(_ home: DeskHome) -> String { "\(home.stateFolder)/chains" }
    static func placesFile(_ home: DeskHome) -> String { "\(home.stateFolder)/places" }

    package func lastEntries(of messages: [MessageID]) throws -> [MessageID: LogIndex] {
        let known = try cache.chains.withLock { known in
            let all = try known ?? load()
            known = all
            return all
        }
        return Dictionary(messages.compactMap { id in known[id].map { (id, $0) } }) { one, _ in one }
    }

    package func note(_ last: [MessageID: LogIndex]) throws {
        try FileLock.held("\(chains).lock") {
            try AppendedLines.add(last.sorted { $0.value < $1.value }.map { "\($0.key) \($0.value)" }, to: chains)
        }
        cache.chains.withLock { known in known?.merge(last) { max($0, $1) } }
    }

    /// The last line about a message counts. A file that is mostly of older lines is written anew.
    private func load() throws -> [MessageID: LogIndex] {
        try FileLock.held("\(chains).lock") {
            let lines = try lines(chains)
            var known: [MessageID: LogIndex] = [:]
            for line in lines {
                let words = line.split(separator: UInt8(ascii: " "))
                guard words.count == 2, let id = MessageID(String(decoding: words[0], as: UTF8.self)),
                    let index = number(words[1])
                else { continue }
                known[id] = max(known[id] ?? 0, LogIndex(index))
            }
            if lines.count > 2 * known.count + 1_024 {
                let text = known.sorted { $0.value < $1.value }.map { "\($0.key) \($0.value)\n" }.joined()
                try Durable.write(path: chains, bytes: Array(text.utf8), mode: 0o600, exclusive: false)
            }
            return known
        }
    }

    package func places() throws -> [ArrivalNumber: ArrivalPlace] {
        var places: [ArrivalNumber: ArrivalPlace] = [:]
        for line in try lines(arrivals) {
            let words = line.split(separator: UInt8(ascii: " ")).compactMap { number($0) }
            guard words.count == 3, words[2] < UInt64(Bounds.legs), let leg = LegNumber(Int(words[2])) else { continue }
            places[ArrivalNumber(words[0])] = ArrivalPlace(index: LogIndex(words[1]), leg: leg)
        }
        return places
    }

    /// What was noted first stays.
    package func note(_ places: [ArrivalNumber: ArrivalPlace]) throws {
        try FileLock.held("\(arrivals).lock") {
            let all = ArrivalPlace.newest(try self.places().merging(places) { one, _ in one })
            let text = all.sorted { $0.key < $1.key }.map { "\($0) \($1.index) \($1.leg)\n" }
            try Durable.write(path: arrivals, bytes: Array(text.joined().utf8), mode: 0o600, exclusive: false)
        }
    }

    package func handIn(_ statement: StatementID) async throws { try await rejections.handIn(statement) }

    package func keep(_ rejected: RejectedStatement, at time: Timestamp, isUntrue: Bool) async throws {
        try await rejections.keep(rejected, at: time, isUntrue: isUntrue)
    }

    private func lines(_ path: String) throws -> [[UInt8].SubSequence] {
        do {
            return AppendedLines.whole(try DeskFile.readIfThere(path, limit: byteLimit) ?? [])
        } catch let error as DeskError where error.code == "file-too-large" {
            try Self.moveAside(path)
            return []
        }
    }

    /// In the place of what was moved aside before.
    /// - Returns: where it is; nil if there was no such file.
    @discardableResult
    private static func moveAside(_ path: String) throws -> String? {
        let aside = "\(path).aside"
        if rename(path, aside) == 0 { return aside }
        if errno == ENOENT { return nil }
        throw DeskError(
            "file-unwritable", "\(path) could not be moved aside (\(String(cString: strerror(errno)))).",
            hint: "check the permissions of its folder")
    }

    /// Begins anew with the places of arrivals.
    /// - Returns: where the earlier ones are; nil if none were known.
    static func forgetPlaces(_ home: DeskHome) throws -> String? {
        let path = placesFile(home)
        return try FileLock.held("\(path).lock") { try moveAside(path) }
    }

    private func number(_ digits: some Sequence<UInt8>) -> UInt64? {
        UInt64(String(decoding: Array(digits), as: UTF8.self)).flatMap { $0 <= Bounds.count ? $0 : nil }
    }
}

extension Desk {
    /// Forgets where the arrivals stood in the log, for a relay that showed wrong places once and is right again. What
    /// it showed is moved aside. Only before anything is asked of the relay.
    /// - Returns: the path of the earlier places; nil if none were known.
    /// - Throws: ``DeskError`` `file-unwritable`.
    package func forgetPlaces() throws -> String? { try KeptViews.forgetPlaces(home) }
}
