import Ledger
import Sealing
import Statements
import Testing

@Suite("Revealing a withheld source")
struct RevealTests {
    /// What a test changes before the log is made.
    struct Script: Sendable {
        var opens = true
        var opensAfterwards = false
        var outcome = ReceiptOutcome.opened
        var receiptKey: String?
        var sourceKey: String?
        var onRoute = true
    }

    /// A restatement with a withheld source, and the reveal that an honest intermediary makes of it.
    struct Play: Sendable {
        var talks: Talks
        var restatement: Restatement
        var reveal: Reveal
        let source: MessageID
        let sourceAt: LogIndex
        let receiptAt: LogIndex

        init(_ script: Script = Script()) throws {
            var talks = try Talks()
            let hops = script.onRoute ? [Talks.speaker] : []
            let submitted = try talks.signed(
                .submission(Talks.submission(Talks.nonce("source"), to: PartyID("hezbollah")!, through: hops)),
                by: Talks.envoy, key: script.sourceKey)
            let source = MessageID(submitted.id)
            let sourceAt = try talks.log(submitted)
            let leg = LegReference(message: source, leg: LegNumber(0)!)
            try talks.log(talks.signed(.receipt(leg, .retrieved), by: Talks.speaker))
            let receipt = try talks.signed(.receipt(leg, script.outcome), by: Talks.speaker, key: script.receiptKey)
            var receiptAt = sourceAt
            if script.opens, !script.opensAfterwards { receiptAt = try talks.log(receipt) }
            let nonce = Talks.nonce("restatement")
            let restated = try talks.signed(
                .submission(Talks.submission(nonce, to: PartyID("hezbollah")!)), by: Talks.speaker)
            let index = try talks.log(restated)
            if script.opensAfterwards { receiptAt = try talks.log(receipt) }
            let opening = SourceOpening(secret: Talks.hash("secret").bytes, source: source, nonce: nonce)!
            restatement = Restatement(
                message: MessageID(restated.id), originator: Talks.speaker, nonce: nonce, index: index,
                attribution: .withheld(opening.commitment()))
            let places = script.opens ? [sourceAt, receiptAt] : [sourceAt, LogIndex(rawValue: sourceAt.rawValue + 1)]
            reveal = Reveal(
                charter: talks.charter.id, restatement: MessageID(restated.id), opening: opening,
                entries: places.map(talks.proven), checkpoint: try talks.checkpoint())
            self.talks = talks
            self.source = source
            self.sourceAt = sourceAt
            self.receiptAt = receiptAt
        }

        func with(
            charter: CharterID? = nil, restatement: MessageID? = nil, opening: SourceOpening? = nil,
            entries: [ProvenEntry]? = nil, checkpoint: [UInt8]? = nil
        ) -> Reveal {
            Reveal(
                charter: charter ?? reveal.charter, restatement: restatement ?? reveal.restatement,
                opening: opening ?? reveal.opening, entries: entries ?? reveal.entries,
                checkpoint: checkpoint ?? reveal.checkpoint)
        }

        func code(_ changed: Reveal? = nil, of other: Restatement? = nil) -> RevealError.Code? {
            do throws(RevealError) {
                _ = try (changed ?? reveal).verify(by: talks.charter, of: other ?? restatement)
                return nil
            } catch { return error.code }
        }
    }

    @Test("it shows whose words they were, and when the intermediary had opened them")
    func honest() throws {
        let play = try Play()
        let bytes = try play.reveal.derBytes()
        #expect(try Reveal(der: bytes, limit: ContentBounds.reveal) == play.reveal)
        let facts = try play.reveal.verify(by: play.talks.charter, of: play.restatement)
        #expect(facts.source == play.source && facts.originator == Talks.envoy && facts.signers == [Talks.lead])
        #expect(facts.submittedAt == Talks.start + .minutes(Int64(play.sourceAt.rawValue)))
        #expect(facts.openedAt == Talks.start + .minutes(Int64(play.receiptAt.rawValue)))
    }

