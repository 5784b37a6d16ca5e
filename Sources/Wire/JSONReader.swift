package import Statements

extension JSON {
    /// How deep arrays and objects may lie in each other.
    package static let deepest = 32
    /// The most values in one text, so that a short text cannot cost much memory.
    package static let mostValues = 200_000
    /// The most members of one object.
    package static let mostMembers = 64

    /// Reads one JSON text: UTF-8, whole numbers within ``integers``, no member name twice, nothing behind it.
    ///
    /// - Parameters:
    ///   - bytes: the whole text.
    ///   - limit: the most bytes that are looked at.
    ///   - form: what is read, for the error.
    /// - Throws: ``FormError``.
    package init(parsing bytes: [UInt8], limit: Int, form: String) throws(FormError) {
        guard bytes.count <= limit else { throw FormError(form, expected: "at most \(limit) bytes", code: .oversized) }
        var reader = JSONReader(bytes: bytes, form: form)
        let value = try reader.value(depth: 0)
        reader.skipSpace()
        guard reader.position == bytes.count else { throw reader.unexpected("nothing behind the JSON text") }
        self = value
    }
}

/// Reads JSON strictly, from front to back.
private struct JSONReader {
    let bytes: [UInt8]
    let form: String
    var position = 0
    var values = 0

    init(bytes: [UInt8], form: String) {
        self.bytes = bytes
        self.form = form
    }

    func unexpected(_ expected: String) -> FormError { FormError(form, expected: "\(expected) at byte \(position)") }

    var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { position += 1 }
    }

    mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        position += 1
        return true
    }

    mutating func value(depth: Int) throws(FormError) -> JSON {
        guard depth <= JSON.deepest else { throw unexpected("at most \(JSON.deepest) levels") }
        values += 1
        guard values <= JSON.mostValues else { throw unexpected("at most \(JSON.mostValues) values") }
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return .object(try members(depth: depth))
        case UInt8(ascii: "["): return .array(try items(depth: depth))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return .integer(try integer())
        }
    }

    private mutating func word(_ word: StaticString, _ value: JSON) throws(FormError) -> JSON {
        let end = position + word.utf8CodeUnitCount
        guard end <= bytes.count,
            word.withUTF8Buffer({ $0.elementsEqual(bytes[position..<end]) })
        else { throw unexpected("a JSON value") }
        position = end
        return value
    }

    private mutating func integer() throws(FormError) -> Int64 {
        let start = position
        let isNegative = take(UInt8(ascii: "-"))
        let first = position
        while let byte = next, (0x30...0x39).contains(byte), position - first < 17 { position += 1 }
        let digits = bytes[first..<position]
        let isMinimal = digits.count == 1 || digits.first != 0x30
        let goesOn = next.map { $0 == 0x2e || $0 | 0x20 == 0x65 || (0x30...0x39).contains($0) } ?? false
        let magnitude = digits.reduce(Int64(0)) { $0 * 10 + Int64($1 - 0x30) }
        guard !digits.isEmpty, isMinimal, !goesOn, JSON.integers.contains(magnitude), !isNegative || magnitude > 0
        else {
            position = start
            throw unexpected("a JSON value, numbers being whole and below 2^53")
        }
        return isNegative ? -magnitude : magnitude
    }

    private mutating func items(depth: Int) throws(FormError) -> [JSON] {
        position += 1
        var items: [JSON] = []
        skipSpace()
        if take(UInt8(ascii: "]")) { return items }
        while true {
            items.append(try value(depth: depth + 1))
            skipSpace()
            if take(UInt8(ascii: "]")) { return items }
            guard take(UInt8(ascii: ",")) else { throw unexpected("a comma or a closing bracket") }
        }
    }

    private mutating func members(depth: Int) throws(FormError) -> [JSON.Member] {
        position += 1
        var members: [JSON.Member] = []
        skipSpace()
        if take(UInt8(ascii: "}")) { return members }
        while true {
            skipSpace()
            guard next == UInt8(ascii: "\"") else { throw unexpected("a member name") }
            let name = try string()
            guard members.count < JSON.mostMembers, !members.contains(where: { $0.name == name }) else {
                throw unexpected("at most \(JSON.mostMembers) members, no name twice,")
            }
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw unexpected("a colon") }
            members.append(JSON.Member(name, try value(depth: depth + 1)))
            skipSpace()
            if take(UInt8(ascii: "}")) { return members }
            guard take(UInt8(ascii: ",")) else { throw unexpected("a comma or a closing brace") }
        }
    }

    private mutating func string() throws(FormError) -> String {
        position += 1
        var text: [UInt8] = []
        var start = position
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                let tail = bytes[start..<position]
                let whole = text.isEmpty ? String(validating: tail, as: UTF8.self) : nil
                guard let found = whole ?? String(validating: text + tail, as: UTF8.self) else {
                    throw unexpected("UTF-8")
                }
                position += 1
                return found
            case UInt8(ascii: "\\"):
                text += bytes[start..<position]
                text += try escape()
                start = position
            case 0..<0x20: throw unexpected("no control character in a string")
            default: position += 1
            }
        }
        throw unexpected("a closing quotation mark")
    }

    private mutating func escape() throws(FormError) -> [UInt8] {
        position += 1
        guard let byte = next else { throw unexpected("an escape") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0c]
        case UInt8(ascii: "n"): return [0x0a]
        case UInt8(ascii: "r"): return [0x0d]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"): return Array(String(Character(try scalar())).utf8)
        default: throw unexpected("a JSON escape")
        }
    }

    private mutating func scalar() throws(FormError) -> Unicode.Scalar {
        var value = try hexadecimal()
        if (0xd800..<0xdc00).contains(value), take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) {
            let low = try hexadecimal()
            guard (0xdc00..<0xe000).contains(low) else { throw unexpected("a low surrogate") }
            value = 0x10000 + (value - 0xd800) << 10 + (low - 0xdc00)
        }
        guard let scalar = Unicode.Scalar(value) else { throw unexpected("no lone surrogate") }
        return scalar
    }

    private mutating func hexadecimal() throws(FormError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw unexpected("four hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }
}
