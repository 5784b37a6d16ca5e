/// A file that proves by itself that a log holds something and that witnesses have seen it (C2SP tlog-proof, version 1;
/// its files end in `.tlog-proof`).
///
/// Holding one says nothing: ``verify(leaf:policy:)`` does. What the leaf hash is of, the application knows.
public struct TlogProof: Hashable, Sendable {
    /// The longest file that is read, in bytes: its head, the longest extra data, 63 hashes and the longest note.
    public static let maximumByteCount = 131_072
    /// The longest extra data, in bytes.
    public static let maximumExtraByteCount = 32_768
    /// The most hashes: a tree below 2^63 entries has no longer path.
    public static let maximumHashCount = 63

    /// Where the entry stands in the log.
    public let index: LogIndex
    public let inclusion: InclusionProof
    /// The log's signed checkpoint, with cosignatures or without.
    public let checkpoint: SignedNote
    /// Whatever the maker put beside it; not empty. **Nothing authenticates it.**
    public let extra: [UInt8]?

    /// - Throws: ``TlogProofError/tooLarge`` for more hashes or extra data than a file may have. Empty extra data
    ///   counts as none.
    public init(
        index: LogIndex, inclusion: InclusionProof, checkpoint: SignedNote, extra: [UInt8]? = nil
    ) throws(TlogProofError) {
        guard inclusion.hashes.count <= TlogProof.maximumHashCount, index.rawValue < TreeSize.limit,
            (extra?.count ?? 0) <= TlogProof.maximumExtraByteCount
        else { throw .tooLarge }
        self.index = index
        self.inclusion = inclusion
        self.checkpoint = checkpoint
        self.extra = extra?.isEmpty == true ? nil : extra
    }

    private static let title = "c2sp.org/tlog-proof@v1"

    /// Reads a file in its only spelling.
    public init(parsing bytes: [UInt8]) throws(TlogProofError) {
        guard bytes.count <= TlogProof.maximumByteCount else { throw .tooLarge }
        // No line of the head is empty, so the first empty line ends it.
        guard let end = ProofLines.endOfHead(bytes) else { throw .malformed }
        // Title, extra, index and the hashes; one more tells that there are too many.
        let most = 3 + TlogProof.maximumHashCount
        var lines = bytes[..<end].split(separator: 0x0a, maxSplits: most, omittingEmptySubsequences: false)[...]
        guard lines.popFirst()?.elementsEqual(TlogProof.title.utf8) == true else { throw .malformed }
        var extra: [UInt8]?
        if let coded = ProofLines.value(of: "extra", in: lines.first) {
            lines = lines.dropFirst()
            guard coded.count <= (TlogProof.maximumExtraByteCount + 2) / 3 * 4 else { throw .tooLarge }
            guard let decoded = Base64.decode(coded), !decoded.isEmpty else { throw .malformed }
            extra = decoded
        }
        guard let index = ProofLines.value(of: "index", in: lines.popFirst()).flatMap({ LogIndex(decimal: $0) }) else {
            throw .malformed
        }
        guard lines.count <= TlogProof.maximumHashCount else { throw .tooLarge }
        guard let hashes = ProofLines.hashes(lines) else { throw .malformed }
        let checkpoint: SignedNote
        do { checkpoint = try SignedNote(parsing: Array(bytes[(end + 2)...])) } catch { throw .note(error) }
        try self.init(index: index, inclusion: InclusionProof(hashes: hashes), checkpoint: checkpoint, extra: extra)
    }

    /// The file.
    public var bytes: [UInt8] {
        var head = "\(TlogProof.title)\n"
        if let extra { head += "extra \(Base64.encode(extra))\n" }
        head += "index \(index)\n"
        return Array(head.utf8) + ProofLines.text(inclusion.hashes) + [0x0a] + checkpoint.bytes
    }

    /// What a proof has shown.
    public struct Verified: Hashable, Sendable {
        public let checkpoint: Checkpoint
        /// The witnesses of the policy that cosigned, with their times.
        public let cosignatures: [SignedNote.Verified]
    }

    /// Checks everything: a log of the policy signed the checkpoint, its quorum cosigned it, and the tree has the leaf
    /// at ``index``.
    public func verify(leaf: Hash, policy: WitnessPolicy) throws(TlogProofError) -> Verified {
        let checkpoint: Checkpoint
        let cosignatures: [SignedNote.Verified]
        do { (checkpoint, cosignatures) = try policy.open(self.checkpoint) } catch { throw .note(error) }
        guard policy.isSatisfied(by: cosignatures.map(\.key)) else {
            throw .quorumNotMet(cosigners: cosignatures.map { $0.key.name.description })
        }
        do {
            try inclusion.verify(leaf: leaf, index: index, size: checkpoint.size, root: checkpoint.root)
        } catch { throw .proof(error) }
        return Verified(checkpoint: checkpoint, cosignatures: cosignatures)
    }
}

/// What the heads of proof files and of requests to witnesses have in common.
enum ProofLines {
    /// Where the line feed of the last line before the first empty line stands.
    static func endOfHead(_ bytes: [UInt8]) -> Int? {
        guard bytes.count >= 2 else { return nil }
        return (0..<bytes.count - 1).first { bytes[$0] == 0x0a && bytes[$0 + 1] == 0x0a }
    }

    /// What follows the word and one space; `nil` for another line.
    static func value(of word: String, in line: ArraySlice<UInt8>?) -> ArraySlice<UInt8>? {
        guard let line, line.starts(with: word.utf8), line.dropFirst(word.utf8.count).first == 0x20 else { return nil }
        return line.dropFirst(word.utf8.count + 1)
    }

    /// One hash a line, in base64; `nil` if one is not. The caller has bounded their number.
    static func hashes(_ lines: ArraySlice<ArraySlice<UInt8>>) -> [Hash]? {
        var hashes: [Hash] = []
        hashes.reserveCapacity(lines.count)
        for line in lines {
            // 44 characters are 32 bytes; nothing longer is decoded.
            guard line.count == 44, let hash = Base64.decode(line).flatMap({ Hash($0) }) else { return nil }
            hashes.append(hash)
        }
        return hashes
    }

    static func text(_ hashes: [Hash]) -> [UInt8] {
        hashes.reduce(into: []) { $0 += Array("\(Base64.encode($1.bytes))\n".utf8) }
    }
}
