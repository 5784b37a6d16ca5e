import Crypto
import Envelope
import FoundationEssentials
import Statements

/// The STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár, "Online Authenticated-Encryption and its Nonce-Reuse
/// Misuse-Resistance") over AES-256-GCM: the nonce is an 11-byte counter and a byte that is 1 for the last chunk, so
/// that chunks cannot be dropped, moved or cut off.
struct ChunkCipher {
    private let key: SymmetricKey
    private var counter: UInt64 = 0

    init(key: SymmetricKey) { self.key = key }

    /// Seals the next chunk: its ciphertext, then its tag.
    mutating func seal(_ chunk: [UInt8], isLast: Bool) throws(SealingError) -> [UInt8] {
        do {
            let box = try AES.GCM.seal(chunk, using: key, nonce: nextNonce(isLast))
            var sealed: [UInt8] = []
            sealed.reserveCapacity(chunk.count + EnvelopeFormat.tag)
            sealed.append(contentsOf: box.ciphertext)
            sealed.append(contentsOf: box.tag)
            return sealed
        } catch { throw SealingError.failed("seal a chunk") }
    }

    /// Opens the next chunk.
    /// - Throws: `UnreadableReason.content` when it is not the one that was sealed for this place.
    mutating func open(_ sealed: [UInt8], isLast: Bool) throws(UnreadableReason) -> [UInt8] {
        guard sealed.count > EnvelopeFormat.tag else { throw .content }
        let split = sealed.count - EnvelopeFormat.tag
        do {
            let box = try AES.GCM.SealedBox(
                nonce: nextNonce(isLast), ciphertext: sealed[..<split], tag: sealed[split...])
            return Array(try AES.GCM.open(box, using: key))
        } catch { throw .content }
    }

    private mutating func nextNonce(_ isLast: Bool) throws -> AES.GCM.Nonce {
        let bytes: [UInt8] = [0, 0, 0] + BigEndian.bytes(counter) + [isLast ? 1 : 0]
        counter += 1
        return try AES.GCM.Nonce(data: bytes)
    }
}