    @Test("the commitment is what the specification says")
    func commitment() throws {
        let play = try Play()
        let bytes = Talks.hash("secret").bytes + play.source.hash.bytes + play.restatement.nonce.bytes
        #expect(play.reveal.opening.commitment() == Forge.labelled("source-commitment", bytes))
        #expect(SourceOpening(secret: [1], source: play.source, nonce: play.restatement.nonce) == nil)
        let opening = play.reveal.opening
        for text in ["\(opening)", String(reflecting: opening)] { #expect(!text.contains("secret:")) }
        #expect(Mirror(reflecting: opening).children.isEmpty)
        #expect(try SourceOpening(der: opening.derBytes(), limit: SourceOpening.longest) == opening)
    }

    @Test("it counts only when the revealer had opened the source before it spoke")
    func unopened() throws {
        #expect(try Play(Script(opens: false)).code() == .sourceNotOpened)
        #expect(try Play(Script(opensAfterwards: true)).code() == .sourceNotOpened)
        #expect(try Play(Script(outcome: .unreadable(.wrap))).code() == .sourceNotOpened)
        #expect(try Play(Script(onRoute: false)).code() == .sourceNotOpened)
        #expect(try Play(Script(receiptKey: "hezbollah/lead")).code() == .proofWrong)
        #expect(try Play(Script(sourceKey: "lebanon-speaker/lead")).code() == .proofWrong)
    }

    @Test("another message, another secret, another source or another nonce opens nothing")
    func otherOpening() throws {
        let play = try Play()
        #expect(play.code(play.with(charter: CharterID(.zero))) == .wrongCharter)
        #expect(play.code(play.with(restatement: play.source)) == .otherRestatement)
        let secret = Talks.hash("secret").bytes
        let nonce = play.restatement.nonce
        for other in [
            SourceOpening(secret: Talks.hash("x").bytes, source: play.source, nonce: nonce),
            SourceOpening(secret: secret, source: MessageID(Talks.hash("x")), nonce: nonce),
            SourceOpening(secret: secret, source: play.source, nonce: Talks.nonce("x")),
        ] { #expect(play.code(play.with(opening: other)) == .commitmentMismatch) }
        for attribution in [SourceAttribution.own, .named(play.source)] {
            let other = Restatement(
                message: play.restatement.message, originator: Talks.speaker, nonce: nonce,
                index: play.restatement.index, attribution: attribution)
            #expect(play.code(of: other) == .otherRestatement)
        }
        let others = Restatement(
            message: play.restatement.message, originator: Talks.envoy, nonce: nonce, index: play.restatement.index,
            attribution: play.restatement.attribution)
        #expect(play.code(of: others) == .sourceNotOpened)
    }

    @Test("entries that are not in the log, not of the source or not in order prove nothing")
    func proofs() throws {
        let play = try Play()
        let entries = play.reveal.entries
        #expect(play.code(play.with(checkpoint: try play.talks.checkpoint(key: "relay/act"))) == .checkpointWrong)
        #expect(play.code(play.with(checkpoint: Array("nonsense".utf8))) == .checkpointWrong)
        let moved = ProvenEntry(index: 9, entryBytes: entries[1].entryBytes, proof: entries[1].proof)
        #expect(play.code(play.with(entries: [entries[0], moved])) == .proofWrong)
        #expect(play.code(play.with(entries: [play.talks.proven(0), entries[1]])) == .proofWrong)
        #expect(play.code(play.with(entries: [entries[0], play.talks.proven(play.restatement.index)])) == .proofWrong)
        #expect(play.code(play.with(entries: [play.talks.proven(2), entries[1]])) == .proofWrong)
        for list in [[entries[1], entries[0]], [entries[0], entries[0]], [entries[0]]] {
            let bytes = try play.with(entries: list).derBytes()
            #expect(throws: FormError.self) { _ = try Reveal(der: bytes, limit: ContentBounds.reveal) }
        }
    }

    @Test("a flipped bit anywhere is noticed")
    func flips() throws {
        let play = try Play()
        let bytes = try play.reveal.derBytes()
        for position in stride(from: 0, to: bytes.count, by: 3) {
            var damaged = bytes
            damaged[position] ^= 1 << (position % 8)
            guard let other = try? Reveal(der: damaged, limit: ContentBounds.reveal) else { continue }
            // What a note says beside the log's own signature line counts for nothing.
            #expect(play.code(other) != nil, "at \(position)")
        }
    }
}
