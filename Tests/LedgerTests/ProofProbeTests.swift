import Foundation
import Ledger
import Testing

@Suite("The proof probes of transparency-dev/merkle")
struct ProofProbeTests {
    struct Inclusion: Decodable {
        let leafIdx: UInt64
        let treeSize: UInt64
        let root: String
        let leafHash: String
        let proof: [String]?
        let desc: String
        let wantErr: Bool
    }

    struct Consistency: Decodable {
        let size1: UInt64
        let size2: UInt64
        let root1: String
        let root2: String
        let proof: [String]?
        let desc: String
        let wantErr: Bool
    }

    @Test("all 98 inclusion probes have the expected verdict")
    func inclusion() throws {
        let probes = try load("inclusion", as: Inclusion.self)
        #expect(probes.count == 98)
        for (path, probe) in probes {
            let accepted = try verdict {
                // What is not 32 bytes long is no hash, and refused before any proof is looked at.
                guard let hashes = try proof(probe.proof), let leaf = try hash(probe.leafHash),
                    let root = try hash(probe.root)
                else { return nil }
                try InclusionProof(hashes: hashes).verify(
                    leaf: leaf, index: LogIndex(probe.leafIdx), size: TreeSize(probe.treeSize), root: root)
            }
            #expect(accepted == !probe.wantErr, "\(path): \(probe.desc)")
        }
        #expect(probes.count { !$0.probe.wantErr } == 6)
    }

    @Test("all 98 consistency probes have the expected verdict")
    func consistency() throws {
        let probes = try load("consistency", as: Consistency.self)
        #expect(probes.count == 98)
        for (path, probe) in probes {
            let accepted = try verdict {
                try proof(probe.proof).map { ConsistencyProof(hashes: $0) }?.verify(
                    from: TreeSize(probe.size1), oldRoot: standIn(probe.root1), to: TreeSize(probe.size2),
                    newRoot: standIn(probe.root2))
            }
            #expect(accepted == !probe.wantErr, "\(path): \(probe.desc)")
        }
        #expect(probes.count { !$0.probe.wantErr } == 6)
    }

    /// Whether the check passed; a proof that cannot even be read (`nil`) is a refusal.
    private func verdict(_ check: () throws -> Void?) throws -> Bool {
        do {
            return try check() != nil
        } catch is ProofError {
            return false
        }
    }

    private func proof(_ texts: [String]?) throws -> [Hash]? {
        let hashes = try (texts ?? []).map { try hash($0) }
        return hashes.contains(nil) ? nil : hashes.compactMap { $0 }
    }

    private func hash(_ text: String) throws -> Hash? {
        Hash(try #require(Base64.decode(text)))
    }

    /// Some roots of consistency probes are not hashes ("don't care"), and one of those probes is to be accepted:
    /// the SHA-256 of their text takes their place.
    private func standIn(_ text: String) throws -> Hash {
        let bytes = try #require(Base64.decode(text))
        return Hash(bytes) ?? Hash.sha256(bytes)
    }

    private func load<Probe: Decodable>(_ kind: String, as type: Probe.Type) throws -> [(path: String, probe: Probe)] {
        let folder = vectors("transparency-dev-merkle/\(kind)")
        let found = try #require(FileManager.default.enumerator(atPath: folder))
        return try found.compactMap { $0 as? String }.filter { $0.hasSuffix(".json") }.sorted().map { path in
            let data = try Data(contentsOf: URL(fileURLWithPath: folder + "/" + path))
            return (path, try JSONDecoder().decode(type, from: data))
        }
    }
}

/// A folder or file below Tests/Vectors.
func vectors(_ path: String, from file: String = #filePath) -> String {
    URL(fileURLWithPath: file).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Vectors").appendingPathComponent(path).path
}
