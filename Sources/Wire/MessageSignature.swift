package import HTTPTypes
import Ledger
import RawStructuredFieldValues
package import Statements

/// The HTTP message signature (RFC 9421, Ed25519) of a request that does not authenticate itself.
///
/// One signature labelled `sig1`, over exactly ``SignedRequest/covered`` and, for a request whose body is read whole,
/// its `Content-Digest`, with the parameters `created` (seconds), `keyid="party/delegate"`, `alg="ed25519"` and
/// `tag="valise"` in any order and no others. A body that is streamed has no digest here: signatures in it cover it.
package struct MessageSignature: Hashable, Sendable {
    package static let label = "sig1"
    package static let tag = "valise"
    package static let algorithm = "ed25519"
    /// The longest value of either field, in bytes.
    package static let longestField = 512

    package let signer: DelegateID
    /// Whole seconds.
    package let created: Timestamp
    /// 64 bytes.
    package let signature: [UInt8]
    /// Whether it covers the field `Content-Digest`.
    package let coversDigest: Bool
    /// The inner list with its parameters, as it was sent.
    let parameters: String

    /// Signs a request.
    ///
    /// - Parameter sign: returns the signer's Ed25519 signature of the bytes.
    /// - Throws: whatever `sign` throws.
    package init(
        signing request: SignedRequest, as signer: DelegateID, at time: Timestamp,
        by sign: ([UInt8]) async throws -> [UInt8]
    ) async throws {
        let seconds = time.milliseconds / 1000
        let covered = request.covered.map { "\"\($0)\"" }.joined(separator: " ")
        parameters =
            "(\(covered));created=\(seconds);keyid=\"\(signer)\";alg=\"\(Self.algorithm)\";tag=\"\(Self.tag)\""
        self.signer = signer
        coversDigest = request.contentDigest != nil
        created = Timestamp(milliseconds: seconds * 1000)
        signature = try await sign(request.base(parameters: parameters).bytes)
    }

    /// The two header fields.
    package var fields: HTTPFields {
        [
            .signatureInput: "\(Self.label)=\(parameters)",
            .signature: "\(Self.label)=:\(Base64.encode(signature)):",
        ]
    }

    /// Reads the signature of a request; says nothing yet about who made it.
    package init(fields: HTTPFields) throws(MessageSignatureError) {
        let input = try Self.single(.signatureInput, in: fields)
        let value = try Self.single(.signature, in: fields)
        guard case .innerList(let list) = try Self.member(input) else {
            throw .malformed("Signature-Input must hold one list of components")
        }
        coversDigest = try Self.coversDigest(list)
        guard case .item(let item) = try Self.member(value), item.rfc9651Parameters.count == 0,
            case .undecodedByteSequence(let text) = item.rfc9651BareItem, let bytes = Base64.decode(text),
            bytes.count == PinnedEd25519.signatureByteCount
        else { throw .malformed("Signature must hold base64 of 64 bytes") }
        (signer, created) = try Self.parameters(of: list)
        var serializer = StructuredFieldValueSerializer()
        guard let canonical = try? serializer.writeListFieldValue([.innerList(list)]) else {
            throw .malformed("the parameters cannot be written again")
        }
        parameters = String(decoding: canonical, as: UTF8.self)
        signature = bytes
    }

    /// Reads and verifies the signature of a request.
    ///
    /// - Parameters:
    ///   - key: the signing key of a delegate in office; nil for anyone else.
    /// - Returns: who signed.
    package static func verify(
        _ request: SignedRequest, fields: HTTPFields, now: Timestamp, key: (DelegateID) -> [UInt8]?
    ) throws(MessageSignatureError) -> DelegateID {
        let found = try MessageSignature(fields: fields)
        guard found.coversDigest == (request.contentDigest != nil) else {
            throw .malformed("the covered components must be \(request.covered.joined(separator: " "))")
        }
        let difference = now - found.created
        guard abs(difference.milliseconds) <= TimeSpan.clockTolerance.milliseconds else {
            throw .expired(by: difference)
        }
        let known = key(found.signer)
        // An unknown signer costs as much time as a known one, so that names cannot be found by measuring.
        let isValid = PinnedEd25519.verify(
            signature: found.signature, message: request.base(parameters: found.parameters).bytes,
            key: known ?? nobodysKey)
        guard known != nil else { throw .unknownKey(found.signer) }
        guard isValid else { throw .invalid(found.signer) }
        return found.signer
    }

    /// The curve's base point: a proper key whose signatures are never accepted.
    /// Whether a request claims to be signed; nothing is checked.
    package static func isPresent(in fields: HTTPFields) -> Bool {
        fields[.signatureInput] != nil || fields[.signature] != nil
    }

    private static let nobodysKey: [UInt8] = [0x58] + Array(repeating: 0x66, count: 31)

    private static func single(_ name: HTTPField.Name, in fields: HTTPFields) throws(MessageSignatureError) -> String {
        let values = fields[values: name]
        guard let value = values.first else { throw .missing }
        guard values.count == 1, value.utf8.count <= longestField else {
            throw .malformed("\(name) must occur once, with at most \(longestField) bytes")
        }
        return value
    }

    private static func member(_ text: String) throws(MessageSignatureError) -> ItemOrInnerList {
        var parser = StructuredFieldValueParser(Array(text.utf8))
        guard let map = try? parser.parseDictionaryFieldValue(), map.count == 1, let member = map[label] else {
            throw .malformed("expected one signature, labelled \(label)")
        }
        return member
    }

    private static func coversDigest(_ list: InnerList) throws(MessageSignatureError) -> Bool {
        let names = list.bareInnerList.map { item in
            if case .string(let name) = item.rfc9651BareItem, item.rfc9651Parameters.count == 0 { name } else { "" }
        }
        if names == SignedRequest.covered + [SignedRequest.digestField] { return true }
        guard names == SignedRequest.covered else {
            throw .malformed("the covered components must be \(SignedRequest.covered.joined(separator: " "))")
        }
        return false
    }

    private static func parameters(
        of list: InnerList
    ) throws(MessageSignatureError) -> (signer: DelegateID, created: Timestamp) {
        let parameters = list.rfc9651Parameters
        guard parameters.count == 4, parameters["alg"] == .string(algorithm), parameters["tag"] == .string(tag) else {
            throw .malformed("the parameters must be created, keyid, alg=\"\(algorithm)\" and tag=\"\(tag)\"")
        }
        guard case .string(let name) = parameters["keyid"], let signer = DelegateID(name) else {
            throw .malformed("keyid must be party/delegate")
        }
        guard case .integer(let seconds) = parameters["created"],
            (0...Timestamp.range.upperBound / 1000).contains(seconds)
        else { throw .malformed("created must be seconds since 1970") }
        return (signer, Timestamp(milliseconds: seconds * 1000))
    }
}

