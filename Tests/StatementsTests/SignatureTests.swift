import Ledger
import Statements
import Testing

@Suite("Signatures of a statement")
struct SignatureTests {
    static let charter: SignedCharter? = try? Scene.signed(CharterDraft().charter)

    /// The signatures looked at with the keys of the charter.
    static func examine(_ signed: SignedStatement) throws -> ExaminedStatement {
        let charter = try #require(charter).charter
        return ExaminedStatement(signed) { id in
            id == DelegateID(party: .relay, name: .act) ? charter.relay.actKey : charter.delegate(id)?.signingKey
        }
    }

    static func decoded(_ bytes: [UInt8]) throws -> SignedStatement {
        try SignedStatement(der: bytes, limit: Bounds.signedStatement)
    }

    @Test("every known statement is authentic, and its identifier is over the bytes that came")
    func authentic() throws {
        for (name, statement) in try Acts.statements() {
            let signed = try Scene.signed(statement)
            #expect(try Self.examine(signed).isAuthentic, "\(name)")
            #expect(signed.id == StatementID(Label.statementID.hash(try statement.derBytes())))
            #expect(try Self.decoded(signed.derBytes()) == signed)
        }
    }

    @Test(
        "after any single-bit flip a signed statement is malformed or not authentic",
        arguments: [
            "conveyance", "submission-by-two", "receipt-unreadable", "tick", "recall",
        ])
    func flips(name: String) throws {
        let statement = try #require(try Acts.statements().first { $0.name == name }).statement
        let signed = try Scene.signed(statement)
        let bytes = try signed.derBytes()
        var malformed = 0
        for bit in 0..<(bytes.count * 8) {
            var changed = bytes
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            guard let read = try? Self.decoded(changed) else {
                malformed += 1
                continue
            }
            #expect(try read.derBytes() == changed, "bit \(bit) was read and is not canonical")
            #expect(try !Self.examine(read).isAuthentic, "bit \(bit)")
            #expect(read.id != signed.id || read.signatures != signed.signatures, "bit \(bit) changed nothing")
        }
        #expect(malformed > 0 && malformed < bytes.count * 8)
    }

