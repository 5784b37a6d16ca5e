package import Ledger
package import SwiftASN1

/// How this project's formats read and write DER: one call a field, each with its bound.
///
/// swift-asn1 refuses trailing bytes, long lengths, indefinite lengths and non-minimal integers; what is added here is
/// the bounds and the names of fields in errors.
package typealias Fields = ASN1NodeCollection.Iterator

/// A format that is one DER value.
package protocol DERFormat: Sendable {
    /// The format's name in `Docs/Valise.asn1`.
    static var formName: String { get }
    init(node: ASN1Node) throws
    func write(to der: inout DER.Serializer, tag: ASN1Identifier) throws
}

extension DERFormat {
    /// - Parameters:
    ///   - bytes: the whole value; nothing may follow it.
    ///   - limit: the most bytes that are looked at.
    /// - Throws: ``FormError``.
    package init(der bytes: [UInt8], limit: Int) throws(FormError) {
        try self.init(der: bytes[...], limit: limit)
    }

    package init(der bytes: ArraySlice<UInt8>, limit: Int) throws(FormError) {
        guard bytes.count <= limit else {
            throw FormError(Self.formName, expected: "at most \(limit) bytes", code: .oversized)
        }
        do {
            let node = try DER.parse(bytes)
            self = try Self(node: node)
        } catch let error as FormError {
            throw error
        } catch {
            throw FormError(Self.formName, expected: "strict DER of this type")
        }
    }

    /// The canonical bytes.
    package func derBytes() throws(FormError) -> [UInt8] {
        var serializer = DER.Serializer()
        do { try write(to: &serializer, tag: .sequence) } catch {
            throw FormError(Self.formName, expected: "encodable values")
        }
        return serializer.serializedBytes
    }

    package func write(to der: inout DER.Serializer) throws { try write(to: &der, tag: .sequence) }
}

extension ASN1Identifier.TagClass {
    fileprivate var bits: UInt8 {
        switch self {
        case .universal: 0x00
        case .application: 0x40
        case .contextSpecific: 0x80
        case .private: 0xC0
        }
    }
}

extension ASN1Identifier {
    package static func context(_ number: UInt) -> ASN1Identifier {
        ASN1Identifier(tagWithNumber: number, tagClass: .contextSpecific)
    }
}

extension ASN1NodeCollection.Iterator {
    package mutating func node(_ field: String) throws -> ASN1Node {
        guard let node = next() else { throw FormError(field, expected: "one more field") }
        return node
    }

    package mutating func bytes(_ field: String, count: ClosedRange<Int>) throws -> [UInt8] {
        let content = try ASN1OctetString(derEncoded: node(field)).bytes
        guard count.contains(content.count) else {
            throw FormError(field, expected: "\(count.lowerBound) to \(count.upperBound) bytes", code: .oversized)
        }
        return Array(content)
    }

    package mutating func hash(_ field: String) throws -> Hash {
        let content = try ASN1OctetString(derEncoded: node(field)).bytes
        guard let hash = Hash(content) else { throw FormError(field, expected: "32 bytes") }
        return hash
    }

    package mutating func id<ID: HashIdentifier>(_ field: String) throws -> ID { try ID(hash(field)) }

    package mutating func uint(
        _ field: String, max: UInt64 = Bounds.count, tag: ASN1Identifier = .integer
    ) throws -> UInt64 {
        let node = try node(field)
        guard let value = try? UInt64(derEncoded: node, withIdentifier: tag), value <= max else {
            throw FormError(field, expected: "an integer from 0 to \(max)")
        }
        return value
    }

    package mutating func index(_ field: String, tag: ASN1Identifier = .integer) throws -> LogIndex {
        LogIndex(rawValue: try uint(field, tag: tag))
    }

    package mutating func time(_ field: String) throws -> Timestamp {
        Timestamp(milliseconds: Int64(try uint(field, max: UInt64(Timestamp.range.upperBound))))
    }

    package mutating func span(_ field: String, tag: ASN1Identifier = .integer) throws -> TimeSpan {
        TimeSpan(milliseconds: Int64(try uint(field, max: UInt64(TimeSpan.longest), tag: tag)))
    }

    package mutating func slug(_ field: String, tag: ASN1Identifier = .ia5String) throws -> Slug {
        let content = try ASN1IA5String(derEncoded: node(field), withIdentifier: tag).bytes
        guard content.count <= 63, let slug = Slug(String(decoding: content, as: UTF8.self)) else {
            throw FormError(field, expected: "1 to 63 of a-z, 0-9 and single inner hyphens")
        }
        return slug
    }

    package mutating func party(_ field: String) throws -> PartyID { PartyID(try slug(field)) }
    package mutating func delegate(_ field: String) throws -> DelegateName { DelegateName(try slug(field)) }

    package mutating func text(_ field: String, max: Int = Bounds.text) throws -> String {
        let content = try ASN1UTF8String(derEncoded: node(field)).bytes
        guard content.count <= max else { throw FormError(field, expected: "at most \(max) bytes", code: .oversized) }
        guard let text = String(validating: content, as: UTF8.self) else {
            throw FormError(field, expected: "valid UTF-8")
        }
        return text
    }

