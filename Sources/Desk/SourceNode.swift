import Yams

/// One place in the source of a charter, read strictly: every scalar is the text that stands there, and nothing is
/// guessed from how it looks.
struct SourceNode {
    let node: Node
    let file: String
    let path: String
    /// The line of its key, which people find sooner than that of its first value.
    let line: Int?

    init(node: Node, file: String, path: String, line: Int?) {
        self.node = node
        self.file = file
        self.path = path
        self.line = line
    }

    func error(_ code: CharterSourceError.Code, _ message: String) -> CharterSourceError {
        CharterSourceError(code: code, file: file, line: line, path: path, message: message)
    }

    /// The text of a scalar, as it stands.
    /// - Parameter limit: in bytes.
    func text(limit: Int = 1_024) throws(CharterSourceError) -> String {
        guard case .scalar(let scalar) = node else { throw error(.wrongType, "a text was expected") }
        try refuseMarks(scalar.tag)
        guard !scalar.string.isEmpty else { throw error(.wrongType, "a text was expected, and nothing stands there") }
        guard scalar.string.utf8.count <= limit else {
            throw error(.wrongType, "a text of at most \(limit) bytes was expected")
        }
        guard !scalar.string.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
            throw error(.wrongType, "a text on one line, without control characters, was expected")
        }
        return scalar.string
    }

    /// The items of a list.
    func list(_ count: ClosedRange<Int>) throws(CharterSourceError) -> [SourceNode] {
        guard case .sequence(let sequence) = node else { throw error(.wrongType, "a list was expected") }
        try refuseMarks(sequence.tag)
        guard count.contains(sequence.count) else {
            throw error(.wrongType, "\(Self.words(count)) items were expected, and there are \(sequence.count)")
        }
        return sequence.enumerated().map { position, item in
            SourceNode(node: item, file: file, path: "\(path)[\(position + 1)]", line: item.mark?.line ?? line)
        }
    }

    /// The pairs of a mapping whose keys the writer chooses, in the order in which they stand.
    func pairs(_ count: ClosedRange<Int>) throws(CharterSourceError) -> [(name: String, value: SourceNode)] {
        guard case .mapping(let mapping) = node else { throw error(.wrongType, "keys with values were expected") }
        try refuseMarks(mapping.tag)
        guard count.contains(mapping.count) else {
            throw error(.wrongType, "\(Self.words(count)) keys were expected, and there are \(mapping.count)")
        }
        var pairs: [(name: String, value: SourceNode)] = []
        var seen: Set<String> = []
        for (key, value) in mapping {
            let line = key.mark?.line ?? line
            guard case .scalar(let scalar) = key else { throw at(line).error(.wrongType, "a key must be a text") }
            guard seen.insert(scalar.string).inserted else {
                throw at(line).error(.duplicateKey, "the key \(scalar.string) stands there twice")
            }
            let below = path.isEmpty ? scalar.string : "\(path).\(scalar.string)"
            pairs.append((scalar.string, SourceNode(node: value, file: file, path: below, line: line)))
        }
        return pairs
    }

    /// A mapping that may have these keys and no others.
    func keys(_ allowed: String...) throws(CharterSourceError) -> SourceKeys {
        var values: [String: SourceNode] = [:]
        for (name, value) in try pairs(0...10_000) {
            guard allowed.contains(name) else {
                throw value.error(
                    .unknownKey, "there is no such key here; possible are \(allowed.joined(separator: ", "))")
            }
            values[name] = value
        }
        return SourceKeys(place: self, values: values)
    }

    private func at(_ line: Int?) -> SourceNode { SourceNode(node: node, file: file, path: path, line: line) }

    /// `!!binary` and the like, anchors and aliases would mean something else than what stands there.
    private func refuseMarks(_ tag: Tag) throws(CharterSourceError) {
        guard node.anchor == nil else {
            throw error(.anchor, "anchors and aliases (&name, *name) are not allowed")
        }
        let name = tag.description
        guard name.isEmpty || name.hasPrefix("tag:yaml.org,2002:"), !name.hasSuffix("binary") else {
            throw error(.wrongType, "the tag \(name.prefix(40)) has no meaning here")
        }
    }

    private static func words(_ count: ClosedRange<Int>) -> String {
        count.lowerBound == count.upperBound ? "\(count.lowerBound)" : "\(count.lowerBound) to \(count.upperBound)"
    }
}

/// The values of a mapping with fixed keys.
struct SourceKeys {
    let place: SourceNode
    fileprivate let values: [String: SourceNode]

    subscript(name: String) -> SourceNode? { values[name] }

    func required(_ name: String) throws(CharterSourceError) -> SourceNode {
        guard let value = values[name] else { throw place.error(.missingKey, "the key \(name) is missing") }
        return value
    }

    /// Refuses two keys that say the same thing in two ways.
    func onlyOne(_ first: String, _ second: String) throws(CharterSourceError) {
        guard values[first] == nil || values[second] == nil else {
            throw place.error(.conflict, "either \(first) or \(second) was expected, not both")
        }
    }
}
