/// One signature line of a note: who, and the bytes that the key of that name and ID can judge.
public struct NoteSignature: Hashable, Sendable {
    public let name: NoteName
    public let keyID: NoteKeyID
    /// What follows the key ID: 64 bytes for a log key, 72 for a cosigner (time and signature), other counts for
    /// types not known here. Never empty.
    public let signature: [UInt8]

    init(name: NoteName, keyID: NoteKeyID, signature: [UInt8]) {
        self.name = name
        self.keyID = keyID
        self.signature = signature
    }

    /// U+2014 and a space.
    private static let dash: [UInt8] = [0xe2, 0x80, 0x94, 0x20]

    /// Reads one line, without its line feed, in its only spelling; `nil` otherwise.
    public init?(line: ArraySlice<UInt8>) {
        guard line.starts(with: NoteSignature.dash) else { return nil }
        let rest = line.dropFirst(NoteSignature.dash.count)
        guard let space = rest.firstIndex(of: 0x20), let name = NoteName(rest[..<space]),
            let payload = Base64.decode(rest[(space + 1)...]), payload.count >= 5
        else { return nil }
        self.init(name: name, keyID: NoteKeyID(bytes: payload[..<4]), signature: Array(payload[4...]))
    }

    /// The line with its line feed.
    public var line: [UInt8] {
        NoteSignature.dash + name.bytes + [0x20] + Array(Base64.encode(keyID.bytes + signature).utf8) + [0x0a]
    }

    /// Whether this line claims to be by the key.
    public func isBy(_ key: VerifierKey) -> Bool {
        keyID == key.id && name == key.name
    }

    /// Checks the signature over the text of a note.
    ///
    /// - Returns: the time of a cosignature; `nil` for the signature of a log key.
    /// - Throws: ``NoteError/invalidSignature(name:)``, also for a line that is not by the key.
    @discardableResult
    public func verify(text: [UInt8], key: VerifierKey) throws(NoteError) -> CosignatureTime? {
        guard isBy(key) else { throw .invalidSignature(name: key.name.description) }
        switch key.kind {
        case .ed25519:
            guard key.prepared.verify(signature: signature, message: text) else {
                throw .invalidSignature(name: key.name.description)
            }
            return nil
        case .cosignature:
            guard signature.count == 8 + PinnedEd25519.signatureByteCount,
                let time = CosignatureTime(seconds: signature[..<8].reduce(0) { $0 << 8 | UInt64($1) }),
                key.prepared.verify(
                    signature: Array(signature[8...]), message: CosignatureTime.message(text: text, time: time))
            else { throw .invalidSignature(name: key.name.description) }
            return time
        }
    }
}
