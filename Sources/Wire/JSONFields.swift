import Ledger
package import Statements

/// The members of an object that is read, each with its type and bound; members that nobody asks for are passed over,
/// so that a later relay may add some.
package struct JSONFields {
    package let form: String
    private let members: [JSON.Member]

    /// - Throws: an error unless the value is an object.
    package init(_ value: JSON, form: String) throws(FormError) {
        guard case .object(let members) = value else { throw FormError(form, expected: "an object") }
        self.form = form
        self.members = members
    }

    /// Reads a text whose `schema` must be the given one.
    package init(parsing bytes: [UInt8], limit: Int, schema: String) throws(FormError) {
        try self.init(JSON(parsing: bytes, limit: limit, form: schema), form: schema)
        guard try string("schema", limit: 64) == schema else {
            throw FormError("\(schema).schema", expected: "\"\(schema)\"", code: .unknownVersion)
        }
    }

    /// As it is; nil for a member that is not there.
    package func value(_ name: String) -> JSON? { members.first { $0.name == name }?.value }

    package func error(_ name: String, _ expected: String) -> FormError {
        FormError("\(form).\(name)", expected: expected)
    }

    /// At most `limit` bytes of UTF-8.
    package func string(_ name: String, limit: Int) throws(FormError) -> String {
        guard case .string(let text) = value(name), text.utf8.count <= limit else {
            throw error(name, "a string of at most \(limit) bytes")
        }
        return text
    }

    /// A whole number from 0.
    package func count(_ name: String) throws(FormError) -> UInt64 {
        guard case .integer(let number) = value(name), let count = UInt64(exactly: number) else {
            throw error(name, "a whole number from 0")
        }
        return count
    }

    func flag(_ name: String) throws(FormError) -> Bool {
        guard case .bool(let flag) = value(name) else { throw error(name, "true or false") }
        return flag
    }

    /// At most `limit` of them.
    package func items(_ name: String, limit: Int) throws(FormError) -> [JSON] {
        guard case .array(let items) = value(name), items.count <= limit else {
            throw error(name, "an array of at most \(limit)")
        }
        return items
    }

    /// Base64 of one DER value.
    func form<T: DERFormat>(_ name: String, limit: Int) throws(FormError) -> T {
        guard let value = value(name) else { throw error(name, "base64 of a \(T.formName)") }
        return try form(value, name, limit: limit)
    }

    /// The same, or null.
    func optionalForm<T: DERFormat>(_ name: String, limit: Int) throws(FormError) -> T? {
        guard let value = value(name), value != .null else { return nil }
        return try form(value, name, limit: limit)
    }

    func forms<T: DERFormat>(_ name: String, limit: Int, each: Int) throws(FormError) -> [T] {
        var forms: [T] = []
        for item in try items(name, limit: limit) { forms.append(try form(item, name, limit: each)) }
        return forms
    }

    private func form<T: DERFormat>(_ value: JSON, _ name: String, limit: Int) throws(FormError) -> T {
        guard case .string(let text) = value, text.utf8.count <= limit / 3 * 4 + 8,
            let bytes = Base64.decode(text)
        else { throw error(name, "base64 of a \(T.formName), at most \(limit) bytes") }
        return try T(der: bytes, limit: limit)
    }
}

extension JSON {
    /// Base64 of the value's DER.
    static func form(_ form: some DERFormat) throws(FormError) -> JSON {
        .string(Base64.encode(try form.derBytes()))
    }

    static func forms(_ forms: [some DERFormat]) throws(FormError) -> JSON {
        var items: [JSON] = []
        for form in forms { items.append(try .form(form)) }
        return .array(items)
    }
}

extension Optional where Wrapped: DERFormat {
    func asJSON() throws(FormError) -> JSON {
        guard let self else { return .null }
        return try .form(self)
    }
}

extension JSON {
    /// The text of a signed note, which is UTF-8.
    static func note(_ bytes: [UInt8]) -> JSON { .string(String(decoding: bytes, as: UTF8.self)) }
}

extension JSONFields {
    func note() throws(FormError) -> [UInt8] { Array(try string("checkpoint", limit: ByteLimit.note).utf8) }

    func chain() throws(FormError) -> [ProvenEntry] {
        try forms("chain", limit: MessageView.longestChain, each: ByteLimit.provenEntry)
    }
}
