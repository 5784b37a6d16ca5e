package import Statements

/// One thing in a store that is not what the entries, or a signature, say.
package struct StoreDifference: Hashable, Sendable {
    package enum Kind: String, Sendable {
        /// SQLite's own structures.
        case page = "page-damaged"
        case schema = "schema-different"
        case checkpoint = "checkpoint-damaged"
        case entry = "entry-damaged"
        /// An entry that the rules, or a signature, do not bear.
        case ruleBroken = "rule-broken"
        case rootDifferent = "root-different"
        case rowMissing = "row-missing"
        case rowUnexpected = "row-unexpected"
        case rowDifferent = "row-different"
        case payloadMissing = "payload-missing"
        case payloadDamaged = "payload-damaged"
        case note = "note-damaged"
        case draft = "draft-damaged"
        case upload = "upload-damaged"
    }

    package let kind: Kind
    package let table: String
    /// The row, by its key; nil where a table as a whole is meant.
    package let row: String?
    package let expected: String
    package let found: String
    /// Parties that may have what is missing here, the likeliest first.
    package let ask: [String]

    init(_ kind: Kind, _ table: String, row: String? = nil, expected: String, found: String, ask: [String] = []) {
        self.kind = kind
        self.table = table
        self.row = row
        self.expected = expected
        self.found = found
        self.ask = ask
    }

    /// Whether the entries are enough to put it right.
    package var isRepairable: Bool {
        switch kind {
        case .rowMissing, .rowUnexpected, .rowDifferent: ViewTable.names.contains(table)
        default: isIndex
        }
    }

    /// One sentence, without a period.
    package var sentence: String {
        let place = row.map { "\(table), \($0)" } ?? table
        let advice = ask.isEmpty ? "" : "; ask \(ask.joined(separator: ", "))"
        return "\(place): expected \(expected), found \(found)\(advice)"
    }
}

/// What a check has looked at and found.
package struct StoreCheckReport: Sendable {
    /// Of the stored checkpoint; nil if there is none that can be read.
    package internal(set) var head: LogHead?
    /// The tables' version.
    package internal(set) var schema = ""
    /// Entries hashed, and those among them that were decided again.
    package internal(set) var entries: UInt64 = 0
    package internal(set) var decided: UInt64 = 0
    /// Rows of tiles and views that were compared.
    package internal(set) var rows: UInt64 = 0
    package internal(set) var payloads: UInt64 = 0
    package internal(set) var payloadBytes: UInt64 = 0
    package internal(set) var differences: [StoreDifference] = []
    /// Differences beyond those that are listed.
    package internal(set) var omitted: UInt64 = 0
    /// Parts that could not be held against the entries, each with the reason; something that is listed stands in the
    /// way.
    package internal(set) var unjudged: [String] = []
    /// Whether the entries give the root that the checkpoint signs and the rules bear them all.
    package internal(set) var isSound = false
    /// Views that were rebuilt.
    package internal(set) var repaired: [String] = []

    /// The most differences that are listed.
    package static let mostListed = 1_000

    package var isGood: Bool { differences.isEmpty }
    /// Whether every difference can be put right from the entries.
    package var isRepairable: Bool { isSound && omitted == 0 && differences.allSatisfy(\.isRepairable) }

    mutating func add(_ difference: StoreDifference) {
        guard differences.count < Self.mostListed else {
            omitted += 1
            return
        }
        differences.append(difference)
    }

    mutating func leaveOut(_ part: String) { unjudged.append(part) }
}
