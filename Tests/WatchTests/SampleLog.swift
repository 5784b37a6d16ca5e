import Crypto
import Ledger
import Testing
import Watch

/// A log of 300 entries, of which any smaller tree can be shown, and a fork of it after entry 100.
struct SampleLog: Sendable {
    let signer: NoteSigner
    private let tree: TileBuilder
    private let fork: TileBuilder

    init(_ name: String = "log.example/a", seed: UInt8 = 1) throws {
        signer = try SampleLog.signer(name, .ed25519, seed: seed)
        var tree = TileBuilder()
        var fork = TileBuilder()
        for number in 0..<300 {
            tree.append(Merkle.leafHash(Array("entry \(number)".utf8)))
            fork.append(Merkle.leafHash(Array("entry \(number)\(number < 100 ? "" : " of the fork")".utf8)))
        }
        self.tree = tree
        self.fork = fork
    }

    static func signer(_ name: String, _ kind: VerifierKey.Kind, seed: UInt8) throws -> NoteSigner {
        let key = try Curve25519.Signing.PrivateKey(rawRepresentation: [UInt8](repeating: seed, count: 32))
        return try NoteSigner(name: #require(NoteName(name)), kind: kind, privateKey: key)
    }

    var key: VerifierKey { signer.key }
    var origin: Hash { Hash.sha256(key.name.bytes) }

    func checkpoint(_ size: UInt64, forked: Bool = false) throws -> Checkpoint {
        let root = try Merkle.root(size: TreeSize(size), from: forked ? fork : tree)
        return try Checkpoint(origin: key.name, size: TreeSize(size), root: root)
    }

    /// The body of a request.
    func request(_ old: UInt64, _ new: UInt64, forked: Bool = false) throws -> [UInt8] {
        let source = forked ? fork : tree
        let proof =
            old == 0 || old >= new
            ? ConsistencyProof(hashes: [])
            : try ConsistencyProof.make(from: TreeSize(old), to: TreeSize(new), from: source)
        let note = try checkpoint(new, forked: forked).signed(by: signer)
        return try AddCheckpointRequest(oldSize: TreeSize(old), proof: proof, note: note).bytes
    }
}
