package import Statements
import Yams

/// Where in its source a finding about a whole charter comes from.
extension CharterSource {
    /// As ``read(path:now:)``, and checks the charter as a relay would.
    /// - Returns: the charter's bytes.
    /// - Throws: also ``CharterUnfit`` with every finding and its line; ``DeskError`` `charter-too-large`.
    package static func compile(path: String, now: Timestamp) throws -> (charter: Charter, bytes: [UInt8]) {
        let charter = try read(path: path, now: now)
        let findings = CharterCheck.findings(charter)
        guard findings.isEmpty else {
            let text = try DeskFile.readText(path, limit: byteLimit)
            throw CharterUnfit(
                file: path,
                findings: findings.map { finding in
                    let keys = FindingPlace.keys(of: finding, in: charter)
                    return .init(finding: finding, line: line(of: keys, in: text), path: FindingPlace.text(keys))
                })
        }
        return (charter, try CharterFiles.compile(charter))
    }

    /// The line, from 1, of the deepest of these keys that stands in the source.
    static func line(of keys: [FindingPlace.Key], in text: String) -> Int? {
        guard let parser = try? Parser(yaml: text), var node = try? parser.singleRoot() else { return nil }
        defer { withExtendedLifetime(parser) {} }
        var line: Int?
        for key in keys {
            switch key {
            case .name(let name):
                guard let pair = node.mapping?.first(where: { $0.key.string == name }) else { return line }
                line = pair.key.mark?.line ?? line
                node = pair.value
            case .item(let position):
                guard let list = node.sequence, list.indices.contains(position) else { return line }
                node = list[position]
                line = node.mark?.line ?? line
            }
        }
        return line
    }
}

/// A charter that was read well and that no relay could run under.
package struct CharterUnfit: Error, Hashable, Sendable {
    package struct Place: Hashable, Sendable {
        package let finding: CharterCheck.Finding
        /// From 1; nil where no line is to blame.
        package let line: Int?
        /// `parties.us-envoy.quorum`; empty where no key is to blame.
        package let path: String
    }

    /// The source as it was named.
    package let file: String
    /// At least one.
    package let findings: [Place]

    /// `charter.yaml:12: stewards.threshold: 9 of 3 stewards cannot be met`
    package func text(_ place: Place) -> String {
        (place.line.map { "\(file):\($0): " } ?? "\(file): ") + (place.path.isEmpty ? "" : "\(place.path): ")
            + place.finding.message
    }
}

/// The keys of the source that decide what a finding is about.
enum FindingPlace {
    enum Key: Hashable {
        case name(String)
        /// From 0.
        case item(Int)
    }

    /// `channels[2].size`, items from 1.
    static func text(_ keys: [Key]) -> String {
        keys.reduce("") { text, key in
            switch key {
            case .name(let name): text.isEmpty ? name : "\(text).\(name)"
            case .item(let position): "\(text)[\(position + 1)]"
            }
        }
    }

    static func keys(of finding: CharterCheck.Finding, in charter: Charter) -> [Key] {
        switch finding.code {
        case "charter-stewards": [.name("stewards"), .name("threshold")]
        case "charter-limits": [.name("limits")]
        case "charter-witnesses": [.name("witnesses"), .name("quorum")]
        case "charter-origin": [.name("relay"), .name("origin")]
        case "charter-url": [.name("relay"), .name("url")]
        case "charter-quorum": party(finding, charter, below: "quorum")
        case "charter-founder": party(finding, charter, below: "founder")
        case "charter-key-twice", "charter-key-bad", "charter-card-bad": party(finding, charter, below: "cards")
        case "charter-channel-party", "charter-channel-window", "charter-channel-barred": channel(finding, charter)
        case "charter-bar-party": [.name("bars")]
        case "charter-no-auditor", "charter-reserved-name", "charter-order": [.name("parties")]
        default: []
        }
    }

    /// Findings name the party they are about.
    private static func party(_ finding: CharterCheck.Finding, _ charter: Charter, below key: String) -> [Key] {
        let named = charter.parties.first {
            finding.message.hasPrefix("\($0.id) ") || finding.message.contains("of \($0.id)/")
        }
        guard let named else { return [.name("relay")] }
        return [.name("parties"), .name(named.id.description), .name(key)]
    }

    /// Channels keep the order of the source.
    private static func channel(_ finding: CharterCheck.Finding, _ charter: Charter) -> [Key] {
        let position = charter.channels.firstIndex { finding.message.hasPrefix("channel \($0.from) - \($0.to) ") }
        return [.name("channels")] + (position.map { [.item($0)] } ?? [])
    }
}
