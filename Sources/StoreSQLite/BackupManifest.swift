package import Ledger
package import Statements
package import Store

/// What a backup holds, as a text that `sha256sum --check` reads: lines that begin with `#` say what it is, the others
/// name a file and its digest. The last line is `# end`, so that a manifest that was cut short is known as such.
package struct BackupManifest: Hashable, Sendable {
    package struct File: Hashable, Sendable {
        /// Below the backup's folder.
        package let path: String
        package let digest: Hash
    }

    /// Of the log that the database of the backup has.
    package let head: LogHead
    package let charter: CharterID
    /// The tables' version.
    package let schema: String
    package let madeAt: Timestamp
    /// The database and every envelope file, in the order of their paths.
    package let files: [File]

    /// Its name in the backup's folder.
    package static let name = "manifest"
    static let database = "log.sqlite"
    static let envelopes = "envelopes"
    private static let title = "# valise-backup/v1"
    private static let end = "# end"

    /// The most bytes that are read of a manifest beside so many envelope files. A line has 109; the rest is for facts,
    /// and for some hundred files that have got lost, so that the first of them is named.
    static func longest(of envelopes: Int) -> Int { 65_536 + envelopes * 128 }

    package init(head: LogHead, charter: CharterID, schema: String, madeAt: Timestamp, files: [File]) {
        self.head = head
        self.charter = charter
        self.schema = schema
        self.madeAt = madeAt
        self.files = files.sorted { $0.path < $1.path }
    }

    package var text: String {
        let facts = [
            Self.title, "# size \(head.size)", "# root \(Base64.encode(head.root.bytes))", "# charter \(charter)",
            "# schema \(schema)", "# made \(madeAt.milliseconds)",
        ]
        let lines = files.map { "\(Hex.encode($0.digest.bytes))  \($0.path)" }
        return (facts + lines + [Self.end]).map { $0 + "\n" }.joined()
    }

    /// - Throws: ``StoreError`` `damaged`. Paths other than a backup's own are refused: they become part of a path.
    package init(parsing text: String) throws(StoreError) {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard lines.popLast() == "", lines.popLast() == Self.end, lines.first == Self.title else {
            throw StoreError.damagedBackup("its manifest was cut short, or is of another version")
        }
        var facts: [String: String] = [:]
        var files: [File] = []
        for line in lines.dropFirst() {
            if line.hasPrefix("# ") {
                let words = line.dropFirst(2).split(separator: " ", maxSplits: 1).map(String.init)
                guard words.count == 2 else { throw .damagedBackup("its manifest has a line that says nothing") }
                facts[words[0]] = words[1]
            } else {
                files.append(try Self.file(line))
            }
        }
        guard let size = facts["size"].flatMap({ UInt64($0) }), let made = facts["made"].flatMap({ Int64($0) }),
            let root = facts["root"].flatMap({ Base64.decode($0) }).flatMap({ Hash($0) }),
            let charter = facts["charter"].flatMap({ CharterID($0) }), let schema = facts["schema"],
            files.contains(where: { $0.path == Self.database })
        else { throw .damagedBackup("its manifest does not say what it holds") }
        self.init(
            head: LogHead(size: TreeSize(rawValue: size), root: root), charter: charter, schema: schema,
            madeAt: Timestamp(milliseconds: made), files: files)
    }

    private static func file(_ line: String) throws(StoreError) -> File {
        let parts = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let bytes = Hex.decode(parts[0].utf8), let digest = Hash(bytes) else {
            throw .damagedBackup("its manifest has a line without a digest")
        }
        let path = String(parts[1].dropFirst())
        let isEnvelope =
            path.hasPrefix(envelopes + "/") && StoreFolder.isName(String(path.dropFirst(envelopes.utf8.count + 1)))
        guard path == database || isEnvelope else {
            throw .damagedBackup("its manifest names a file that is no part of a backup")
        }
        return File(path: path, digest: digest)
    }
}

extension StoreError {
    static func damagedBackup(_ what: String) -> StoreError {
        StoreError(.damaged, "the backup is damaged: \(what); take another one")
    }
}