    @Test("a stripped or an added signature is refused")
    func wrongCount() throws {
        let two = try Scene.signed(try Acts.byTwo())
        let third = try Scene.sign(SignedStatement.message(statementBytes: two.statementBytes), as: "us-envoy/lead")
        for signatures in [[two.signatures[0]], [two.signatures[1]], two.signatures + [third], []] {
            #expect(throws: FormError.self) {
                try SignedStatement(statementBytes: two.statementBytes, signatures: signatures)
            }
            var tree = DERTree(try two.derBytes())
            tree.children[1].children = signatures.map { DERTree(DERTree.encode([4], $0)) }
            #expect(throws: FormError.self) { try Self.decoded(tree.bytes) }
        }
    }

    @Test("reordered or repeated signatures are not authentic")
    func reordered() throws {
        let two = try Scene.signed(try Acts.byTwo())
        #expect(try Self.examine(two).isAuthentic)
        let others = [
            [two.signatures[1], two.signatures[0]], [two.signatures[0], two.signatures[0]],
            [two.signatures[1], two.signatures[1]],
        ]
        for signatures in others {
            let signed = try SignedStatement(statementBytes: two.statementBytes, signatures: signatures)
            #expect(try !Self.examine(signed).isAuthentic)
        }
    }

    @Test("the order of the signers is part of what they sign")
    func signerOrder() throws {
        let two = try Acts.byTwo()
        let swapped = Statement(
            charter: two.charter, party: two.party, signers: two.signers.reversed(), madeAt: two.madeAt,
            submitBy: two.submitBy, seen: two.seen, act: two.act)
        let signed = try Scene.signed(two)
        let forged = try SignedStatement(
            statementBytes: swapped.derBytes(), signatures: signed.signatures.reversed())
        #expect(forged.id != signed.id)
        #expect(try !Self.examine(forged).isAuthentic)
    }

    @Test("a signature for another purpose, statement or party is not authentic")
    func transplanted() throws {
        let statement = try Acts.statement("us-envoy", ["lead"], .recall(Acts.message, legs: [0]))
        let bytes = try statement.derBytes()
        let other = try Scene.signed(try Acts.statement("us-envoy", ["lead"], .recall(Acts.message, legs: [1])))
        let signatures = [
            other.signatures[0], try Scene.sign(bytes, as: "us-envoy/lead"),
            try Scene.sign(Label.card.message(bytes), as: "us-envoy/lead"),
            try Scene.sign(Label.rejection.message(bytes), as: "us-envoy/lead"),
            try Scene.sign(SignedStatement.message(statementBytes: bytes), as: "us-envoy/deputy"),
        ]
        for signature in signatures {
            let signed = try SignedStatement(statementBytes: bytes, signatures: [signature])
            #expect(try !Self.examine(signed).isAuthentic)
        }
    }

    @Test("a signer whom the charter does not know is not authentic")
    func unknownSigner() throws {
        let stranger = try Scene.signed(try Acts.statement("us-envoy", ["stranger"], .conveyance(Acts.leg)))
        let examined = try Self.examine(stranger)
        #expect(examined.checks.map(\.key) == [nil])
        #expect(!examined.isAuthentic)
    }

    @Test("open signatures are an amendment's alone")
    func openSignatures() throws {
        let recall = try Scene.signed(try Acts.statement("us-envoy", ["lead"], .recall(Acts.message, legs: [0])))
        let open = try KnownValues.openlySigned().openSignatures
        #expect(throws: FormError.self) {
            try SignedStatement(
                statementBytes: recall.statementBytes, signatures: recall.signatures, openSignatures: open)
        }
        var tree = DERTree(try recall.derBytes())
        tree.children.append(DERTree(try KnownValues.openlySigned().derBytes()).children[2])
        #expect(throws: FormError.self) { try Self.decoded(tree.bytes) }
    }

    @Test("a rejection is the act key's, and of exactly these bytes")
    func rejection() throws {
        let sample = try LogSample()
        let actKey = try Scene.publicKey("relay/act")
        #expect(sample.signedRejection.isValid(key: actKey))
        #expect(!sample.signedRejection.isValid(key: try Scene.publicKey("relay/log")))
        let bytes = try sample.signedRejection.derBytes()
        for bit in 0..<(bytes.count * 8) {
            var changed = bytes
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            let read = try? SignedRejection(der: changed, limit: 1_024)
            #expect(read?.isValid(key: actKey) != true, "bit \(bit)")
        }
    }

    @Test("a proven entry is read only where its proof holds")
    func proven() throws {
        let sample = try LogSample()
        #expect(try sample.proven.verified(in: sample.head) == sample.second)
        let others = [
            (ProvenEntry(index: 0, entryBytes: sample.proven.entryBytes, proof: sample.proven.proof), sample.head),
            (ProvenEntry(index: 1, entryBytes: sample.proven.entryBytes, proof: []), sample.head),
            (
                ProvenEntry(index: 1, entryBytes: sample.proven.entryBytes + [0], proof: sample.proven.proof),
                sample.head
            ),
            (sample.proven, LogHead(size: 2, root: .zero)), (sample.proven, LogHead(size: 3, root: sample.head.root)),
        ]
        for (proven, head) in others { #expect(throws: FormError.self) { try proven.verified(in: head) } }
    }

    @Test("the entry's message is the submission's own, or the one its act names")
    func message() throws {
        let sample = try LogSample()
        #expect(sample.first.message == nil)
        #expect(sample.second.message == sample.second.signed.map { MessageID($0.id) })
        #expect(sample.later.message == Acts.message)
    }
}
