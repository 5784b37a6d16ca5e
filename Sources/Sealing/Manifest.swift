import Crypto
import Ledger
package import Statements
package import SwiftASN1

/// The first thing in sealed content: what it belongs to, its fields, and the secret that their salts come from.
///
/// It is not printed, since it is the content.
package struct Manifest: Equatable, Sendable, DERFormat, CustomStringConvertible, CustomReflectable {
    package static let formName = "Manifest"
    /// The one submission that this content belongs to.
    package let context: SealContext
    package let fields: [Field]
    /// Each field's canonical bytes.
    let fieldBytes: [[UInt8]]
    let secret: ManifestSecret

    /// - Throws: ``FormError`` unless there are 1 to 64 fields with at most one subject, caption, source and manner,
    ///   and a manner only beside a source that is named or withheld.
    package init(context: SealContext, fields: [Field], secret: ManifestSecret) throws(FormError) {
        var bytes: [[UInt8]] = []
        for field in fields { bytes.append(try field.derBytes()) }
        try self.init(context: context, fields: fields, fieldBytes: bytes, secret: secret)
    }

    private init(
        context: SealContext, fields: [Field], fieldBytes: [[UInt8]], secret: ManifestSecret
    ) throws(FormError) {
        guard (1...ContentBounds.fields).contains(fields.count) else {
            throw FormError("Manifest.fields", expected: "1 to \(ContentBounds.fields) fields", code: .oversized)
        }
        let singles = fields.compactMap(\.single)
        guard Set(singles).count == singles.count else {
            throw FormError("Manifest.fields", expected: "at most one subject, one caption, one source and one manner")
        }
        if singles.contains("manner"), !fields.contains(where: \.isForeignSource) {
            throw FormError("Manifest.fields", expected: "a manner only beside a source that is named or withheld")
        }
        self.context = context
        self.fields = fields
        self.fieldBytes = fieldBytes
        self.secret = secret
    }

    /// The parts in the order in which their bytes follow the manifest.
    package var parts: [PartInfo] { fields.compactMap(\.part) }

    /// The same with other digests of its parts, in their order: its encoding keeps its length.
    func with(digests: [Hash]) throws(FormError) -> Manifest {
        var rest = digests[...]
        var changed: [Field] = []
        for field in fields {
            switch (field, field.part == nil ? nil : rest.popFirst()) {
            case (.text(let part), let digest?): changed.append(.text(try part.with(digest: digest)))
            case (.attachment(let part), let digest?): changed.append(.attachment(try part.with(digest: digest)))
            default: changed.append(field)
            }
        }
        return try Manifest(context: context, fields: changed, secret: secret)
    }

    package init(node: ASN1Node) throws {
        self = try DER.sequence(node, identifier: .sequence) { f in
            try f.version("Manifest")
            let charter: CharterID = try f.id("Manifest.charter")
            let originator = try f.party("Manifest.originator")
            guard let nonce = Nonce(try f.bytes("Manifest.nonce", count: 32...32)),
                let secret = ManifestSecret(try f.bytes("Manifest.secret", count: 32...32))
            else { throw FormError("Manifest", expected: "32 bytes of nonce and of secret") }
            let items = try f.list("Manifest.fields", 1...ContentBounds.fields) { f in
                let node = try f.node("Manifest.fields")
                return (field: try Field(node: node), bytes: Array(node.encodedBytes))
            }
            return try Manifest(
                context: SealContext(charter: charter, originator: originator, nonce: nonce),
                fields: items.map(\.field), fieldBytes: items.map(\.bytes), secret: secret)
        }
    }

    package func write(to der: inout DER.Serializer, tag: ASN1Identifier) throws {
        try der.sequence(tag) { der in
            try der.uint(1)
            der.id(context.charter)
            der.slug(context.originator.slug)
            der.bytes(context.nonce.bytes)
            secret.key.withUnsafeBytes { der.bytes(Array($0)) }
            try der.list(fieldBytes) { $0.serializeRawBytes($1) }
        }
    }

    package var description: String { "(a manifest of \(fields.count) fields)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// 32 random bytes that the salts of a manifest's fields come from; who has them can guess undisclosed fields.
package struct ManifestSecret: Equatable, Sendable, CustomStringConvertible, CustomReflectable {
    let key: SymmetricKey

    /// Nil unless there are 32 bytes.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == ContentBounds.secret else { return nil }
        key = SymmetricKey(data: bytes)
    }

    package var description: String { "(a manifest's secret)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
