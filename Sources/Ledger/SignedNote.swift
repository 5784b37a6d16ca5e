/// A text with signature lines (C2SP signed-note). Holding one says nothing about its signatures: verify it.
public struct SignedNote: Hashable, Sendable {
    /// The longest note that is read or written, in bytes.
    public static let maximumByteCount = 65_536
    /// The most signature lines that are read or written.
    public static let maximumSignatureCount = 100

    /// The signed bytes: one or more lines, each ended by a line feed.
    public let text: [UInt8]
    /// The signature lines in their order.
    public private(set) var signatures: [NoteSignature]

    /// A signature that was checked against a configured key.
    public struct Verified: Hashable, Sendable {
        public let key: VerifierKey
        /// When a cosigner signed; `nil` for a log key.
        public let time: CosignatureTime?
    }

    /// Reads a note.
    public init(parsing bytes: [UInt8]) throws(NoteError) {
        guard bytes.count <= SignedNote.maximumByteCount else { throw .tooLarge }
        guard let end = SignedNote.endOfText(bytes), SignedNote.isClean(bytes), bytes.last == 0x0a else {
            throw .malformed
        }
        let lines = bytes[(end + 1)...].dropLast()
            .split(separator: 0x0a, maxSplits: SignedNote.maximumSignatureCount, omittingEmptySubsequences: false)
        guard lines.count <= SignedNote.maximumSignatureCount else { throw .tooLarge }
        var signatures: [NoteSignature] = []
        for line in lines {
            guard let signature = NoteSignature(line: line) else { throw .malformed }
            signatures.append(signature)
        }
        self.text = Array(bytes[..<end])
        self.signatures = signatures
    }

    /// A note with its first signature.
    ///
    /// - Parameter text: UTF-8, no control characters but line feeds, ended by a line feed.
    public init(text: [UInt8], signature: NoteSignature) throws(NoteError) {
        guard text.last == 0x0a, SignedNote.isClean(text) else { throw .malformed }
        self.text = text
        self.signatures = []
        try append(signature)
    }

    /// The note as it is published.
    public var bytes: [UInt8] {
        signatures.reduce(into: text + [0x0a]) { $0 += $1.line }
    }

    /// Adds a signature line; one that is already there is left as it is.
    public mutating func append(_ signature: NoteSignature) throws(NoteError) {
        guard !signatures.contains(signature) else { return }
        guard signatures.count < SignedNote.maximumSignatureCount,
            bytes.count + signature.line.count <= SignedNote.maximumByteCount
        else { throw .tooLarge }
        signatures.append(signature)
    }

    /// Checks the signatures by the configured keys and ignores all others.
    ///
    /// - Returns: one item for each key that signed, in the order of the note. Of several cosignatures by one key,
    ///   the latest counts.
    /// - Throws: ``NoteError/invalidSignature(name:)`` when one by a configured key does not hold, and
    ///   ``NoteError/noKnownSignature`` when there is none.
    public func verify(keys: [VerifierKey]) throws(NoteError) -> [Verified] {
        var verified: [Verified] = []
        for signature in signatures {
            // Two keys of one name and ID can be told apart by nothing but trying: the first configured one counts.
            guard let key = keys.first(where: { signature.isBy($0) }) else { continue }
            let time = try signature.verify(text: text, key: key)
            guard let known = verified.firstIndex(where: { $0.key == key }) else {
                verified.append(Verified(key: key, time: time))
                continue
            }
            if let time, let before = verified[known].time, time > before {
                verified[known] = Verified(key: key, time: time)
            }
        }
        guard !verified.isEmpty else { throw .noKnownSignature }
        return verified
    }

    /// Where the text ends: after the first line feed of the last empty line.
    private static func endOfText(_ bytes: [UInt8]) -> Int? {
        var position = bytes.count - 1
        while position > 0 {
            if bytes[position] == 0x0a, bytes[position - 1] == 0x0a { return position }
            position -= 1
        }
        return nil
    }

    /// UTF-8 without control characters other than line feeds.
    private static func isClean(_ bytes: [UInt8]) -> Bool {
        bytes.allSatisfy { $0 >= 0x20 || $0 == 0x0a } && String(validating: bytes, as: UTF8.self) != nil
    }
}
