import Crypto
package import Ledger
package import Statements
package import SwiftASN1

/// A part's place among the parts of its content, from 0.
package struct PartNumber: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let value: Int
    package init(_ value: Int) { self.value = value }
    package var description: String { String(value) }
    package static func < (a: PartNumber, b: PartNumber) -> Bool { a.value < b.value }
}

/// What a manifest says of one part: the text of the message or an attachment.
package struct PartInfo: Hashable, Sendable, DERFormat {
    package static let formName = "PartInfo"
    /// 1 to 255 bytes that are safe as a file name: no control characters, no slashes, not `.` or `..`.
    package let name: String
    /// 1 to 127 visible ASCII characters and spaces, for example `text/plain; charset=utf-8`.
    package let mediaType: String
    /// Bytes of the part.
    package let size: UInt64
    package let digest: Hash

    /// - Throws: ``FormError`` when the name or the media type is outside its bounds.
    package init(name: String, mediaType: String, size: UInt64, digest: Hash) throws(FormError) {
        guard (1...ContentBounds.partName).contains(name.utf8.count), Self.isSafe(name) else {
            throw FormError("PartInfo.name", expected: "a file name of 1 to \(ContentBounds.partName) bytes")
        }
        guard (1...ContentBounds.mediaType).contains(mediaType.utf8.count),
            mediaType.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
        else {
            throw FormError("PartInfo.mediaType", expected: "1 to \(ContentBounds.mediaType) visible ASCII characters")
        }
        guard size <= Bounds.payload else {
            throw FormError("PartInfo.size", expected: "at most \(Bounds.payload)", code: .oversized)
        }
        self.name = name
        self.mediaType = mediaType
        self.size = size
        self.digest = digest
    }

    /// The description of a part whose bytes a digester has taken.
    package init(name: String, mediaType: String, read digester: PartDigester) throws(FormError) {
        try self.init(name: name, mediaType: mediaType, size: digester.size, digest: digester.digest())
    }

    /// The description of a part of this size that is yet to be read, for ``Sealer/sealReadingOnce(reading:writing:)``.
    package init(name: String, mediaType: String, unread size: UInt64) throws(FormError) {
        try self.init(name: name, mediaType: mediaType, size: size, digest: .zero)
    }

    func with(digest: Hash) throws(FormError) -> PartInfo {
        try PartInfo(name: name, mediaType: mediaType, size: size, digest: digest)
    }

    package init(node: ASN1Node) throws { try self.init(node: node, tag: .sequence) }

    init(node: ASN1Node, tag: ASN1Identifier) throws {
        self = try DER.sequence(node, identifier: tag) { f in
            try PartInfo(
                name: try f.text("PartInfo.name", max: ContentBounds.partName),
                mediaType: try f.text("PartInfo.mediaType", max: ContentBounds.mediaType),
                size: try f.uint("PartInfo.size", max: Bounds.payload), digest: try f.hash("PartInfo.digest"))
        }
    }

    package func write(to der: inout DER.Serializer, tag: ASN1Identifier) throws {
        try der.sequence(tag) { der in
            der.text(name)
            der.text(mediaType)
            try der.uint(size)
            der.hash(digest)
        }
    }

    private static func isSafe(_ name: String) -> Bool {
        name != "." && name != ".."
            && name.unicodeScalars.allSatisfy { scalar in
                scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value) && scalar != "/" && scalar != "\\"
            }
    }
}

/// Takes a part in pieces of any size and gives its labelled hash.
package struct PartDigester: Sendable {
    private var hasher = Label.part.begin()
    /// Bytes taken so far.
    package private(set) var size: UInt64 = 0

    package init() {}

    package mutating func take(_ bytes: ArraySlice<UInt8>) {
        bytes.withUnsafeBytes { hasher.update(bufferPointer: $0) }
        size += UInt64(bytes.count)
    }

    package mutating func take(_ bytes: [UInt8]) { take(bytes[...]) }

    /// The digest of what was taken so far.
    package func digest() -> Hash { Hash(hasher.finalize()) }
}
