import Wording

/// A JSON value (RFC 8259) whose objects keep the order in which members were given, so that output is deterministic.
package enum JSONValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case integer(Int64)
    case unsigned(UInt64)
    /// Printed by the shortest form that reads back the same; not-a-number and infinity are printed as `null`.
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([Member])

    /// A name and its value.
    package struct Member: Sendable, Hashable {
        package let name: String
        package let value: JSONValue

        package init(_ name: String, _ value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    /// One line without spaces or line feed: the form for programs and for JSON lines.
    package var compact: String {
        var text = ""
        print(into: &text, indent: nil)
        return text
    }

    /// Indented by two spaces, without a final line feed: the form for a terminal.
    package var indented: String {
        var text = ""
        print(into: &text, indent: 0)
        return text
    }

    private func print(into text: inout String, indent: Int?) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .integer(let value): text += String(value)
        case .unsigned(let value): text += String(value)
        case .number(let value): text += value.isFinite ? value.description : "null"
        case .string(let value): JSONValue.quote(value, into: &text)
        case .array(let values):
            JSONValue.list(values, "[", "]", into: &text, indent: indent) { value, text, indent in
                value.print(into: &text, indent: indent)
            }
        case .object(let members):
            JSONValue.list(members, "{", "}", into: &text, indent: indent) { member, text, indent in
                JSONValue.quote(member.name, into: &text)
                text += indent == nil ? ":" : ": "
                member.value.print(into: &text, indent: indent)
            }
        }
    }

    private static func list<Element>(
        _ elements: [Element], _ open: String, _ close: String, into text: inout String, indent: Int?,
        print: (Element, inout String, Int?) -> Void
    ) {
        text += open
        for (position, element) in elements.enumerated() {
            if position > 0 { text += "," }
            if let indent { text += "\n" + String(repeating: " ", count: indent + 2) }
            print(element, &text, indent.map { $0 + 2 })
        }
        if let indent, !elements.isEmpty { text += "\n" + String(repeating: " ", count: indent) }
        text += close
    }

    /// Quotes a string. Beyond what RFC 8259 section 7 demands, characters that a terminal would act on or not show
    /// are escaped, so that JSON printed to a terminal is as safe as `SafeText`; readers get the exact text back.
    private static func quote(_ string: String, into text: inout String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            default:
                if scalar.isUnsafe {
                    for unit in UTF16.encode(scalar) ?? .init() { escape(unit, into: &text) }
                } else {
                    text.unicodeScalars.append(scalar)
                }
            }
        }
        text += "\""
    }

    private static func escape(_ unit: UInt16, into text: inout String) {
        let digits = String(unit, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(elements.map { Member($0.0, $0.1) })
    }
    package init(nilLiteral: ()) { self = .null }
}

extension JSONValue {
    /// A string, or `null` where there is none.
    package static func optional(_ string: String?) -> JSONValue { string.map { .string($0) } ?? .null }

    /// A signed integer of any width that fits 64 bits.
    package static func count(_ value: Int) -> JSONValue { .integer(Int64(value)) }
}
