import Archive
import Envelope
import Keyring
import Ledger
package import Statements

/// A rejection that the relay signed, as this desk keeps it.
package struct KeptRejection: Sendable {
    package let rejected: RejectedStatement
    /// When it came first.
    package let at: Timestamp
    /// The statement was handed in again since: what became of it then is not known from here.
    package let isHandedInAgain: Bool
    /// By what was known here when it came, it cannot be true.
    package let isUntrue: Bool
    /// Names it among the rejections of its statement: the hash of its DER, in lowercase base32.
    package let digest: String

    package var statement: SignedStatement { rejected.statement }
    package var rejection: Rejection { rejected.rejection.rejection }

    init(_ rejected: RejectedStatement, at time: Timestamp, isHandedInAgain: Bool, isUntrue: Bool) throws(FormError) {
        self.rejected = rejected
        at = time
        self.isHandedInAgain = isHandedInAgain
        self.isUntrue = isUntrue
        digest = Base32.encode(Hash.sha256(try rejected.rejection.derBytes()).bytes)
    }
}

/// The rejections that the relay signed, each with its statement in an encrypted file: evidence, which no later answer
/// takes the place of.
///
/// A file is named by statement and rejection, `STATEMENT-DIGEST.rejection`; version 0.1 named it by the statement
/// alone.
struct KeptRejections: Sendable {
    /// Of one statement. Beyond it go those in the middle: the first one and those that cannot be true stay.
    static let mostOfOne = 16
    private static let purpose = "rejection"
    private static let suffix = ".rejection"
    private static let limit = RejectedStatement.longest + 64
    private let folder: String
    private let keys: any DelegateKeys

    private typealias Named = (name: String, kept: KeptRejection)

    init(_ home: DeskHome, _ keys: any DelegateKeys) {
        folder = home.rejectionsFolder
        self.keys = keys
    }

    private func path(_ name: String) -> String { "\(folder)/\(name)\(Self.suffix)" }

    private static func statement(_ name: String) -> StatementID? {
        name.split(separator: "-", maxSplits: 1).first.flatMap { StatementID(String($0)) }
    }

    private func names(of statement: StatementID) -> [String] {
        FolderNames.list(folder, ending: Self.suffix).filter { Self.statement($0) == statement }
    }

    /// Keeps a rejection beside the earlier ones of its statement; one that is there already is the last word again.
    func keep(_ rejected: RejectedStatement, at time: Timestamp, isUntrue: Bool) async throws {
        if !DeskFile.exists(folder) { try Durable.makeFolder(path: folder) }
        let key = try await keys.archiveKey()
        try FileLock.held("\(folder)/lock") {
            // A damaged one does not keep another one out.
            let others: [Named] = names(of: rejected.statement.id).compactMap { name in
                (try? read(name, key)).flatMap { $0 }.map { (name, $0) }
            }
            let same = others.first { $0.kept.rejected == rejected }
            let kept = try KeptRejection(
                rejected, at: same?.kept.at ?? time, isHandedInAgain: false,
                isUntrue: isUntrue || same?.kept.isUntrue ?? false)
            try write(kept, to: same?.name ?? "\(rejected.statement.id)-\(kept.digest)", key)
            if same == nil { try thin(others) }
        }
    }

    /// - Parameter earlier: all of one statement but for the newest.
    private func thin(_ earlier: [Named]) throws {
        let excess = earlier.count + 1 - Self.mostOfOne
        guard excess > 0 else { return }
        let middle = earlier.sorted { ($0.kept.at, $0.name) < ($1.kept.at, $1.name) }.dropFirst()
        for old in middle.filter({ !$0.kept.isUntrue }).prefix(excess) { try DeskFile.remove(path(old.name)) }
    }

    /// Notes that a rejected statement is handed in again: to be accepted then contradicts none of its rejections.
    func handIn(_ statement: StatementID) async throws {
        guard !names(of: statement).isEmpty else { return }
        let key = try await keys.archiveKey()
        try FileLock.held("\(folder)/lock") {
            for name in names(of: statement) {
                guard let kept = try read(name, key), !kept.isHandedInAgain else { continue }
                let marked = try KeptRejection(
                    kept.rejected, at: kept.at, isHandedInAgain: true, isUntrue: kept.isUntrue)
                try write(marked, to: name, key)
            }
        }
    }

    /// All of them, the newest first.
    /// - Throws: ``Archive/ArchiveError``, ``DeskError`` `rejection-damaged`, ``Keyring/KeyringError``.
    func all() async throws -> [KeptRejection] {
        let names = FolderNames.list(folder, ending: Self.suffix).filter { Self.statement($0) != nil }
        guard !names.isEmpty else { return [] }
        let key = try await keys.archiveKey()
        return try names.compactMap { try read($0, key) }.sorted { ($0.at, $0.digest) > ($1.at, $1.digest) }
    }

    private func write(_ kept: KeptRejection, to name: String, _ key: ArchiveKey) throws {
        let flags: UInt8 = (kept.isHandedInAgain ? 1 : 0) | (kept.isUntrue ? 2 : 0)
        let strings = [ByteStrings.number(kept.at.milliseconds), [flags], try kept.rejected.bytes()]
        try SealedFile.write(ByteStrings.pack(strings), to: path(name), key: key, purpose: Self.purpose)
    }

    private func read(_ name: String, _ key: ArchiveKey) throws -> KeptRejection? {
        let path = path(name)
        guard let bytes = try SealedFile.read(path, key: key, purpose: Self.purpose, limit: Self.limit) else {
            return nil
        }
        guard let strings = ByteStrings.unpack(bytes, count: 3), let at = ByteStrings.number(strings[0]),
            Timestamp.range.contains(Int64(bitPattern: at)), let flags = strings[1].first, strings[1].count == 1,
            flags < 4, let rejected = try? RejectedStatement(parsing: strings[2]),
            rejected.statement.id == Self.statement(name),
            let kept = try? KeptRejection(
                rejected, at: Timestamp(milliseconds: Int64(bitPattern: at)), isHandedInAgain: flags & 1 == 1,
                isUntrue: flags & 2 == 2)
        else {
            throw DeskError(
                "rejection-damaged", "\(path) is not what this desk wrote there.", hint: "remove it",
                kind: .verification)
        }
        return kept
    }
}

extension KeptRejections {
    private var mark: String { "\(folder)/looked" }

    /// The statements whose turn it is, going on behind where the last turn ended; the order is that of identifiers,
    /// in which the relay has no say.
    func turn(of statements: some Sequence<StatementID>, most: Int) -> [StatementID] {
        let all = statements.sorted()
        guard all.count > most, let bytes = try? DeskFile.readIfThere(mark, limit: 128),
            let last = StatementID(String(decoding: bytes, as: UTF8.self))
        else { return Array(all.prefix(most)) }
        let start = all.firstIndex { $0 > last } ?? 0
        return Array((all[start...] + all[..<start]).prefix(most))
    }

    /// Where the next turn goes on. Losing it costs a look, nothing else.
    func endTurn(at statement: StatementID) {
        try? Durable.write(path: mark, bytes: Array("\(statement)".utf8), mode: 0o600, exclusive: false)
    }
}
