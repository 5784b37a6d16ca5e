import Crypto
import Envelope
import Foundation
import Ledger
import Sealing
import Statements

/// An originator (or a recipient who turned originator) that seals what it likes: the formats of the specification,
/// written down a second time.
struct Forge {
    var scene: Scene
    var contentKey = [UInt8](repeating: 0x55, count: 32)
    /// What the payload key is derived under; the scene's context unless an old payload is used again.
    var keyContext: SealContext
    var content: [UInt8]
    var contentCommitment: Hash
    /// Uses these bytes as payload instead of sealing the content.
    var payload: [UInt8]?
    var keyCommitment: Hash?
    /// Changes the payload before anything is committed to it.
    var spoil: (inout [UInt8]) -> Void = { _ in }

    init(_ scene: Scene, manifest: Manifest, parts: [[UInt8]]) throws {
        self.scene = scene
        keyContext = scene.context
        contentCommitment = ContentCommitment.commitment(to: manifest)
        let manifest = try manifest.derBytes()
        content = Self.u32(manifest.count) + manifest + parts.flatMap { $0 }
        var padded = 4_096
        while padded < content.count { padded *= 2 }
        content += [UInt8](repeating: 0, count: padded - content.count)
    }

    static func manifest(_ scene: Scene, _ fields: [Field]) throws -> Manifest {
        try Manifest(
            context: scene.context, fields: fields,
            secret: ManifestSecret([UInt8](repeating: 0x66, count: 32))!)
    }

    static func u32(_ number: Int) -> [UInt8] { withUnsafeBytes(of: UInt32(number).bigEndian) { Array($0) } }
    static func u64(_ number: Int) -> [UInt8] { withUnsafeBytes(of: UInt64(number).bigEndian) { Array($0) } }

    static func label(_ name: String) -> [UInt8] { [UInt8(name.utf8.count + 10)] + Array("valise/v1/\(name)".utf8) }

    static func labelled(_ name: String, _ bytes: [UInt8]) -> Hash { Hash.sha256(label(name) + bytes) }

    static func derive(_ name: String, _ key: [UInt8], _ context: SealContext) throws -> [UInt8] {
        let salt = labelled("seal-context", try context.derBytes())
        return HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: key), salt: salt.bytes, info: label(name), outputByteCount: 32
        ).withUnsafeBytes { Array($0) }
    }

    static func payloadDigest(_ payload: [UInt8]) -> Hash {
        var level = stride(from: 0, to: payload.count, by: 65_552).map {
            Hash.sha256([0] + payload[$0..<min($0 + 65_552, payload.count)])
        }
        while level.count > 1 {
            level = stride(from: 0, to: level.count, by: 2).map {
                $0 + 1 < level.count ? Hash.sha256([1] + level[$0].bytes + level[$0 + 1].bytes) : level[$0]
            }
        }
        return labelled("payload", u64(payload.count) + (level.first ?? Hash.sha256([])).bytes)
    }

    static func sealChunks(_ content: [UInt8], key: [UInt8]) throws -> [UInt8] {
        var payload: [UInt8] = []
        for (index, start) in stride(from: 0, to: content.count, by: 65_536).enumerated() {
            let end = min(start + 65_536, content.count)
            let nonce = [0, 0, 0] + u64(index) + [end == content.count ? 1 : 0]
            let box = try AES.GCM.seal(
                content[start..<end], using: SymmetricKey(data: key), nonce: AES.GCM.Nonce(data: nonce))
            payload += box.ciphertext + box.tag
        }
        return payload
    }

    func make() throws -> Scene.Sealed {
        var payload = try payload ?? Self.sealChunks(content, key: Self.derive("payload-key", contentKey, keyContext))
        spoil(&payload)
        let holders = [scene.recipient, scene.sender].sorted { $0.id < $1.id }
        let derived = Hash(try Self.derive("key-commitment", contentKey, keyContext))!
        let binding = WrapContext(
            legs: scene.legs, sealedTo: holders.map(\.id), payloadDigest: Self.payloadDigest(payload),
            payloadSize: UInt64(payload.count), keyCommitment: keyCommitment ?? derived,
            contentCommitment: contentCommitment)
        let aad = Self.labelled("wrap-context", try binding.derBytes()).bytes
        var block: [UInt8] = []
        for holder in holders {
            let context = Self.labelled("seal-context", try scene.context.derBytes())
            var sender = try HPKE.Sender(
                recipientKey: holder.key.publicKey, ciphersuite: .XWingMLKEM768X25519_SHA256_AES_GCM_256,
                info: Data(Self.label("wrap-info") + context.bytes + holder.id.hash.bytes))
            let ciphertext = try sender.seal(contentKey, authenticating: aad)
            block += holder.id.hash.bytes + sender.encapsulatedKey + ciphertext
        }
        let submission = Submission(
            nonce: scene.nonce, writtenUnder: WrittenUnder(constitution: Revision(0), rosters: []),
            legs: binding.legs, precedence: .priority, expiry: Timestamp(milliseconds: 2_000_000_000_000),
            sealedTo: binding.sealedTo, sealedKeysDigest: Self.labelled("sealed-keys", block),
            payloadDigest: binding.payloadDigest, payloadSize: binding.payloadSize,
            keyCommitment: binding.keyCommitment, contentCommitment: binding.contentCommitment)
        return Scene.Sealed(submission: submission, block: block, payload: payload)
    }
}
