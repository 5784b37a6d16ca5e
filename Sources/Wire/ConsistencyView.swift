package import Ledger
package import Statements

/// Proof that one tree begins with another: the answer to `GET /v1/consistency`.
package struct ConsistencyView: Hashable, Sendable {
    package static let schema = "valise/consistency/v1"
    package let from: TreeSize
    package let to: TreeSize
    package let proof: ConsistencyProof

    package init(from: TreeSize, to: TreeSize, proof: ConsistencyProof) {
        self.from = from
        self.to = to
        self.proof = proof
    }

    /// The JSON text.
    package var encoded: [UInt8] {
        JSON.object([
            .init("schema", .string(Self.schema)), .init("from", .count(from.rawValue)),
            .init("to", .count(to.rawValue)),
            .init("proof", .array(proof.hashes.map { .string(Base64.encode($0.bytes)) })),
        ]).bytes
    }

    /// Reads the JSON text. The proof is not verified here.
    package init(parsing bytes: [UInt8]) throws(FormError) {
        let fields = try JSONFields(parsing: bytes, limit: ByteLimit.problem, schema: Self.schema)
        from = TreeSize(try fields.count("from"))
        to = TreeSize(try fields.count("to"))
        var hashes: [Hash] = []
        for item in try fields.items("proof", limit: Bounds.proof + 1) {
            guard case .string(let text) = item, text.utf8.count == 44,
                let hash = Base64.decode(text).flatMap({ Hash($0) })
            else { throw fields.error("proof", "base64 of hashes") }
            hashes.append(hash)
        }
        proof = ConsistencyProof(hashes: hashes)
    }
}