extension HTTPField.Name {
    // Both are valid field names, so the fallbacks are never taken.
    fileprivate static let signatureInput = HTTPField.Name("Signature-Input") ?? .authorization
    fileprivate static let signature = HTTPField.Name("Signature") ?? .authorization
}

/// Why a request's signature was not accepted.
package enum MessageSignatureError: Error, Hashable, Sendable, CustomStringConvertible {
    case missing
    case malformed(String)
    /// `created` lies this much before (or, if negative, after) the verifier's clock.
    case expired(by: TimeSpan)
    case unknownKey(DelegateID)
    case invalid(DelegateID)

    /// For the operator's log; the relay's answer says less, see ``problem``.
    package var code: String {
        switch self {
        case .missing: "signature-missing"
        case .malformed: "signature-malformed"
        case .expired: "signature-expired"
        case .unknownKey: "signature-unknown-key"
        case .invalid: "signature-invalid"
        }
    }

    package var description: String {
        switch self {
        case .missing: "expected the fields Signature-Input and Signature [\(code)]"
        case .malformed(let expected): "\(expected) [\(code)]"
        case .expired(let difference): "\(Self.sentence(difference)) [\(code)]"
        case .unknownKey(let signer): "\(signer) is no delegate in office [\(code)]"
        case .invalid(let signer): "the signature is not by the key of \(signer) [\(code)]"
        }
    }

    /// What the asker is told: nothing that would tell an unknown name from a wrong key.
    package var problem: Problem {
        switch self {
        case .missing: Problem(.signatureMissing, "expected the fields Signature-Input and Signature")
        case .malformed(let expected): Problem(.signatureMalformed, expected)
        case .expired(let difference): Problem(.signatureExpired, Self.sentence(difference))
        case .unknownKey, .invalid:
            Problem(.notAuthenticated, "the request was not signed by a delegate in office of this charter")
        }
    }

    private static func sentence(_ difference: TimeSpan) -> String {
        let seconds = abs(difference.milliseconds) / 1000
        let side = difference.milliseconds < 0 ? "ahead of" : "behind"
        return "the request was signed \(seconds) s \(side) the relay's clock; at most "
            + "\(TimeSpan.clockTolerance.milliseconds / 1000) s are tolerated"
    }
}
