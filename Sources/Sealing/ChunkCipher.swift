import Crypto
import Envelope
import FoundationEssentials
import Statements

/// The STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár, "Online Authenticated-Encryption and its Nonce-Reuse
/// Misuse-Resistance") over AES-256-GCM: the nonce is an 11-byte counter and a byte that is 1 for the last chunk, so
/// that chunks cannot be dropped, moved or cut off. Chunks depend on nothing but their place, so that they are sealed
/// and opened in any order.
struct ChunkCipher: Sendable {
    private let key: SymmetricKey

    init(key: SymmetricKey) { self.key = key }

    /// Seals the chunk of this place: appends its ciphertext, then its tag.
    func seal(
        _ chunk: ArraySlice<UInt8>, at place: UInt64, isLast: Bool, into sealed: inout [UInt8]
    ) throws(SealingError) {
        do {
            let nonce = try Self.nonce(place, isLast)
            let box = try AES.GCM.seal(chunk, using: key, nonce: nonce)
            guard let combined = box.combined else { throw SealingError.failed("seal a chunk") }
            combined.withUnsafeBytes { sealed.append(contentsOf: $0.dropFirst(Self.nonceBytes)) }
        } catch { throw SealingError.failed("seal a chunk") }
    }

    /// Opens the chunk of this place.
    /// - Throws: `UnreadableReason.content` when it is not the one that was sealed for it.
    func open(_ sealed: [UInt8], at place: UInt64, isLast: Bool) throws(UnreadableReason) -> [UInt8] {
        guard sealed.count > EnvelopeFormat.tag else { throw .content }
        let split = sealed.count - EnvelopeFormat.tag
        do {
            let box = try AES.GCM.SealedBox(
                nonce: Self.nonce(place, isLast), ciphertext: sealed[..<split], tag: sealed[split...])
            return Array(try AES.GCM.open(box, using: key))
        } catch { throw .content }
    }

    private static let nonceBytes = 12

    private static func nonce(_ place: UInt64, _ isLast: Bool) throws -> AES.GCM.Nonce {
        try AES.GCM.Nonce(data: [0, 0, 0] + BigEndian.bytes(place) + [isLast ? 1 : 0])
    }
}
