import Ledger
package import SwiftASN1

/// A verdict under the signing key of an auditor's delegate. What is signed are the bytes as they came.
package struct SignedVerdict: Hashable, Sendable, DERFormat {
    package static let formName = "SignedVerdict"
    package let verdict: Verdict
    package let verdictBytes: [UInt8]
    /// 64 bytes.
    package let signature: [UInt8]

    package init(node: ASN1Node) throws {
        self = try DER.sequence(node, identifier: .sequence) { f in
            let inner = try f.node("SignedVerdict.verdict")
            return SignedVerdict(
                verdict: try Verdict(node: inner), verdictBytes: Array(inner.encodedBytes),
                signature: try f.bytes("SignedVerdict.signature", count: 64...64))
        }
    }

    private init(verdict: Verdict, verdictBytes: [UInt8], signature: [UInt8]) {
        self.verdict = verdict
        self.verdictBytes = verdictBytes
        self.signature = signature
    }

    /// - Parameter sign: the auditor's delegate's Ed25519 signature of the bytes.
    /// - Throws: ``FormError``, and what `sign` throws.
    package static func sign(
        _ verdict: Verdict, by sign: ([UInt8]) async throws -> [UInt8]
    ) async throws -> SignedVerdict {
        let bytes = try verdict.derBytes()
        return SignedVerdict(
            verdict: verdict, verdictBytes: bytes, signature: try await sign(Label.verdict.message(bytes)))
    }

    package func write(to der: inout DER.Serializer, tag: ASN1Identifier) throws {
        try der.sequence(tag) { der in
            der.serializeRawBytes(verdictBytes)
            der.bytes(signature)
        }
    }

    /// Whether this key signed it.
    package func isValid(key: [UInt8]) -> Bool {
        PinnedEd25519.verify(signature: signature, message: Label.verdict.message(verdictBytes), key: key)
    }
}

extension SignedCharter {
    /// Whether a verdict is of this charter and its rules, by a delegate of one of its full auditors, and truly signed.
    package func vouches(for signed: SignedVerdict) -> Bool {
        let verdict = signed.verdict
        guard verdict.charter == id, verdict.rulesVersion == charter.rulesVersion,
            charter.party(verdict.auditor.party)?.capabilities.auditor == true,
            let key = charter.delegate(verdict.auditor)?.signingKey
        else { return false }
        return signed.isValid(key: key)
    }
}
