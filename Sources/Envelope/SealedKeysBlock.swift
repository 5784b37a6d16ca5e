package import Ledger
package import Statements

/// The content key of one payload, sealed to each listed key in the submission's order
/// (`Docs/Specification.md#sealed-keys`): 1,200 bytes a key.
package struct SealedKeysBlock: Hashable, Sendable {
    /// The most bytes that a block can have.
    package static let longest = Bounds.sealedTo * SealedKey.byteCount
    /// The block as it stands in the file.
    package let bytes: [UInt8]

    /// - Throws: ``EnvelopeError`` unless there are 1 to ``Bounds/sealedTo`` whole sealed keys.
    package init(_ bytes: [UInt8]) throws(EnvelopeError) {
        guard bytes.count <= Self.longest else {
            throw EnvelopeError(.oversized, "sealed-keys block", expected: "at most \(Self.longest) bytes")
        }
        guard !bytes.isEmpty, bytes.count.isMultiple(of: SealedKey.byteCount) else {
            throw EnvelopeError(.malformed, "sealed-keys block", expected: "whole keys of \(SealedKey.byteCount) bytes")
        }
        self.bytes = bytes
    }

    /// - Throws: ``EnvelopeError`` unless there are 1 to ``Bounds/sealedTo`` of them.
    package init(_ keys: [SealedKey]) throws(EnvelopeError) {
        guard keys.count <= Bounds.sealedTo else {
            throw EnvelopeError(.oversized, "sealed-keys block", expected: "at most \(Bounds.sealedTo) keys")
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(keys.count * SealedKey.byteCount)
        for key in keys {
            key.keyID.hash.append(to: &bytes)
            bytes += key.enc
            bytes += key.ciphertext
        }
        try self.init(bytes)
    }

    package var count: Int { bytes.count / SealedKey.byteCount }

    /// What a submission signs as `sealedKeysDigest`.
    package var digest: Hash { Label.sealedKeys.hash(bytes) }

    /// The keys in the block's order.
    package var keys: [SealedKey] { (0..<count).map(key) }

    package var keyIDs: [KeyID] { (0..<count).map(keyID) }

    /// The first entry for a key; nil if the block has none.
    package func key(for id: KeyID) -> SealedKey? {
        (0..<count).first { keyID($0) == id }.map(key)
    }

    /// - Throws: ``EnvelopeError`` unless this is the block that a submission signs.
    func expect(toBeOf submission: Submission) throws(EnvelopeError) {
        guard keyIDs == submission.sealedTo else {
            throw EnvelopeError(.blockMismatch, "sealed-keys block", expected: "the submission's keys in their order")
        }
        guard digest == submission.sealedKeysDigest else {
            throw EnvelopeError(.digestMismatch, "sealed-keys block", expected: "the block whose digest was signed")
        }
    }

    private func keyID(_ index: Int) -> KeyID {
        let start = index * SealedKey.byteCount
        return KeyID(Hash(bytes[start..<start + Hash.byteCount]) ?? .zero)
    }

    private func key(_ index: Int) -> SealedKey {
        let enc = index * SealedKey.byteCount + Hash.byteCount
        let ciphertext = enc + SealedKey.encByteCount
        return SealedKey(
            unchecked: keyID(index), enc: Array(bytes[enc..<ciphertext]),
            ciphertext: Array(bytes[ciphertext..<ciphertext + SealedKey.ciphertextByteCount]))
    }
}

/// The content key sealed to one key: HPKE's encapsulated key and its one ciphertext (RFC 9180, X-Wing).
package struct SealedKey: Hashable, Sendable {
    /// Bytes of an X-Wing encapsulation.
    package static let encByteCount = 1_120
    /// 32 bytes of content key and a tag of 16.
    package static let ciphertextByteCount = 48
    package static let byteCount = Hash.byteCount + encByteCount + ciphertextByteCount

    package let keyID: KeyID
    package let enc: [UInt8]
    package let ciphertext: [UInt8]

    /// Nil unless `enc` has 1,120 bytes and `ciphertext` 48.
    package init?(keyID: KeyID, enc: [UInt8], ciphertext: [UInt8]) {
        guard enc.count == Self.encByteCount, ciphertext.count == Self.ciphertextByteCount else { return nil }
        self.init(unchecked: keyID, enc: enc, ciphertext: ciphertext)
    }

    fileprivate init(unchecked keyID: KeyID, enc: [UInt8], ciphertext: [UInt8]) {
        self.keyID = keyID
        self.enc = enc
        self.ciphertext = ciphertext
    }
}
