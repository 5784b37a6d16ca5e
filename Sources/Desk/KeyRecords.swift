import Glibc
import Keyring
package import Statements

/// When each of this desk's published sealing keys serves: `state/sealing-keys`, a line a key. All of it is public; the
/// log is the truth, and this is what a desk needs of it to destroy keys in time, also when the relay is away.
package struct KeyRecords: Sendable {
    /// About 100 bytes a line.
    private static let byteLimit = 1 << 20
    private let path: String

    package init(_ home: DeskHome) { path = Self.file(home) }

    static func file(_ home: DeskHome) -> String { "\(home.stateFolder)/sealing-keys" }

    /// One published key of this desk.
    package struct Record: Hashable, Sendable {
        package let key: KeyID
        package let sealFrom: Timestamp
        package let sealUntil: Timestamp
        /// The private key is destroyed at this moment.
        package let keepUntil: Timestamp
        /// Its publication was written into a file, to be submitted elsewhere, and this desk has not seen it in the
        /// log.
        package let isOffered: Bool

        package init(
            key: KeyID, sealFrom: Timestamp, sealUntil: Timestamp, keepUntil: Timestamp, isOffered: Bool = false
        ) {
            self.key = key
            self.sealFrom = sealFrom
            self.sealUntil = sealUntil
            self.keepUntil = keepUntil
            self.isOffered = isOffered
        }

        package init(_ publication: KeyPublication, isOffered: Bool = false) {
            self.init(
                key: publication.keyID, sealFrom: publication.sealFrom, sealUntil: publication.sealUntil,
                keepUntil: publication.keepUntil, isOffered: isOffered)
        }
    }

    /// What is known, by the beginning of the window.
    package struct Known: Hashable, Sendable {
        package var records: [Record] = []
        /// When the log was last asked; nil before the first time.
        package var askedAt: Timestamp?
        package init() {}

        package func record(named short: String) -> Record? { records.first { $0.key.short == short } }

        /// Takes in what the log says of own keys.
        mutating func take(logged: [Record]) {
            let keys = Set(logged.map(\.key))
            records = records.filter { !keys.contains($0.key) } + logged
        }
    }

    /// Lines that make no sense are left out: the log is asked again for them.
    package func load() throws -> Known {
        var known = Known()
        guard let bytes = try DeskFile.readIfThere(path, limit: Self.byteLimit) else { return known }
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2, words[0] == "asked", let time = Int64(words[1]) {
                known.askedAt = Timestamp(milliseconds: time)
            }
            let isOffered = words.count == 5 && words[4] == "offered"
            guard words.count == 4 || isOffered, let key = KeyID(String(words[0])), let from = Int64(words[1]),
                let until = Int64(words[2]), let keep = Int64(words[3])
            else { continue }
            known.records.append(
                Record(
                    key: key, sealFrom: Timestamp(milliseconds: from), sealUntil: Timestamp(milliseconds: until),
                    keepUntil: Timestamp(milliseconds: keep), isOffered: isOffered))
        }
        return known
    }

    /// Changes what is known, under a lock, durably.
    @discardableResult
    package func update(_ change: (inout Known) throws -> Void) throws -> Known {
        try FileLock.held("\(path).lock") {
            let before = try load()
            var known = before
            try change(&known)
            guard known != before else { return known }
            known.records.sort { ($0.sealFrom, $0.key) < ($1.sealFrom, $1.key) }
            var text = known.askedAt.map { "asked \($0.milliseconds)\n" } ?? ""
            for record in known.records {
                text += "\(record.key) \(record.sealFrom.milliseconds) \(record.sealUntil.milliseconds) "
                text += "\(record.keepUntil.milliseconds)\(record.isOffered ? " offered" : "")\n"
            }
            try Durable.write(path: path, bytes: Array(text.utf8), mode: 0o600, exclusive: false)
            return known
        }
    }
}
