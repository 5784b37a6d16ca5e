import Crypto
import FoundationEssentials
import Keyring

/// AES-256-GCM with a random 96-bit nonce: `nonce (12), ciphertext, tag (16)`.
///
/// Random nonces, never counted ones: a tail that was cut off is written again at the same place.
struct Seal: Sendable {
    static let overhead = 28
    private let key: SymmetricKey

    init(_ key: ArchiveKey, purpose: String) { self.key = key.key(for: purpose) }

    func seal(_ plaintext: [UInt8], _ context: [UInt8]) -> [UInt8]? {
        guard let box = try? AES.GCM.seal(plaintext, using: key, authenticating: context) else { return nil }
        var sealed: [UInt8] = []
        sealed.reserveCapacity(plaintext.count + Self.overhead)
        sealed.append(contentsOf: box.nonce)
        sealed.append(contentsOf: box.ciphertext)
        sealed.append(contentsOf: box.tag)
        return sealed
    }

    /// Nil unless these bytes were sealed under this key in this context.
    func open(_ sealed: ArraySlice<UInt8>, _ context: [UInt8]) -> [UInt8]? {
        guard sealed.count >= Self.overhead else { return nil }
        let start = sealed.startIndex
        guard let nonce = try? AES.GCM.Nonce(data: sealed[start..<start + 12]),
            let box = try? AES.GCM.SealedBox(
                nonce: nonce, ciphertext: sealed[(start + 12)..<(sealed.endIndex - 16)], tag: sealed.suffix(16)),
            let plaintext = try? AES.GCM.open(box, using: key, authenticating: context)
        else { return nil }
        return [UInt8](plaintext)
    }
}

/// Eight bytes that only the holder of the key can put to a length and a place, so that no length is believed that
/// damage or a stranger has written.
struct HeaderTag: Sendable {
    static let byteCount = 8
    private let key: SymmetricKey

    init(_ key: ArchiveKey, purpose: String) { self.key = key.key(for: purpose) }

    func tag(_ bytes: [UInt8]) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: bytes, using: key).prefix(Self.byteCount))
    }
}
