package import Statements
import Yams

/// The source of a charter: commented YAML that names card files and the relay's public file.
///
/// Read strictly: unknown and doubled keys, wrong types, anchors, and amounts in any but their one spelling are errors
/// with their line. `Docs/Examples/charter.yaml` shows every key.
package enum CharterSource {
    /// The largest source, in bytes.
    package static let byteLimit = 256 * 1024

    /// Reads a file and those that it names, relative to its own folder.
    /// - Parameter now: the charter's time unless the source says `made`.
    /// - Throws: ``CharterSourceError``; ``DeskError`` when the file itself cannot be read.
    package static func read(path: String, now: Timestamp) throws -> Charter {
        let bytes = try DeskFile.read(path, limit: byteLimit)
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        return try read(bytes, name: path, now: now) { named in
            try DeskFile.read(named.hasPrefix("/") ? named : folder + named, limit: TextBlock.byteLimit)
        }
    }

    /// Reads a source whose files come from a closure.
    /// - Parameters:
    ///   - name: what errors call the source.
    ///   - file: the contents of a file that the source names; what it throws is reported at that place.
    package static func read(
        _ bytes: [UInt8], name: String, now: Timestamp, file: @escaping (String) throws -> [UInt8]
    ) throws(CharterSourceError) -> Charter {
        let whole = { (code: CharterSourceError.Code, line: Int?, message: String) in
            CharterSourceError(code: code, file: name, line: line, path: "", message: message)
        }
        guard bytes.count <= byteLimit else {
            throw whole(.tooLarge, nil, "at most \(byteLimit / 1024) KiB were expected")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw whole(.notText, nil, "UTF-8 text was expected")
        }
        if let line = SourceAnchors.firstLine(in: text) {
            throw whole(
                .anchor, line, "anchors and aliases (&name, *name) are not allowed; quote a text with such a word")
        }
        let parser: Parser
        let root: Node?
        do {
            parser = try Parser(yaml: text)
            root = try parser.singleRoot()
        } catch {
            throw syntax(error, whole)
        }
        // The nodes know their anchors only as long as the parser lives.
        defer { withExtendedLifetime(parser) {} }
        guard let root else { throw whole(.missingKey, nil, "the file is empty") }
        let node = SourceNode(node: root, file: name, path: "", line: root.mark?.line)
        return try CharterSourceReader(now: now, file: file).charter(node)
    }

    private static func syntax(
        _ error: any Error, _ whole: (CharterSourceError.Code, Int?, String) -> CharterSourceError
    ) -> CharterSourceError {
        switch error {
        case YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _),
            YamlError.composer(_, let problem, let mark, _):
            whole(.syntax, mark.line, "this is not YAML: \(problem)")
        case YamlError.duplicatedKeysInMapping(let names, let context):
            whole(.duplicateKey, context.mark.line, "the key \(names.first ?? "") stands there twice")
        case YamlError.reader(let problem, _, _, _):
            whole(.syntax, nil, "this is not YAML: \(problem)")
        default: whole(.syntax, nil, "this is not YAML")
        }
    }
}

/// Finds what could make a small source stand for a huge one, before it is parsed. What hides from this look at single
/// lines is found when the parsed nodes are read.
enum SourceAnchors {
    /// The first line, from 1, on which `&` or `*` begins a word outside quotes and comments.
    static func firstLine(in text: String) -> Int? {
        for (position, line) in text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated()
        where hasAnchor(line) {
            return position + 1
        }
        return nil
    }

    private static func hasAnchor(_ line: Substring.UTF8View) -> Bool {
        let bytes = Array(line)
        var quote: UInt8?
        for (position, byte) in bytes.enumerated() {
            let before = position == 0 ? 0x20 : bytes[position - 1]
            let begins = [0x20, 0x09, 0x5B, 0x7B, 0x2C, 0x3A].contains(before)
            if let open = quote {
                if byte == open { quote = nil }
            } else if begins, byte == 0x22 || byte == 0x27 {
                quote = byte
            } else if begins, byte == 0x23 {
                return false
            } else if begins, byte == 0x26 || byte == 0x2A, position + 1 < bytes.count,
                ![0x20, 0x09, 0x0D].contains(bytes[position + 1])
            {
                return true
            }
        }
        return false
    }
}
