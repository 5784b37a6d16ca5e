package import HTTPTypes
import Ledger
package import Statements

/// An error answer of the relay: `application/problem+json` (RFC 9457).
///
/// What a client reads here is the relay's word: to be shown as untrusted text, and proof of nothing but for the
/// signed rejection, once that is verified.
package struct Problem: Error, Hashable, Sendable, CustomStringConvertible {
    /// The media type of the encoded form.
    package static let mediaType = "application/problem+json"
    /// The longest detail and hint, in bytes of UTF-8.
    package static let longestText = 1_024
    /// The most routes that are named.
    package static let mostRoutes = 16

    package let status: Int
    package let title: String
    /// A ``ProblemCode`` as text: a later relay's codes stay readable.
    package let code: String
    /// One sentence on this occurrence.
    package let detail: String
    /// What to do next.
    package let hint: String
    /// Routes that would be permitted: intermediaries in order, then the recipient.
    package let routes: [[PartyID]]
    /// DER of a ``Statements/SignedRejection``; not verified here.
    package let rejection: [UInt8]?
    /// For 405: the methods that are allowed. They travel as a field, not in the document.
    package let allow: [HTTPRequest.Method]
    /// For `wrong-offset`: where the upload stands. It travels as a field, not in the document.
    package let uploadOffset: UInt64?
    /// For 429 and 503: seconds after which it may be tried again, if that is known. They travel as a field,
    /// not in the document.
    package var retryAfter: Int?
    /// What the operator's log calls the request, in 16 hexadecimal digits.
    package var request: String?

    package init(
        _ code: ProblemCode, detail: String, routes: [[PartyID]] = [], rejection: [UInt8]? = nil,
        allow: [HTTPRequest.Method] = [], uploadOffset: UInt64? = nil
    ) {
        self.status = code.status
        self.title = code.title
        self.code = code.description
        self.detail = Problem.cut(detail)
        self.hint = code.hint
        self.routes = Array(routes.prefix(Problem.mostRoutes))
        self.rejection = rejection
        self.allow = allow
        self.uploadOffset = uploadOffset
    }

    /// One of the service's own.
    package init(_ code: ServiceCode, _ detail: String, allow: [HTTPRequest.Method] = [], uploadOffset: UInt64? = nil) {
        self.init(.service(code), detail: detail, allow: allow, uploadOffset: uploadOffset)
    }

    /// A form that could not be read: `malformed`, `oversized` or `unknown-version`.
    package init(_ error: FormError) {
        let code: ServiceCode =
            switch error.code {
            case .malformed: .malformed
            case .oversized: .oversized
            case .unknownVersion: .unknownVersion
            }
        self.init(code, "\(error.field): expected \(error.expected)")
    }

    package var description: String { "\(detail) [\(code)]" }

    /// The header fields of the answer.
    package var fields: HTTPFields {
        var fields: HTTPFields = [.contentType: Problem.mediaType, .cacheControl: "no-store"]
        if !allow.isEmpty { fields[.allow] = allow.map(\.rawValue).joined(separator: ", ") }
        if let uploadOffset { fields[.uploadOffset] = String(uploadOffset) }
        switch status {
        case 401: fields[.wwwAuthenticate] = "Signature"
        case 429: fields[.retryAfter] = String(retryAfter ?? 1)
        case 503: fields[.retryAfter] = String(retryAfter ?? 5)
        default: break
        }
        return fields
    }

    /// The document.
    package var encoded: [UInt8] {
        var members: [JSON.Member] = [
            .init("type", .string("about:blank")), .init("title", .string(title)),
            .init("status", .integer(Int64(status))), .init("code", .string(code)),
            .init("detail", .string(detail)), .init("hint", .string(hint)),
        ]
        if !routes.isEmpty {
            members.append(.init("routes", .array(routes.map { .array($0.map { .string($0.description) }) })))
        }
        if let rejection { members.append(.init("rejection", .string(Base64.encode(rejection)))) }
        if let request { members.append(.init("request", .string(request))) }
        return JSON.object(members).bytes
    }

    /// Reads a document. What is missing but `code` and `status` is filled with nothing.
    package init(parsing bytes: [UInt8]) throws(FormError) {
        let form = "Problem"
        let fields = try JSONFields(JSON(parsing: bytes, limit: ByteLimit.problem, form: form), form: form)
        let code = try fields.string("code", limit: 63)
        guard Slug(code) != nil, case .integer(let status) = fields.value("status"), (400...599).contains(status)
        else { throw FormError(form, expected: "a code in slug form and a status from 400 to 599") }
        self.status = Int(status)
        self.code = code
        title = Problem.cut(fields.value("title") == nil ? "" : try fields.string("title", limit: ByteLimit.problem))
        detail = Problem.cut(fields.value("detail") == nil ? "" : try fields.string("detail", limit: ByteLimit.problem))
        hint = Problem.cut(fields.value("hint") == nil ? "" : try fields.string("hint", limit: ByteLimit.problem))
        routes = fields.value("routes") == nil ? [] : try Problem.routes(fields)
        if fields.value("rejection") == nil {
            rejection = nil
        } else {
            guard let der = Base64.decode(try fields.string("rejection", limit: ByteLimit.rejection * 2)) else {
                throw fields.error("rejection", "base64")
            }
            rejection = der
        }
        if case .string(let text) = fields.value("request"), Hex.decode(text.utf8)?.count == 8 { request = text }
        allow = []
        uploadOffset = nil
    }

    private static func routes(_ fields: JSONFields) throws(FormError) -> [[PartyID]] {
        var routes: [[PartyID]] = []
        for item in try fields.items("routes", limit: mostRoutes) {
            guard case .array(let names) = item, (1...Bounds.intermediaries + 1).contains(names.count) else {
                throw fields.error("routes", "routes of 1 to \(Bounds.intermediaries + 1) parties")
            }
            var route: [PartyID] = []
            for name in names {
                guard case .string(let text) = name, let party = PartyID(text) else {
                    throw fields.error("routes", "names of parties")
                }
                route.append(party)
            }
            routes.append(route)
        }
        return routes
    }

    /// At most ``longestText`` bytes, cut between characters.
    private static func cut(_ text: String) -> String {
        guard text.utf8.count > longestText else { return text }
        var cut = text.prefix(longestText)
        while cut.utf8.count > longestText { cut.removeLast() }
        return String(cut)
    }
}
