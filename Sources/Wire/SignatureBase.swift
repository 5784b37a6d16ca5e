package import HTTPTypes

/// What an HTTP message signature is made over (RFC 9421 section 2.5).
package struct SignatureBase: Hashable, Sendable {
    /// A covered component: its identifier without quotation marks, and its value.
    package struct Component: Hashable, Sendable {
        package let name: String
        package let value: String
        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    package let components: [Component]
    /// The inner list of components with its parameters, as in `Signature-Input` behind the label.
    package let parameters: String

    package init(components: [Component], parameters: String) {
        self.components = components
        self.parameters = parameters
    }

    /// The bytes that are signed.
    package var bytes: [UInt8] {
        let lines = components.map { "\"\($0.name)\": \($0.value)\n" }.joined()
        return Array("\(lines)\"@signature-params\": \(parameters)".utf8)
    }
}

/// The parts of a request that its signature covers (RFC 9421 section 2.2).
package struct SignedRequest: Hashable, Sendable {
    /// What every signature covers, in this order.
    package static let covered = ["@method", "@authority", "@path", "@query"]
    /// What is covered beside that when a body is read whole (RFC 9421 section 7.2.8).
    package static let digestField = "content-digest"

    package let method: HTTPRequest.Method
    /// Lower case, without the port 443.
    package let authority: String
    package let path: String
    /// With its question mark; only that when there is none.
    package let query: String
    /// The value of the field Content-Digest; nil for a request without a body, or with one that is streamed.
    package let contentDigest: String?

    /// - Parameters:
    ///   - authority: host and port as in the `Host` field.
    ///   - target: path and query as on the request line.
    ///   - contentDigest: see ``ContentDigest``.
    package init(method: HTTPRequest.Method, authority: String, target: String, contentDigest: String? = nil) {
        self.method = method
        self.contentDigest = contentDigest
        let lowered = authority.lowercased()
        self.authority = lowered.hasSuffix(":443") ? String(lowered.dropLast(4)) : lowered
        let mark = target.firstIndex(of: "?") ?? target.endIndex
        path = mark == target.startIndex ? "/" : String(target[..<mark])
        query = mark == target.endIndex ? "?" : String(target[mark...])
    }

    /// What a signature of this request covers, in this order.
    package var covered: [String] { SignedRequest.covered + (contentDigest == nil ? [] : [SignedRequest.digestField]) }

    /// The base of a signature with these parameters.
    package func base(parameters: String) -> SignatureBase {
        let values = [method.rawValue, authority, path, query] + (contentDigest.map { [$0] } ?? [])
        return SignatureBase(
            components: zip(covered, values).map { SignatureBase.Component($0, $1) },
            parameters: parameters)
    }
}
