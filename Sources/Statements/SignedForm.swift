import Ledger
package import SwiftASN1

/// What one key signs under a label of its own.
package protocol SignableForm: DERFormat, Hashable {
    static var label: Label { get }
    /// The name of the form with its signature.
    static var signedFormName: String { get }
}

/// A form under one signature. What is signed are the bytes as they came.
package struct SignedForm<Content: SignableForm>: Hashable, Sendable, DERFormat {
    package static var formName: String { Content.signedFormName }
    package let content: Content
    package let contentBytes: [UInt8]
    /// 64 bytes.
    package let signature: [UInt8]

    package init(node: ASN1Node) throws {
        self = try DER.sequence(node, identifier: .sequence) { f in
            let inner = try f.node("\(Self.formName).content")
            return SignedForm(
                content: try Content(node: inner), contentBytes: Array(inner.encodedBytes),
                signature: try f.bytes("\(Self.formName).signature", count: 64...64))
        }
    }

    private init(content: Content, contentBytes: [UInt8], signature: [UInt8]) {
        self.content = content
        self.contentBytes = contentBytes
        self.signature = signature
    }

    /// - Parameter signer: an Ed25519 signature of the bytes.
    /// - Throws: ``FormError``, and what `signer` throws.
    package init(_ content: Content, signer: ([UInt8]) throws -> [UInt8]) throws {
        let bytes = try content.derBytes()
        self.init(content: content, contentBytes: bytes, signature: try signer(Content.label.message(bytes)))
    }

    /// The same by a key that has to be waited for.
    package static func sign(_ content: Content, by sign: ([UInt8]) async throws -> [UInt8]) async throws -> Self {
        let bytes = try content.derBytes()
        return Self(content: content, contentBytes: bytes, signature: try await sign(Content.label.message(bytes)))
    }

    package func write(to der: inout DER.Serializer, tag: ASN1Identifier) throws {
        try der.sequence(tag) { der in
            der.serializeRawBytes(contentBytes)
            der.bytes(signature)
        }
    }

    /// Whether this key signed it.
    package func isValid(key: [UInt8]) -> Bool {
        PinnedEd25519.verify(signature: signature, message: Content.label.message(contentBytes), key: key)
    }
}

/// A rejection under the relay's act key.
package typealias SignedRejection = SignedForm<Rejection>

extension SignedForm<Rejection> {
    package var rejection: Rejection { content }
}

/// A verdict under the signing key of an auditor's delegate.
package typealias SignedVerdict = SignedForm<Verdict>

extension SignedForm<Verdict> {
    package var verdict: Verdict { content }
}
