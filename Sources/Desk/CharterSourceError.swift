/// What is wrong in the source of a charter, and where.
package struct CharterSourceError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable, CaseIterable {
        case tooLarge = "source-too-large"
        case notText = "source-not-text"
        case syntax = "source-syntax"
        case anchor = "source-anchor"
        case duplicateKey = "source-duplicate-key"
        case unknownKey = "source-unknown-key"
        case missingKey = "source-missing-key"
        case wrongType = "source-wrong-type"
        case badName = "source-bad-name"
        case badNumber = "source-bad-number"
        case badDuration = "source-bad-duration"
        case badSize = "source-bad-size"
        case badTime = "source-bad-time"
        case badChoice = "source-bad-choice"
        case conflict = "source-conflict"
        case badCard = "source-bad-card"
        case badRelay = "source-bad-relay"
    }

    package let code: Code
    /// The file as it was named.
    package let file: String
    /// From 1; nil when the whole file is meant.
    package let line: Int?
    /// The keys down to the place, for example `parties.us-envoy.quorum`; empty at the top.
    package let path: String
    /// What was found and what was expected.
    package let message: String

    /// `charter.yaml:12: parties.us-envoy.quorum: ...`
    package var description: String {
        let place = line.map { "\(file):\($0)" } ?? file
        return "\(place): " + (path.isEmpty ? "" : "\(path): ") + message
    }
}
