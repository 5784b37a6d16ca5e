import Foundation
import Yams

/// A settings file: YAML, one `key: value` a line, read strictly. A value is the text that stands there; nothing is
/// guessed from how it looks.
struct SettingsFile {
    struct Entry {
        let key: String
        let text: String
        let line: Int
    }

    /// The longest file that is looked at, in bytes.
    static let byteLimit = 64 * 1024

    let path: String
    let entries: [Entry]

    /// - Throws: `file-missing`, `settings-file-malformed`.
    init(path: String) throws(CommandFailure) {
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw CommandFailure(
                code: "file-missing", message: "There is no settings file \(path) that can be read.",
                hints: ["check the path, and who may read it"], status: .notFound)
        }
        guard let bytes = try? file.read(upToCount: Self.byteLimit + 1) ?? Data() else {
            throw Self.malformed(path, "could not be read")
        }
        guard bytes.count <= Self.byteLimit else {
            throw Self.malformed(path, "is larger than the \(Self.byteLimit) bytes that it may have")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw Self.malformed(path, "is not UTF-8") }
        try self.init(path: path, text: text)
    }

    init(path: String, text: String) throws(CommandFailure) {
        self.path = path
        try Self.refuseReferences(path, text)
        let root: Node?
        do { root = try compose(yaml: text) } catch { throw Self.malformed(path, error, in: text) }
        guard let root, !(root.scalar?.string.isEmpty ?? false) else {
            entries = []
            return
        }
        guard case .mapping(let mapping) = root else {
            throw Self.malformed(path, line: root.mark?.line, "lines of the form `key: value` were expected")
        }
        entries = try mapping.map { (key, value) throws(CommandFailure) in try Self.entry(path, key, value) }
    }

    private static func entry(_ path: String, _ key: Node, _ value: Node) throws(CommandFailure) -> Entry {
        let line = key.mark?.line ?? 1
        guard case .scalar(let name) = key else {
            throw malformed(path, line: line, "lines of the form `key: value` were expected")
        }
        guard case .scalar(let scalar) = value else {
            throw malformed(path, line: line, "the value of \(name.string.prefix(40)) was expected to be one text")
        }
        let tag = scalar.tag.description
        guard tag.isEmpty || tag.hasPrefix("tag:yaml.org,2002:"), !tag.hasSuffix("binary") else {
            throw malformed(path, line: line, "the tag \(tag.prefix(40)) has no meaning here")
        }
        return Entry(key: name.string, text: scalar.string, line: line)
    }

    /// An anchor or an alias would make a value mean another text than the one that stands there. The parser does not
    /// tell of them.
    private static func refuseReferences(_ path: String, _ text: String) throws(CommandFailure) {
        for (position, line) in lines(text).enumerated() where !line.hasPrefix("#") {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, let first = parts[1].first(where: { $0 != " " }), first == "&" || first == "*"
            else { continue }
            throw malformed(
                path, line: position + 1, "the value of \(parts[0].prefix(40)) was expected to be one text")
        }
    }

    private static func lines(_ text: String) -> [Substring] {
        text.split(separator: "\n", omittingEmptySubsequences: false)
    }

    private static func malformed(_ path: String, _ error: any Error, in text: String) -> CommandFailure {
        switch error {
        case YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _),
            YamlError.composer(_, let problem, let mark, _):
            malformed(path, line: mark.line, "this is not YAML: \(problem)")
        case YamlError.duplicatedKeysInMapping(let names, let context):
            duplicate(path, names.first ?? "", in: text, otherwise: context.mark.line)
        default: malformed(path, "is not YAML")
        }
    }

    /// With the line on which the key stands again, which the parser does not tell.
    private static func duplicate(
        _ path: String, _ name: String, in text: String, otherwise line: Int
    ) -> CommandFailure {
        let places = lines(text).enumerated().filter { $0.element.hasPrefix("\(name):") }
        let second = places.dropFirst().first.map { $0.offset + 1 }
        return malformed(path, line: second ?? line, "the key \(name) stands there twice")
    }

    private static func malformed(_ path: String, line: Int?, _ problem: String) -> CommandFailure {
        CommandFailure(
            code: "settings-file-malformed", message: "\(path)\(line.map { ":\($0)" } ?? ""): \(problem).",
            hints: ["config keys --example prints a file of this form"], status: .usage)
    }

    private static func malformed(_ path: String, _ problem: String) -> CommandFailure {
        CommandFailure(
            code: "settings-file-malformed", message: "The settings file \(path) \(problem).",
            hints: ["check that it is the right file"], status: .usage)
    }
}