    package mutating func bool(_ field: String) throws -> Bool { try Bool(derEncoded: node(field)) }

    package mutating func choice<E: RawRepresentable<Int>>(_ field: String, of: E.Type = E.self) throws -> E {
        let node = try node(field)
        guard let value = try? Int(derEncoded: node, withIdentifier: .enumerated), let choice = E(rawValue: value)
        else {
            throw FormError(field, expected: "a listed value")
        }
        return choice
    }

    package mutating func version(_ form: String) throws {
        guard try uint(form + ".version") == 1 else {
            throw FormError(form + ".version", expected: "1", code: .unknownVersion)
        }
    }

    package mutating func list<T>(
        _ field: String, _ count: ClosedRange<Int>, tag: ASN1Identifier = .sequence, _ read: (inout Fields) throws -> T
    ) throws -> [T] {
        let node = try node(field)
        return try DER.sequence(node, identifier: tag) { fields in
            var items: [T] = []
            while true {
                var peek = fields
                guard peek.next() != nil else { break }
                guard items.count < count.upperBound else {
                    throw FormError(field, expected: "at most \(count.upperBound) items", code: .oversized)
                }
                items.append(try read(&fields))
            }
            guard items.count >= count.lowerBound else {
                throw FormError(field, expected: "at least \(count.lowerBound) items")
            }
            return items
        }
    }

    package mutating func form<T: DERFormat>(_: T.Type = T.self) throws -> T { try T(node: node(T.formName)) }

    /// Whether the next field carries this tag; nothing is taken.
    func isNext(_ tag: ASN1Identifier) -> Bool {
        var peek = self
        return peek.next()?.identifier == tag
    }

    /// The next field if it carries this tag; otherwise nothing is taken.
    package mutating func optional(_ tag: ASN1Identifier) -> ASN1Node? {
        var peek = self
        guard let node = peek.next(), node.identifier == tag else { return nil }
        self = peek
        return node
    }
}

extension DER.Serializer {
    package mutating func bytes(_ value: [UInt8], tag: ASN1Identifier = .octetString) {
        appendPrimitiveNode(identifier: tag) { $0.append(contentsOf: value) }
    }
    package mutating func hash(_ value: Hash) {
        appendPrimitiveNode(identifier: .octetString) { value.append(to: &$0) }
    }
    package mutating func id(_ value: some HashIdentifier) { hash(value.hash) }
    package mutating func uint(_ value: UInt64, tag: ASN1Identifier = .integer) throws {
        try value.serialize(into: &self, withIdentifier: tag)
    }
    package mutating func time(_ value: Timestamp) throws { try uint(UInt64(value.milliseconds)) }
    package mutating func span(_ value: TimeSpan) throws { try uint(UInt64(max(0, value.milliseconds))) }
    package mutating func slug(_ value: Slug) {
        appendPrimitiveNode(identifier: .ia5String) { $0.append(contentsOf: value.text.utf8) }
    }
    package mutating func text(_ value: String) {
        appendPrimitiveNode(identifier: .utf8String) { $0.append(contentsOf: value.utf8) }
    }
    package mutating func bool(_ value: Bool) {
        appendPrimitiveNode(identifier: .boolean) { $0.append(value ? 0xFF : 0) }
    }
    package mutating func choice(_ value: some RawRepresentable<Int>) throws {
        try value.rawValue.serialize(into: &self, withIdentifier: .enumerated)
    }
    package mutating func sequence(
        _ tag: ASN1Identifier = .sequence, _ body: (inout DER.Serializer) throws -> Void
    ) throws { try constructed(tag, body) }
    package mutating func list<T>(
        _ items: [T], tag: ASN1Identifier = .sequence, _ body: (inout DER.Serializer, T) throws -> Void
    ) throws {
        try constructed(tag) { der in for item in items { try body(&der, item) } }
    }
    /// The content is encoded apart and appended whole: the serializer's own nodes move what they hold, byte by byte
    /// and once a level, to make room for a length of more than one byte.
    private mutating func constructed(
        _ tag: ASN1Identifier, _ body: (inout DER.Serializer) throws -> Void
    ) throws {
        var inner = DER.Serializer()
        try body(&inner)
        let content = inner.serializedBytes
        guard content.count >= 128, tag.tagNumber < 31 else {
            return appendConstructedNode(identifier: tag) { $0.serializeRawBytes(content) }
        }
        let length = withUnsafeBytes(of: UInt32(content.count).bigEndian) { Array($0.drop { $0 == 0 }) }
        serializeRawBytes([tag.tagClass.bits | 0x20 | UInt8(tag.tagNumber), 0x80 | UInt8(length.count)] + length)
        serializeRawBytes(content)
    }
    package mutating func forms(_ items: [some DERFormat], tag: ASN1Identifier = .sequence) throws {
        try list(items, tag: tag) { der, item in try item.write(to: &der) }
    }
}
