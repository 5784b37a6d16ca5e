import Crypto
import Ledger

/// What logs and witnesses say to each other, what a witness keeps, policies and proof files.
enum WitnessTargets {
    static let all = [
        FuzzTarget("add-checkpoint", addCheckpoint), FuzzTarget("witness-answer", answer),
        FuzzTarget("witness-record", record), FuzzTarget("witness-policy", policy), FuzzTarget("tlog-proof", proof),
    ]

    @Sendable static func addCheckpoint(_ bytes: [UInt8]) -> Bool {
        guard let request = FuzzTarget.parsed({ try AddCheckpointRequest(parsing: bytes) }) else { return false }
        FuzzTarget.require(request.bytes == bytes, "a request has one spelling")
        FuzzTarget.require(request.proof.hashes.count <= 63, "a request has at most 63 hashes")
        FuzzTarget.require(bytes.count <= AddCheckpointRequest.maximumByteCount, "a request is bounded")
        return true
    }

    /// The first byte says whether the body is lines or a size.
    @Sendable static func answer(_ bytes: [UInt8]) -> Bool {
        guard let first = bytes.first else { return false }
        let body = Array(bytes.dropFirst())
        let answer = WitnessAnswer(status: 200, contentType: WitnessAnswer.sizeType, body: body)
        if first & 1 == 0 {
            guard let lines = answer.signatureLines else { return false }
            FuzzTarget.require(lines.flatMap(\.line) == body, "lines have one spelling")
        } else {
            guard let size = answer.namedSize else { return false }
            FuzzTarget.require(Array("\(size)\n".utf8) == body, "a size has one spelling")
        }
        return true
    }

    @Sendable static func record(_ bytes: [UInt8]) -> Bool {
        guard let witness = FuzzTarget.parsed({ try signer(2, .cosignature) })?.key,
            let record = FuzzTarget.parsed({ try WitnessRecord(parsing: bytes, witness: witness) })
        else { return false }
        FuzzTarget.require(record.note.bytes == bytes, "a record has one spelling")
        FuzzTarget.require(record.checkpoint.text == record.note.text, "a record says what was cosigned")
        return true
    }

    @Sendable static func policy(_ bytes: [UInt8]) -> Bool {
        guard let policy = FuzzTarget.parsed({ try WitnessPolicy(text: bytes) }) else { return false }
        FuzzTarget.require(
            FuzzTarget.parsed { try WitnessPolicy(text: policy.text) } == policy, "it reads what it wrote")
        FuzzTarget.require(policy.isSatisfied(by: policy.cosigners), "all witnesses are enough")
        FuzzTarget.require(policy.quorum == nil || !policy.isSatisfied(by: []), "a quorum is not nobody")
        return true
    }

    @Sendable static func proof(_ bytes: [UInt8]) -> Bool {
        guard let proof = FuzzTarget.parsed({ try TlogProof(parsing: bytes) }) else { return false }
        FuzzTarget.require(proof.bytes == bytes, "a proof has one spelling")
        return true
    }

    private static func signer(_ seed: UInt8, _ kind: VerifierKey.Kind) throws -> NoteSigner {
        let key = try Curve25519.Signing.PrivateKey(rawRepresentation: [UInt8](repeating: seed, count: 32))
        guard let name = NoteName(kind == .ed25519 ? "log.example/talks" : "witness.example/w1") else {
            throw Seeds.Failure(description: "names")
        }
        return try NoteSigner(name: name, kind: kind, privateKey: key)
    }

    static func seeds() throws -> [Seeds.Seed] {
        let (log, witness) = (try signer(1, .ed25519), try signer(2, .cosignature))
        var tree = TileBuilder()
        for number in 0..<40 { tree.append(Merkle.leafHash([UInt8(number)])) }
        let checkpoint = try Checkpoint(origin: log.key.name, size: tree.size, root: tree.root)
        let plain = try checkpoint.signed(by: log)
        guard let time = CosignatureTime(seconds: 1_700_000_000) else { throw Seeds.Failure(description: "a time") }
        let line = try witness.cosign(text: checkpoint.text, at: time)
        let note = try plain.adding([line])
        let request = try AddCheckpointRequest(
            oldSize: 5, proof: ConsistencyProof.make(from: 5, to: tree.size, from: tree), note: plain)
        let proof = try TlogProof(
            index: 7, inclusion: InclusionProof.make(index: 7, size: tree.size, from: tree), checkpoint: note,
            extra: [1, 2, 3])
        let policy = """
            log \(log.key) https://log.example/
            # one of two
            witness one \(witness.key)
            group all-of-it any one
            quorum all-of-it

            """
        return [
            ("add-checkpoint", "grown", request.bytes), ("witness-answer", "lines", [0] + line.line),
            ("witness-answer", "size", [1] + Array("40\n".utf8)), ("witness-record", "one", note.bytes),
            ("witness-policy", "group", Array(policy.utf8)), ("tlog-proof", "extra", proof.bytes),
        ]
    }
}
