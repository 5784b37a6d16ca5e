/// The kinds of `.valise` file, told apart by their first line (`Docs/Specification.md#files`).
package enum ValiseFileKind: String, Sendable, CaseIterable {
    /// A submission with its payload.
    case envelope
    /// A statement that still wants signatures, with its payload if it is a submission.
    case draft
    /// A signed statement that is no submission.
    case statement
    /// Sealing keys with their proofs.
    case keys
    /// A signed statement with the relay's signed "no" to it.
    case rejection

    /// The first line without its line feed.
    package var firstLine: String { "valise-\(rawValue)/v1" }
    /// The first line with its line feed.
    package var magic: [UInt8] { Array("\(firstLine)\n".utf8) }
    /// Bytes that are enough to tell every kind.
    package static let detectionCount = 20

    /// The kind of a file that begins with these bytes; nil if it is none of them, or if they are too few.
    package static func detect(_ firstBytes: some Sequence<UInt8>) -> ValiseFileKind? {
        let first = Array(firstBytes.prefix(detectionCount))
        return allCases.first { first.starts(with: $0.magic) }
    }
}
