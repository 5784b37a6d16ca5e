import Ledger
import NIOCore
import Rules
import Sealing
import Statements
import TestKit
import Testing
import Wire

/// One thing that is wrong with a request, and what its sender must be told.
struct BadInput: Sendable, CustomTestStringConvertible {
    let name: String
    let status: Int
    let code: String
    /// Whether the relay signs its "no".
    var isRejection = false
    /// `*` stands for numbers and identifiers.
    let detail: String
    let hint: String
    let request: @Sendable (RelayInABox) async throws -> ByteBuffer
    var testDescription: String { name }

    static let malformed = "Compare the request with the specification."
    static let oversized = "Send less; the specification lists the limits."
    static let authentication = "Check party, delegate and key, and that the charter lists them."

    init(
        _ name: String, _ status: Int, _ code: String, signed: Bool = false, _ detail: String, hint: String,
        _ request: @escaping @Sendable (RelayInABox) async throws -> ByteBuffer
    ) {
        self.name = name
        self.status = status
        self.code = code
        isRejection = signed
        self.detail = detail
        self.hint = hint
        self.request = request
    }

    /// Whether a sentence is the expected one.
    static func matches(_ text: String, _ pattern: String) -> Bool {
        var rest = text[...]
        let parts = pattern.split(separator: "*", omittingEmptySubsequences: false)
        guard let first = parts.first, rest.hasPrefix(first) else { return false }
        rest = rest.dropFirst(first.count)
        for part in parts.dropFirst() {
            if part.isEmpty { continue }
            guard let found = rest.firstRange(of: part) else { return false }
            rest = rest[found.upperBound...]
        }
        return rest.isEmpty || pattern.hasSuffix("*")
    }
}

extension RelayInABox {
    func envelopeRequest(_ bytes: [UInt8]) -> ByteBuffer { request("POST", "/v1/envelopes", body: bytes) }
    func statementRequest(_ bytes: [UInt8]) -> ByteBuffer { request("POST", "/v1/statements", body: bytes) }

    /// An upload in chunks of no announced length, or only its beginning.
    /// - Parameter fields: further lines of the head.
    func chunkedUpload(
        _ bytes: [UInt8], ends: Bool, to route: Route = .submitEnvelope, fields: String = ""
    ) -> ByteBuffer {
        var buffer = ByteBuffer(string: "POST \(route.target) HTTP/1.1\r\nHost: localhost\r\n\(fields)")
        buffer.writeString("Transfer-Encoding: chunked\r\n\r\n")
        buffer.writeString("\(String(bytes.count, radix: 16))\r\n")
        buffer.writeBytes(bytes)
        buffer.writeString(ends ? "\r\n0\r\n\r\n" : "\r\n")
        return buffer
    }

    /// A key publication that is right in everything, but for what the caller changes.
    func statement(
        by delegate: DelegateID = FixtureWorld.envoy, madeAt: Timestamp? = nil, submitBy: Timestamp? = nil,
        seen: LogHead? = nil, signer: DelegateID? = nil, charter: CharterID? = nil
    ) throws -> SignedStatement {
        let until = clock.now + .days(7)
        let limits = world.charter.charter.limits
        let publication = KeyPublication(
            sealingKey: FixtureWorld.bytes("another sealing key", 1_216), sealFrom: clock.now, sealUntil: until,
            keepUntil: until + limits.longestLifetime + limits.keyGrace)
        return try site.sign(
            .keyPublication(publication), by: delegate, seen: seen ?? head, madeAt: madeAt, submitBy: submitBy,
            signer: signer, charter: charter)
    }

    /// A submission with a changed field, with its envelope's header.
    func envelope(
        legs: [Leg] = [viaSpeaker], to readers: [DelegateID]? = nil,
        _ change: (Submission) -> Submission
    ) throws -> RealEnvelope {
        let letter = try letter(legs: legs, to: readers)
        guard case .submission(let submission) = submission(letter) else {
            throw Unexpected(description: "no submission")
        }
        return try RealEnvelope(letter, signed: sign(.submission(change(submission)), by: FixtureWorld.envoy))
    }
}

/// DER by hand, for what our own encoder would never make.
enum HandmadeDER {
    static func item(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        let count = content.count
        switch count {
        case ..<128: return [tag, UInt8(count)] + content
        case ..<256: return [tag, 0x81, UInt8(count)] + content
        default: return [tag, 0x82, UInt8(count >> 8), UInt8(count & 0xff)] + content
        }
    }

    static func signed(_ statement: [UInt8], _ signatures: [[UInt8]]) -> [UInt8] {
        item(0x30, statement + item(0x30, signatures.flatMap { item(0x04, $0) }))
    }

    /// The same value with a length in more bytes than it needs: BER, not DER.
    static func padded(_ item: [UInt8]) -> [UInt8] {
        guard item.count > 4, item[1] == 0x82 else { return item }
        return [item[0], 0x83, 0] + item[2...]
    }
}
