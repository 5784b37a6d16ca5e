package import Crypto
package import Ledger

/// Domain separation: every hash and every signature of the protocol has a label of its own, so that bytes made for
/// one purpose can never serve another.
///
/// The labelled form of `x` is `len8(label) || label || x` where the label is `valise/v1/` and the name below
/// (`Docs/Specification.md#labels`).
package struct Label: Hashable, Sendable {
    /// `len8(label) || label`: what goes before the data.
    package let prefix: [UInt8]

    package init(_ name: StaticString) {
        let text = Array("valise/v1/\(name)".utf8)
        prefix = [UInt8(truncatingIfNeeded: text.count)] + text
    }

    package static let charterID = Label("charter-id")
    package static let charterSignature = Label("charter-signature")
    package static let card = Label("card")
    package static let statementID = Label("statement-id")
    package static let statementSignature = Label("statement-signature")
    package static let rejection = Label("rejection")
    package static let verdict = Label("verdict")
    package static let scopeSum = Label("scope-sum")
    package static let sealingKeyID = Label("sealing-key-id")
    package static let keyList = Label("key-list")
    package static let sealContext = Label("seal-context")
    package static let wrapContext = Label("wrap-context")
    package static let wrapInfo = Label("wrap-info")
    package static let payloadKey = Label("payload-key")
    package static let keyCommitment = Label("key-commitment")
    package static let sealedKeys = Label("sealed-keys")
    package static let payload = Label("payload")
    package static let fieldSalt = Label("field-salt")
    package static let field = Label("field")
    package static let content = Label("content")
    package static let part = Label("part")
    package static let sourceCommitment = Label("source-commitment")

    /// SHA-256 of the labelled form.
    package func hash(_ data: [UInt8]) -> Hash {
        var hasher = begin()
        hasher.update(data: data)
        return Hash(hasher.finalize())
    }

    /// SHA-256 of the labelled form of a slice, without a copy.
    package func hash(_ data: ArraySlice<UInt8>) -> Hash {
        var hasher = begin()
        data.withUnsafeBytes { hasher.update(bufferPointer: $0) }
        return Hash(hasher.finalize())
    }

    /// A hasher that has taken the prefix, for data that comes in pieces.
    package func begin() -> SHA256 {
        var hasher = SHA256()
        hasher.update(data: prefix)
        return hasher
    }

    /// The labelled form itself: what is signed.
    package func message(_ data: [UInt8]) -> [UInt8] { prefix + data }
}
