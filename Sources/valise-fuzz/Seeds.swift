import Crypto
import Envelope
import Foundation
import Keyring
import Ledger
import Sealing
import Statements

/// The first corpus of every target: the known answers of `Tests/Vectors/valise`, and a few of what has none there.
enum Seeds {
    /// The charter, originator and nonce of the content seed.
    static let context = SealContext(
        charter: CharterID(Hash.sha256([1])), originator: PartyID("us-envoy")!,
        nonce: Nonce([UInt8](repeating: 7, count: 32))!)

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Writes `CORPORA/<target>/<name>`. Every seed must be accepted by its target, and every target must have one.
    static func write(vectors: String, corpora: String) throws {
        var seeds = try texts() + known(vectors) + envelopes() + keys(in: corpora)
        seeds += [("content", "one", try content())]
        seeds += try ArchiveTargets.seeds(seeds)
        seeds += try FormatTargets.seeds(vectors)
        seeds += try WitnessTargets.seeds()
        for target in FuzzTarget.all {
            let own = seeds.filter { $0.target == target.name }
            guard !own.isEmpty else { throw Failure(description: "no seed for \(target.name)") }
            let folder = "\(corpora)/\(target.name)"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            for seed in own {
                guard target.accepts(seed.bytes) else {
                    throw Failure(description: "\(target.name) refuses its seed \(seed.name)")
                }
                try Data(seed.bytes).write(to: URL(fileURLWithPath: "\(folder)/\(seed.name)"))
            }
            print("\(target.name): \(own.count) seeds")
        }
    }

    typealias Seed = (target: String, name: String, bytes: [UInt8])

    private struct KnownAnswer: Decodable {
        let name: String
        let type: String
        let der: String
    }

    private static func known(_ vectors: String) throws -> [Seed] {
        let names = ["charter", "statements", "log", "contexts", "verdicts", "scopes"]
        return try names.flatMap { file in
            let data = try Data(contentsOf: URL(fileURLWithPath: "\(vectors)/valise/\(file).json"))
            return try JSONDecoder().decode([KnownAnswer].self, from: data).map { answer in
                (answer.type, answer.name, Base64.decode(answer.der) ?? [])
            }
        }
    }

    private static func signer(_ seed: UInt8) throws -> Curve25519.Signing.PrivateKey {
        try Curve25519.Signing.PrivateKey(rawRepresentation: [UInt8](repeating: seed, count: 32))
    }

    private static func texts() throws -> [Seed] {
        guard let name = NoteName("log.example/talks"), let lead = DelegateID("us-envoy/lead") else {
            throw Failure(description: "names")
        }
        let log = try NoteSigner(name: name, kind: .ed25519, privateKey: try signer(1))
        let witness = try NoteSigner(name: name, kind: .cosignature, privateKey: try signer(2))
        let checkpoint = try Checkpoint(origin: name, size: 70_000, root: Hash.sha256([1]))
        var note = try checkpoint.signed(by: log)
        if let time = CosignatureTime(seconds: 1_700_000_000) {
            try note.append(try witness.cosign(text: checkpoint.text, at: time))
        }
        let key = try signer(3)
        let publicKey = [UInt8](key.publicKey.rawRepresentation)
        let made = Timestamp(milliseconds: 1_700_000_000_000)
        let message = try Card.message(id: lead, signingKey: publicKey, madeAt: made)
        let card = Card(
            id: lead, signingKey: publicKey, madeAt: made, signature: [UInt8](try key.signature(for: message)))
        let signature = CharterSignature(
            charter: context.charter, signature: OpenSignature(signer: lead, signature: card.signature))
        let root = try TLSRoot.make(commonName: "relay", now: made.milliseconds)
        let relay = RelayPublicText(
            url: "https://localhost:8443", origin: "log.example/talks", logKey: publicKey, actKey: publicKey,
            tlsRoot: try root.der)
        return [
            ("note", "cosigned", note.bytes), ("checkpoint", "large", checkpoint.text),
            ("verifier-key", "log", Array(log.key.text.utf8)),
            ("verifier-key", "witness", Array(witness.key.text.utf8)),
            ("tile-path", "full", Array("tile/0/x001/x234/067".utf8)),
            ("tile-path", "partial", Array("tile/63/000.p/255".utf8)),
            ("tile-path", "entries", Array("tile/entries/x001/000.p/1".utf8)),
            ("bundle", "three", [2] + (try EntryBundle.encode([[1, 2, 3], [], [4]]))),
            ("encodings", "base64", Array("YWJjZA==".utf8)), ("encodings", "base32", Array("mfrggza".utf8)),
            ("encodings", "hex", Array("00ff7e".utf8)), ("card", "lead", Array(card.text.utf8)),
            ("charter-signature", "lead", Array(signature.text.utf8)), ("relay-public", "one", Array(relay.text.utf8)),
            ("certificate", "root", root.certificate),
        ]
    }

    private static func keys(in corpora: String) throws -> [Seed] {
        let folder = "\(corpora)/.keys"
        try? FileManager.default.removeItem(atPath: folder)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let signing = try SigningKey(seed: [UInt8](repeating: 5, count: 32))
        let sealing = try SealingKey(seed: [UInt8](repeating: 6, count: 32))
        let open = KeyProtection.unattended
        let closed = KeyProtection.passphrase(try Passphrase(KeyTargets.passphrase))
        try KeyFile(path: "\(folder)/signing").write(signing, open)
        try KeyFile(path: "\(folder)/sealing").write(sealing, open)
        try KeyFile(path: "\(folder)/closed-signing").write(signing, closed, cost: .negligible)
        try KeyFile(path: "\(folder)/closed-sealing").write(sealing, closed, cost: .negligible)
        return try ["signing", "sealing", "closed-signing", "closed-sealing"].map { name in
            let target = name.hasPrefix("closed") ? "encrypted-key-file" : "key-file"
            return (target, name, [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))))
        }
    }
}
