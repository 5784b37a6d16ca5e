package import Ledger
package import Statements
package import SwiftASN1

/// One field of a manifest; each can be disclosed alone (`Docs/Specification.md#content`).
package enum Field: Hashable, Sendable {
    /// At most 998 bytes.
    case subject(String)
    /// How the message is to be handled; at most 1,024 bytes.
    case caption(String)
    /// A message that this one refers to.
    case reference(MessageID)
    case source(SourceAttribution)
    /// A part that is the text of the message.
    case text(PartInfo)
    case attachment(PartInfo)
    /// How an intermediary's words relate to their source; only beside a source that is named or withheld.
    case manner(Manner)

    /// The part that this field describes.
    package var part: PartInfo? {
        switch self {
        case .text(let part), .attachment(let part): part
        default: nil
        }
    }

    /// Whether it says that the words are those of another message.
    var isForeignSource: Bool {
        if case .source(let source) = self { source != .own } else { false }
    }

    /// What a manifest may have only one of.
    var single: String? {
        switch self {
        case .subject: "subject"
        case .caption: "caption"
        case .source: "source"
        case .manner: "manner"
        default: nil
        }
    }

    package init(node: ASN1Node) throws {
        let tag = node.identifier
        switch tag {
        case .context(0): self = .subject(try Self.text(node, "Field.subject", max: ContentBounds.subject))
        case .context(1): self = .caption(try Self.text(node, "Field.caption", max: ContentBounds.caption))
        case .context(2): self = .reference(MessageID(try Self.hash(node, "Field.reference")))
        case .context(3):
            self = try DER.sequence(node, identifier: tag) {
                .source(try SourceAttribution(node: $0.node("Field.source")))
            }
        case .context(4): self = .text(try PartInfo(node: node, tag: tag))
        case .context(5): self = .attachment(try PartInfo(node: node, tag: tag))
        case .context(6):
            guard let value = try? Int(derEncoded: node, withIdentifier: tag), let manner = Manner(rawValue: value)
            else { throw FormError("Field.manner", expected: "a listed manner") }
            self = .manner(manner)
        default: throw FormError("Field", expected: "a listed field")
        }
    }

    package func write(to der: inout DER.Serializer) throws {
        switch self {
        case .subject(let text): der.bytes(Array(text.utf8), tag: .context(0))
        case .caption(let text): der.bytes(Array(text.utf8), tag: .context(1))
        case .reference(let message): der.bytes(message.hash.bytes, tag: .context(2))
        case .source(let source): try der.sequence(.context(3)) { source.write(to: &$0) }
        case .text(let part): try part.write(to: &der, tag: .context(4))
        case .attachment(let part): try part.write(to: &der, tag: .context(5))
        case .manner(let manner): try manner.rawValue.serialize(into: &der, withIdentifier: .context(6))
        }
    }

    /// The canonical bytes, which the content commitment is taken over.
    /// - Throws: ``FormError`` for a text that is too long.
    package func derBytes() throws(FormError) -> [UInt8] {
        switch self {
        case .subject(let text): try Self.check(text, "Field.subject", max: ContentBounds.subject)
        case .caption(let text): try Self.check(text, "Field.caption", max: ContentBounds.caption)
        default: break
        }
        var serializer = DER.Serializer()
        do { try write(to: &serializer) } catch { throw FormError("Field", expected: "encodable values") }
        return serializer.serializedBytes
    }

    private static func check(_ text: String, _ field: String, max: Int) throws(FormError) {
        guard text.utf8.count <= max else {
            throw FormError(field, expected: "at most \(max) bytes", code: .oversized)
        }
    }

    private static func text(_ node: ASN1Node, _ field: String, max: Int) throws -> String {
        let content = try ASN1UTF8String(derEncoded: node, withIdentifier: node.identifier).bytes
        guard content.count <= max else { throw FormError(field, expected: "at most \(max) bytes", code: .oversized) }
        guard let text = String(validating: content, as: UTF8.self) else {
            throw FormError(field, expected: "valid UTF-8")
        }
        return text
    }

    fileprivate static func hash(_ node: ASN1Node, _ field: String) throws -> Hash {
        let content = try ASN1OctetString(derEncoded: node, withIdentifier: node.identifier).bytes
        guard let hash = Hash(content) else { throw FormError(field, expected: "32 bytes") }
        return hash
    }
}

/// Whose words a message carries.
package enum SourceAttribution: Hashable, Sendable {
    /// The originator's own.
    case own
    /// Those of the message named.
    case named(MessageID)
    /// Those of a message that only the commitment speaks of (`Docs/Specification.md#source-attribution`).
    case withheld(Hash)

    init(node: ASN1Node) throws {
        switch node.identifier {
        case .context(0):
            guard case .primitive(let content) = node.content, content.isEmpty else {
                throw FormError("SourceAttribution.own", expected: "NULL")
            }
            self = .own
        case .context(1): self = .named(MessageID(try Field.hash(node, "SourceAttribution.named")))
        case .context(2): self = .withheld(try Field.hash(node, "SourceAttribution.withheld"))
        default: throw FormError("SourceAttribution", expected: "own, named or withheld")
        }
    }

    func write(to der: inout DER.Serializer) {
        switch self {
        case .own: der.bytes([], tag: .context(0))
        case .named(let message): der.bytes(message.hash.bytes, tag: .context(1))
        case .withheld(let commitment): der.bytes(commitment.bytes, tag: .context(2))
        }
    }
}
