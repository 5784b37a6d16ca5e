/// What a witness answers over HTTP, as far as the protocol says.
public struct WitnessAnswer: Hashable, Sendable {
    /// The longest body that a client should take, in bytes.
    public static let maximumByteCount = 65_536
    /// The media type of a body that names a tree size.
    public static let sizeType = "text/x.tlog.size"

    public let status: Int
    public let contentType: String?
    public let body: [UInt8]
    /// After how many seconds to ask again (`Retry-After`), where the witness says.
    public let retryAfter: Int?

    public init(status: Int, contentType: String?, body: [UInt8], retryAfter: Int? = nil) {
        self.status = status
        self.contentType = contentType
        self.body = body
        self.retryAfter = retryAfter
    }

    /// The cosignatures of a checkpoint, verified by the caller: status 200.
    public init(cosignatures: [NoteSignature]) {
        self.init(status: 200, contentType: WitnessAnswer.text, body: cosignatures.flatMap(\.line))
    }

    static let text = "text/plain; charset=utf-8"

    /// The signature lines of the body in their only spelling; `nil` if it is anything else, or more than 100 lines.
    public var signatureLines: [NoteSignature]? {
        guard body.last == 0x0a, body.count <= WitnessAnswer.maximumByteCount else { return nil }
        let most = SignedNote.maximumSignatureCount
        let lines = body.dropLast().split(separator: 0x0a, maxSplits: most, omittingEmptySubsequences: false)
        guard lines.count <= most else { return nil }
        let parsed = lines.compactMap { NoteSignature(line: $0) }
        return parsed.count == lines.count ? parsed : nil
    }

    /// The tree size that the body names; `nil` without the media type for it, or for another spelling.
    public var namedSize: TreeSize? {
        guard let type = contentType?.utf8.prefix(while: { $0 != 0x3b }),
            String(decoding: type, as: UTF8.self).lowercased().split(separator: " ").elementsEqual([Self.sizeType[...]]
            ),
            body.count <= 20, body.last == 0x0a
        else { return nil }
        return TreeSize(decimal: body.dropLast())
    }
}

/// The generations of the witness protocol, which differ in the status of a fork.
public enum WitnessGeneration: String, Hashable, Sendable, CaseIterable {
    /// tlog-witness 1.0.0 (March 2026): 409 for a known size with another root, as for another size.
    case first = "1.0"
    /// As of July 2026: 422 for a known size with another root.
    case second = "1.1"

    /// The answer that stands for a refusal. Its text is for people.
    public func answer(_ refusal: WitnessRefusal) -> WitnessAnswer {
        if case .otherSize(let size) = refusal {
            return WitnessAnswer(
                status: 409, contentType: WitnessAnswer.sizeType, body: Array("\(size)\n".utf8))
        }
        let text = Array("\(refusal.code): \(refusal.sentence)\n".utf8)
        return WitnessAnswer(
            status: status(refusal), contentType: WitnessAnswer.text, body: text, retryAfter: Self.pause(refusal))
    }

    private func status(_ refusal: WitnessRefusal) -> Int {
        switch refusal {
        case .requestTooLarge, .malformedRequest, .badCheckpoint, .sizesOutOfOrder: 400
        case .unknownLog: 404
        case .notSigned, .badSignature: 403
        case .otherSize: 409
        case .otherRoot: self == .first ? 409 : 422
        case .inconsistent, .needlessProof, .emptyTreeRoot: 422
        case .tooSoon, .overloaded: 429
        case .clockBehind, .notDurable: 503
        }
    }

    private static func pause(_ refusal: WitnessRefusal) -> Int? {
        switch refusal {
        case .tooSoon, .overloaded: 1
        // A step of the clock is soon over; for a longer one, no time can be named.
        case .clockBehind(let seconds) where seconds < 5: Int(seconds) + 1
        default: nil
        }
    }
}
