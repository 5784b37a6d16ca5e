import Ledger
import Statements
import Testing

@Suite("Drafts")
struct DraftTests {
    let draft: Draft
    let charter: SignedCharter

    init() throws {
        draft = try Draft(try Acts.byTwo())
        charter = try Scene.signed(CharterDraft().charter)
    }

    @Test("signatures may come in any order; the last one makes the statement")
    func order() throws {
        let drafter = try KnownValues.sign(draft, "drafter")
        let releaser = try KnownValues.sign(draft, "releaser")
        #expect(draft.missing == ["drafter", "releaser"] && draft.drafter == "drafter")
        let late = try draft.adding(releaser)
        #expect(late.missing == ["drafter"] && late.complete() == nil)
        let both = try late.adding(drafter)
        #expect(both == (try draft.adding(drafter).adding(releaser)))
        let signed = try #require(both.complete())
        #expect(signed == (try Scene.signed(draft.statement)) && signed.id == draft.id)
        #expect(both.invalidSigners(key: charter.signingKey).isEmpty && charter.vouches(for: signed))
    }

    @Test("a signature that is there already stays as it is")
    func twice() throws {
        let one = try draft.adding(KnownValues.sign(draft, "drafter"))
        let forged = DraftSignature(signer: "drafter", signature: Scene.filler("forged", 64))
        #expect(try one.adding(forged) == one)
    }

    @Test("a signature by somebody that the statement does not name, or of another length, is refused")
    func strangers() {
        #expect(throws: FormError.self) {
            try draft.adding(DraftSignature(signer: "lead", signature: Scene.filler("x", 64)))
        }
        #expect(throws: FormError.self) {
            try draft.adding(DraftSignature(signer: "drafter", signature: Scene.filler("x", 63)))
        }
    }

    @Test("a signature that is not good, or by nobody in office, is found")
    func invalid() throws {
        let forged = DraftSignature(signer: "releaser", signature: try KnownValues.sign(draft, "drafter").signature)
        let two = try draft.adding(KnownValues.sign(draft, "drafter")).adding(forged)
        #expect(two.invalidSigners(key: charter.signingKey) == ["releaser"])
        #expect(two.invalidSigners { _ in nil } == ["drafter", "releaser"])
    }

    @Test("signatures out of their order, or twice, are no draft")
    func unordered() throws {
        let both = [try KnownValues.sign(draft, "drafter"), try KnownValues.sign(draft, "releaser")]
        for list in [Array(both.reversed()), [both[0], both[0]]] {
            #expect(throws: FormError.self) {
                try Draft(statementBytes: draft.statementBytes, signatures: list)
            }
        }
    }
}

@Suite("Keys files")
struct KeysFileTests {
    private func code(_ sample: KeysSample, _ page: KeysPage? = nil, for asker: PartyID = "us-envoy")
        -> KeysPageError.Code?
    {
        do throws(KeysPageError) {
            _ = try (page ?? sample.page).verified(by: sample.charter, for: asker, at: Scene.start)
            return nil
        } catch { return error.code }
    }

    @Test("a page proves a party's keys and says how old that word is")
    func good() throws {
        let sample = try KeysSample()
        let keys = try sample.page.verified(by: sample.charter, for: "us-envoy", at: Scene.start)
        let only = try #require(keys.publications.first)
        #expect(keys.publications.count == 1 && only.delegate == KeysSample.owner && only.index == 1)
        #expect(only.publication == Acts.keyPublication(KeysSample.owner.description))
        #expect(keys.head.size == 3 && keys.tick.party == "us-envoy" && keys.tickAt == Scene.start + .minutes(11))
    }

    @Test("a key that the tick counts may not be missing while it can be sealed to")
    func withheld() throws {
        let sample = try KeysSample()
        #expect(code(sample, sample.emptyPage) == .withheld)
        let later = Scene.start + .days(14)
        let keys = try sample.emptyPage.verified(by: sample.charter, for: "us-envoy", at: later)
        #expect(keys.publications.isEmpty)
        #expect(code(try KeysSample(listed: false)) == nil)
    }

    @Test("what others signed, or signed for others, proves nothing")
    func forged() throws {
        let sample = try KeysSample()
        #expect(code(sample, for: "hezbollah") == .proofWrong)
        #expect(code(try KeysSample(tickKey: "us-envoy/lead")) == .proofWrong)
        #expect(code(try KeysSample(publisher: "us-envoy/lead")) == .proofWrong)
        #expect(code(try KeysSample(logKey: "relay/act")) == .checkpointWrong)
        #expect(code(try KeysSample(inForce: .zero)) == .wrongCharter)
    }

    @Test("entries moved, proofs changed and another key list prove nothing")
    func moved() throws {
        let sample = try KeysSample()
        let page = sample.page
        func with(
            party: PartyID? = nil, tick: ProvenEntry? = nil, keyList: KeyList? = nil, publications: [ProvenEntry]? = nil
        ) -> KeysPage {
            KeysPage(
                party: party ?? page.party, checkpoint: page.checkpoint, tick: tick ?? page.tick,
                keyList: keyList ?? page.keyList, publications: publications ?? page.publications)
        }
        #expect(code(sample, with(party: "hezbollah")) == .proofWrong)
        #expect(code(sample, with(tick: page.publications[0])) == .proofWrong)
        #expect(code(sample, with(publications: [page.tick])) == .proofWrong)
        #expect(code(sample, with(keyList: KeyList([], at: Scene.start))) == .proofWrong)
        let moved = ProvenEntry(
            index: 0, entryBytes: page.publications[0].entryBytes, proof: page.publications[0].proof)
        #expect(code(sample, with(publications: [moved])) == .proofWrong)
    }

    @Test("a file has one page a party, sorted, and at least one")
    func pages() throws {
        let sample = try KeysSample()
        let other = KeysPage(
            party: "hezbollah", checkpoint: sample.page.checkpoint, tick: sample.page.tick,
            keyList: sample.page.keyList, publications: [])
        let file = try KeysFile(charter: sample.charter.id, pages: [sample.page, other])
        #expect(file.pages.map(\.party) == ["hezbollah", "lebanon-speaker"])
        #expect(file.page(of: "hezbollah") == other && file.page(of: "us-envoy") == nil)
        #expect(throws: FormError.self) { try KeysFile(charter: sample.charter.id, pages: []) }
        #expect(throws: FormError.self) { try KeysFile(charter: sample.charter.id, pages: [other, other]) }
        let tree = DERTree(try file.derBytes())
        let swapped = DERTree(
            tree.head,
            children: tree.children.dropLast() + [DERTree(0x30, children: tree.children[2].children.reversed())])
        #expect(throws: FormError.self) { try KeysFile(der: swapped.bytes, limit: Bounds.keysFile) }
    }
}
