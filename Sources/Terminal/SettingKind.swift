/// What a setting's value may be, as it stands in a flag, a variable or the settings file: the same text everywhere.
package enum SettingKind: Sendable, Hashable {
    /// A path to a folder, and one to a file; whether it is there is seen when it is used.
    case folder, file
    /// A name or an address to listen on.
    case host
    /// 0 to 65535; 0 lets the system choose.
    case port
    /// One of these words.
    case word([String])
    /// A whole number.
    case count(ClosedRange<Int64>)
    /// Bytes, written as `64KiB`.
    case size(ClosedRange<Int64>)
    /// Milliseconds, written as `90s`, `15m`, `48h`, `7d`.
    case span(ClosedRange<Int64>)

    /// The value that the text stands for; nil unless it is of this kind and within its bounds.
    package func value(_ text: String) -> SettingValue? {
        switch self {
        case .folder, .file: Self.isLine(text, limit: 4_096) ? .text(text) : nil
        case .host: Self.isLine(text, limit: 255) && !text.contains { " /?#@".contains($0) } ? .text(text) : nil
        case .port: Self.number(text, in: 0...65_535)
        case .word(let words): words.contains(text) ? .text(text) : nil
        case .count(let bounds): Self.number(text, in: bounds)
        case .size(let bounds): Self.within(bounds, (try? ByteSize.parse(text)).map { Int64($0.bytes) })
        case .span(let bounds): Self.within(bounds, (try? SpanOption.parse(text))?.milliseconds)
        }
    }

    /// What was expected, for an error and for the documents: `a port, 0 to 65535`.
    package var expected: String {
        switch self {
        case .folder: "the path of a folder"
        case .file: "the path of a file"
        case .host: "a name or an address"
        case .port: "a port, 0 to 65535"
        case .word(let words): "one of \(words.joined(separator: ", "))"
        case .count(let bounds): "a whole number, \(bounds.lowerBound) to \(bounds.upperBound)"
        case .size(let bounds): "a size, \(Self.size(bounds.lowerBound)) to \(Self.size(bounds.upperBound))"
        case .span(let bounds): "a duration, \(Self.span(bounds.lowerBound)) to \(Self.span(bounds.upperBound))"
        }
    }

    /// What stands for the value in a usage line.
    package var valueName: String {
        switch self {
        case .folder: "folder"
        case .file: "file"
        case .host: "host"
        case .port: "port"
        case .word: "name"
        case .count: "number"
        case .size: "size"
        case .span: "duration"
        }
    }

    /// Whole seconds in the greatest unit that needs no fraction, as the option reads them.
    package static func span(_ milliseconds: Int64) -> String {
        let seconds = milliseconds / 1000
        for (unit, length) in [("d", 86_400), ("h", 3_600), ("m", 60)] as [(String, Int64)]
        where seconds >= length && seconds % length == 0 {
            return "\(seconds / length)\(unit)"
        }
        return "\(seconds)s"
    }

    /// Bytes in the greatest unit that needs no fraction, as the option reads them.
    package static func size(_ bytes: Int64) -> String {
        for (unit, shift) in [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)] as [(String, Int64)]
        where bytes >> shift > 0 && bytes & ((1 << shift) - 1) == 0 {
            return "\(bytes >> shift)\(unit)"
        }
        return "\(bytes)"
    }

    private static func isLine(_ text: String, limit: Int) -> Bool {
        (1...limit).contains(text.utf8.count)
            && !text.unicodeScalars.contains { $0.properties.generalCategory == .control }
    }

    private static func number(_ text: String, in bounds: ClosedRange<Int64>) -> SettingValue? {
        let digits = text.utf8
        guard (1...16).contains(digits.count), digits.count == 1 || digits.first != UInt8(ascii: "0"),
            digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        return within(bounds, Int64(text))
    }

    private static func within(_ bounds: ClosedRange<Int64>, _ value: Int64?) -> SettingValue? {
        guard let value, bounds.contains(value) else { return nil }
        return .number(value)
    }
}

/// A setting's value: a text, or a number in the kind's own unit (bytes, milliseconds).
package enum SettingValue: Sendable, Hashable {
    case text(String)
    case number(Int64)
}
