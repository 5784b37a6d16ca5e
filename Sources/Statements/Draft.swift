import Ledger
package import SwiftASN1

/// A statement on its way to being signed: it names its drafter and its releasers, and has some of their signatures
/// (`Docs/Specification.md#drafts`). It is no statement before it has them all.
package struct Draft: Hashable, Sendable, DERFormat {
    package static let formName = "Draft"
    package let statement: Statement
    /// What every signer signs; kept as it came.
    package let statementBytes: [UInt8]
    /// In the order of the signers, at most one of each. This type does not verify them: ``invalidSigners(key:)`` does.
    package let signatures: [DraftSignature]
    /// The identifier that the statement will have.
    package let id: StatementID

    /// - Throws: ``FormError`` when the bytes are no statement, or a signature is by nobody that the statement names.
    package init(statementBytes: [UInt8], signatures: [DraftSignature] = []) throws(FormError) {
        let statement = try Statement(der: statementBytes, limit: Bounds.statement)
        try self.init(statement: statement, statementBytes: statementBytes, signatures: signatures)
    }

    /// A draft that nobody has signed.
    /// - Throws: ``FormError`` for a statement that cannot be encoded.
    package init(_ statement: Statement) throws(FormError) { try self.init(statementBytes: statement.derBytes()) }

    private init(statement: Statement, statementBytes: [UInt8], signatures: [DraftSignature]) throws(FormError) {
        let places = signatures.map { statement.signers.firstIndex(of: $0.signer) ?? -1 }
        guard places.allSatisfy({ $0 >= 0 }), zip(places, places.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw FormError("Draft.signatures", expected: "one signature a signer at most, in the signers' order")
        }
        self.statement = statement
        self.statementBytes = statementBytes
        self.signatures = signatures
        id = StatementID(Label.statementID.hash(statementBytes))
    }

    package init(node: ASN1Node) throws {
        self = try DER.sequence(node, identifier: .sequence) { f in
            try f.version("Draft")
            let inner = try f.node("Draft.statement")
            guard inner.encodedBytes.count <= Bounds.statement else {
                throw FormError("Statement", expected: "at most \(Bounds.statement) bytes", code: .oversized)
            }
            return try Draft(
                statement: Statement(node: inner), statementBytes: Array(inner.encodedBytes),
                signatures: try f.list("Draft.signatures", 0...Bounds.signers) { try $0.form() })
        }
    }

    package func write(to der: inout DER.Serializer, tag: ASN1Identifier) throws {
        try der.sequence(tag) { der in
            try der.uint(1)
            der.serializeRawBytes(statementBytes)
            try der.forms(signatures)
        }
    }

    /// Who drafted it: the first signer.
    package var drafter: DelegateName { statement.signers[0] }

    /// Whose signatures are still wanted, in the signers' order.
    package var missing: [DelegateName] {
        statement.signers.filter { name in !signatures.contains { $0.signer == name } }
    }

    /// What each signer's key signs.
    package var message: [UInt8] { SignedStatement.message(statementBytes: statementBytes) }

    /// The draft with one more signature; one that is there already stays as it is.
    /// - Throws: ``FormError`` for a signature by nobody that the statement names, or not of 64 bytes.
    package func adding(_ signature: DraftSignature) throws(FormError) -> Draft {
        guard signature.signature.count == 64 else {
            throw FormError("Draft.signatures", expected: "signatures of 64 bytes")
        }
        if signatures.contains(where: { $0.signer == signature.signer }) { return self }
        let order = statement.signers
        let place = { (name: DelegateName) in order.firstIndex(of: name) ?? order.count }
        return try Draft(
            statement: statement, statementBytes: statementBytes,
            signatures: (signatures + [signature]).sorted { place($0.signer) < place($1.signer) })
    }

    /// The signed statement, once every signature is there; nil before that.
    package func complete() -> SignedStatement? {
        guard missing.isEmpty else { return nil }
        return try? SignedStatement(statementBytes: statementBytes, signatures: signatures.map(\.signature))
    }

    /// Those whose signature is there and not good: about 0.1 ms for each signature.
    /// - Parameter key: the signing key of a delegate in office; nil for others.
    package func invalidSigners(key: (DelegateID) -> [UInt8]?) -> [DelegateName] {
        signatures.filter { item in
            guard let key = key(statement.delegate(item.signer)) else { return true }
            return !PinnedEd25519.verify(signature: item.signature, message: message, key: key)
        }.map(\.signer)
    }
}

/// One signature of a ``Draft``.
package struct DraftSignature: Hashable, Sendable, DERFormat {
    package static let formName = "DraftSignature"
    package let signer: DelegateName
    /// 64 bytes, over ``Draft/message``.
    package let signature: [UInt8]

    package init(signer: DelegateName, signature: [UInt8]) {
        self.signer = signer
        self.signature = signature
    }
    package init(node: ASN1Node) throws {
        self = try DER.sequence(node, identifier: .sequence) { f in
            DraftSignature(
                signer: try f.delegate("DraftSignature.signer"),
                signature: try f.bytes("DraftSignature.signature", count: 64...64))
        }
    }
    package func write(to der: inout DER.Serializer, tag: ASN1Identifier) throws {
        try der.sequence(tag) { der in
            der.slug(signer.slug)
            der.bytes(signature)
        }
    }
}
