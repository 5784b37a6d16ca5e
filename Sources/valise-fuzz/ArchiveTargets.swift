import Archive
import Envelope
import Keyring
import Sealing
import Statements

/// What a desk keeps, and what it says to its agent: bytes that damage, or another program of the same user, has made.
enum ArchiveTargets {
    static let all = [
        FuzzTarget("archive-record") { spelled($0, ArchiveFormats.record) },
        FuzzTarget("archive-summary") { spelled($0, ArchiveFormats.summary) },
        FuzzTarget("archive-index") { spelled($0, ArchiveFormats.indexBlock) },
        FuzzTarget("archive-words") { spelled($0, ArchiveFormats.words) },
        FuzzTarget("agent-request") { spelled($0, AgentFormats.request) },
        FuzzTarget("agent-reply") { spelled($0, AgentFormats.reply) },
        FuzzTarget("folding", folding),
    ]

    private static func spelled(_ bytes: [UInt8], _ again: ([UInt8]) -> [UInt8]?) -> Bool {
        guard let written = again(bytes) else { return false }
        FuzzTarget.require(written == bytes, "what is accepted has one spelling")
        return true
    }

    @Sendable private static func folding(_ bytes: [UInt8]) -> Bool {
        let (once, twice) = ArchiveFormats.folded(String(decoding: bytes, as: UTF8.self))
        FuzzTarget.require(once == twice, "folding twice changes nothing")
        return true
    }

    /// Made of the envelope seed's submission.
    static func seeds(_ envelopes: [Seeds.Seed]) throws -> [Seeds.Seed] {
        guard let envelope = envelopes.first(where: { $0.target == "envelope" }) else {
            throw Seeds.Failure(description: "an envelope")
        }
        var reader = EnvelopeReader()
        _ = try reader.take(envelope.bytes[...])
        let message = ArchivedMessage(
            direction: .received, submission: try reader.finish().signed,
            at: Timestamp(milliseconds: 1_900_000_200_000), fields: try Seeds.fields(), text: Seeds.part,
            sourceOpening: [1, 2, 3], contentKey: ContentKey([UInt8](repeating: 4, count: ContentKey.byteCount)))
        let agent = AgentFormats.seeds
        let frames = agent.requests.enumerated().map { ("agent-request", "\($0.offset)", $0.element) }
        let replies = agent.replies.enumerated().map { ("agent-reply", "\($0.offset)", $0.element) }
        let texts = [("folding", "scripts", Array("Évian Straße Łódź مُحَادَثَات می‌خواهم ﻻ שָׁלוֹם".utf8))]
        return try ArchiveFormats.seeds(message).map { ($0.format, "one", $0.bytes) } + frames + replies + texts
    }
}
