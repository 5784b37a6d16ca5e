import Ledger
package import SwiftASN1

/// A statement with one signature of each signer in their order; an amendment may carry further, open signatures.
///
/// The signed bytes are kept and hashed as they came; nothing is encoded again to check a signature.
package struct SignedStatement: Hashable, Sendable, DERFormat {
    package static let formName = "SignedStatement"
    package let statement: Statement
    package let statementBytes: [UInt8]
    /// 64 bytes each, in the order of the signers.
    package let signatures: [[UInt8]]
    /// Amendments only: signatures of other parties' delegates, sorted by signer.
    package let openSignatures: [OpenSignature]
    package let id: StatementID

    /// - Throws: ``FormError`` when the bytes are no statement, or signatures and signers differ in number.
    package init(
        statementBytes: [UInt8], signatures: [[UInt8]], openSignatures: [OpenSignature] = []
    ) throws(FormError) {
        let statement = try Statement(der: statementBytes, limit: Bounds.statement)
        try self.init(
            statement: statement, statementBytes: statementBytes, signatures: signatures,
            openSignatures: openSignatures)
    }

    /// - Parameter statement: what the bytes say.
    init(
        statement: Statement, statementBytes: [UInt8], signatures: [[UInt8]], openSignatures: [OpenSignature]
    ) throws(FormError) {
        guard signatures.count == statement.signers.count else {
            throw FormError("SignedStatement.signatures", expected: "exactly one signature of each signer")
        }
        if !openSignatures.isEmpty, statement.act.kind != .amendment {
            throw FormError("SignedStatement.openSignatures", expected: "none: this act is no amendment")
        }
        for (earlier, later) in zip(openSignatures, openSignatures.dropFirst()) where earlier.signer >= later.signer {
            throw FormError("SignedStatement.openSignatures", expected: "one signature a signer, sorted by signer")
        }
        self.statement = statement
        self.statementBytes = statementBytes
        self.signatures = signatures
        self.openSignatures = openSignatures
        id = StatementID(Label.statementID.hash(statementBytes))
    }

    package init(node: ASN1Node) throws {
        self = try DER.sequence(node, identifier: .sequence) { f in
            let inner = try f.node("SignedStatement.statement")
            guard inner.encodedBytes.count <= Bounds.statement else {
                throw FormError("Statement", expected: "at most \(Bounds.statement) bytes", code: .oversized)
            }
            let signatures = try f.list("SignedStatement.signatures", 1...Bounds.signers) {
                try $0.bytes("SignedStatement.signatures", count: 64...64)
            }
            var open: [OpenSignature] = []
            if let node = f.optional(.context(0)) {
                open = try DER.sequence(of: OpenSignatureItem.self, identifier: .context(0), rootNode: node).map(\.item)
                guard !open.isEmpty, open.count <= Bounds.signatures else {
                    throw FormError("SignedStatement.openSignatures", expected: "1 to \(Bounds.signatures) signatures")
                }
            }
            return try SignedStatement(
                statement: Statement(node: inner), statementBytes: Array(inner.encodedBytes), signatures: signatures,
                openSignatures: open)
        }
    }

    package func write(to der: inout DER.Serializer, tag: ASN1Identifier) throws {
        try der.sequence(tag) { der in
            der.serializeRawBytes(statementBytes)
            try der.list(signatures) { $0.bytes($1) }
            if !openSignatures.isEmpty { try der.forms(openSignatures, tag: .context(0)) }
        }
    }

    /// What each signer's key signs.
    package static func message(statementBytes: [UInt8]) -> [UInt8] { Label.statementSignature.message(statementBytes) }

    /// The same, into a buffer that is used again.
    package static func write(messageOf statementBytes: ArraySlice<UInt8>, to message: inout [UInt8]) {
        message.removeAll(keepingCapacity: true)
        message += Label.statementSignature.prefix
        message += statementBytes
    }

    /// Encodes a statement and has it signed by one key a signer, in their order.
    package static func sign(
        _ statement: Statement, by signers: [([UInt8]) async throws -> [UInt8]]
    ) async throws -> SignedStatement {
        let bytes = try statement.derBytes()
        let message = Self.message(statementBytes: bytes)
        var signatures: [[UInt8]] = []
        for signer in signers { signatures.append(try await signer(message)) }
        return try SignedStatement(statementBytes: bytes, signatures: signatures)
    }

    /// The same for one signer that needs no waiting: the relay's act key.
    package static func sign(
        _ statement: Statement, by signer: ([UInt8]) throws -> [UInt8]
    ) throws -> SignedStatement {
        let bytes = try statement.derBytes()
        return try SignedStatement(
            statementBytes: bytes, signatures: [signer(Self.message(statementBytes: bytes))])
    }
}

/// Lets swift-asn1 read a SEQUENCE OF our own format.
private struct OpenSignatureItem: DERParseable {
    let item: OpenSignature
    init(derEncoded node: ASN1Node) throws { item = try OpenSignature(node: node) }
}

/// A statement whose signatures have been looked at, each against the key that its signer had in the charter at that
/// moment. The rules compare those keys with the ones in office, so the verdict cannot come to serve another key.
package struct ExaminedStatement: Hashable, Sendable {
    package let signed: SignedStatement
    package let checks: [SignatureCheck]

    package struct SignatureCheck: Hashable, Sendable {
        /// The key that was used; nil if the signer was unknown.
        package let key: [UInt8]?
        package let isValid: Bool
        package init(key: [UInt8]?, isValid: Bool) {
            self.key = key
            self.isValid = isValid
        }
    }

    package init(signed: SignedStatement, checks: [SignatureCheck]) {
        self.signed = signed
        self.checks = checks
    }

    /// Checks every signature: about 0.1 ms each, on the caller's thread.
    /// - Parameter key: the signing key of a delegate, or the act key for ``PartyID/relay``.
    package init(_ signed: SignedStatement, key: (DelegateID) -> [UInt8]?) {
        self.signed = signed
        let message = SignedStatement.message(statementBytes: signed.statementBytes)
        checks = zip(signed.statement.signers, signed.signatures).map { name, signature in
            guard let key = key(signed.statement.delegate(name)) else {
                return SignatureCheck(key: nil, isValid: false)
            }
            let valid = PinnedEd25519.verify(signature: signature, message: message, key: key)
            return SignatureCheck(key: key, isValid: valid)
        }
    }

    @inlinable package var statement: Statement { signed.statement }
    @inlinable package var id: StatementID { signed.id }
    /// Every signer was known and every signature good: the sender is who it says.
    @inlinable package var isAuthentic: Bool { checks.allSatisfy { $0.isValid } }
}
