import Ledger
import Statements
import Testing
import Wire

@Suite("Views")
struct ViewTests {
    static let note = Array("origin\n1\nAAAA\n\n\u{2014} origin AAAA\n".utf8)

    static func entry(_ index: UInt64) -> ProvenEntry {
        ProvenEntry(index: LogIndex(index), entryBytes: [0x30, 0x00], proof: [.sha256([UInt8(index)])])
    }

    static func page(tick: ProvenEntry? = entry(9)) throws -> InboxPage {
        let leg = try #require(LegNumber(1))
        let message = MessageID(Hash.sha256([5]))
        return InboxPage(
            party: try #require(PartyID("us-envoy")), checkpoint: note,
            arrivals: [
                .init(number: ArrivalNumber(3), message: message, leg: leg, chain: [entry(1), entry(4)]),
                .init(number: ArrivalNumber(4), message: message, leg: leg, chain: []),
            ], tick: tick, more: true)
    }

    static func replaced(_ view: [UInt8], _ old: String, _ new: String) throws -> [UInt8] {
        var text = String(decoding: view, as: UTF8.self)
        let range = try #require(text.firstRange(of: old), "\(old) is not in \(text)")
        text.replaceSubrange(range, with: new)
        return Array(text.utf8)
    }

    @Test("an inbox page is read back as it was written, with and without a tick")
    func inbox() throws {
        for tick in [Self.entry(9), nil] {
            let page = try Self.page(tick: tick)
            #expect(try InboxPage(parsing: page.encoded()) == page)
        }
    }

    @Test("what was sent is read back as it was written, and no page is longer than the longest")
    func sent() throws {
        let one = SentPage.Message(id: MessageID(Hash.sha256([5])), chain: [Self.entry(1), Self.entry(4)])
        let party = try #require(PartyID("us-envoy"))
        let page = SentPage(party: party, checkpoint: Self.note, messages: [one, one], more: true)
        #expect(try SentPage(parsing: page.encoded()) == page)
        let long = SentPage(
            party: party, checkpoint: Self.note,
            messages: Array(repeating: one, count: SentQuery.mostMessages + 1), more: false)
        #expect(throws: FormError.self) { try SentPage(parsing: try long.encoded()) }
    }

    @Test("a custody chain is read back as it was written")
    func message() throws {
        let chain = (0..<100).map(Self.entry)
        for erasure in [nil, Self.entry(100)] {
            let view = MessageView(checkpoint: Self.note, chain: chain, erasure: erasure)
            let read = try MessageView(parsing: view.encoded())
            #expect(read == view && read.erasure == erasure)
        }
        // From a relay that does not know of erasures.
        let older = String(decoding: try MessageView(checkpoint: Self.note, chain: []).encoded(), as: UTF8.self)
        #expect(older.contains(#","erasure":null"#))
        let bare = Array(older.replacing(#","erasure":null"#, with: "").utf8)
        #expect(try MessageView(parsing: bare) == MessageView(checkpoint: Self.note, chain: []))
    }

    @Test("drafts are read back as they were written, rejected or not")
    func drafts() throws {
        let lead = try #require(DelegateID("us-envoy/lead"))
        let deputy = try #require(DelegateID("us-envoy/deputy"))
        let signature = OpenSignature(signer: lead, signature: Array(repeating: 1, count: 64))
        let rejection = DraftItem.Rejection(by: deputy.name, at: Timestamp(milliseconds: 5))
        let items = [nil, rejection].map { rejection in
            DraftItem(
                id: StatementID(Hash.sha256([1])), signers: [lead.name, deputy.name], signatures: [signature],
                kind: "submission", size: 12_345, madeAt: Timestamp(milliseconds: 3),
                submitBy: Timestamp(milliseconds: 4), rejection: rejection)
        }
        let view = DraftsView(party: lead.party, drafts: items)
        let bytes = try view.encoded()
        #expect(try DraftsView(parsing: bytes) == view)
        #expect(items[0].missing == [deputy.name])
        for (old, new) in [
            ("\"lead\"", "\"Lead\""), ("12345", "-1"), ("us-envoy", "us envoy"), ("\"madeAt\":3", "\"madeAt\":\"3\""),
            ("\"rejectedAt\":5", "\"rejectedAt\":null"), ("drafts/v1", "drafts/v2"),
        ] {
            let changed = try Self.replaced(bytes, old, new)
            #expect(throws: FormError.self, "\(new)") { try DraftsView(parsing: changed) }
        }
    }

    @Test("keys are read back as they were written")
    func keys() throws {
        let record = SealingKeyRecord(
            delegate: try #require(DelegateID("us-envoy/lead")), keyID: KeyID(Hash.sha256([1])),
            sealFrom: Timestamp(milliseconds: 1), sealUntil: Timestamp(milliseconds: 2),
            keepUntil: Timestamp(milliseconds: 3))
        let list = KeyList([record], at: Timestamp(milliseconds: 0))
        let full = KeysView(checkpoint: Self.note, tick: Self.entry(3), keyList: list, publications: [Self.entry(1)])
        #expect(try KeysView(parsing: full.encoded()) == full)
        let empty = KeysView(checkpoint: Self.note, tick: nil, keyList: nil, publications: [])
        #expect(try KeysView(parsing: empty.encoded()) == empty)
    }

    @Test("a charter is read back as it was written")
    func charter() throws {
        let party = try #require(PartyID("us-envoy"))
        let lead = try #require(DelegateName("lead"))
        let delegate = Delegate(
            name: lead, signingKey: Array(repeating: 1, count: 32), cardMadeAt: Timestamp(milliseconds: 1),
            admission: Array(repeating: 2, count: 64))
        let charter = Charter(
            rulesVersion: 1, title: "Talks", madeAt: Timestamp(milliseconds: 2),
            relay: RelayIdentity(
                url: "https://relay.example", origin: "relay.example/log", logKey: Array(repeating: 3, count: 32),
                actKey: Array(repeating: 4, count: 32), tlsRoots: [[5]], publication: .private),
            parties: [
                Party(
                    id: party, title: "Envoy", capabilities: Capabilities(steward: true), releaseQuorum: 1,
                    founder: lead, delegates: [delegate])
            ], channels: [], bars: [], limits: .standard, witnesses: [], witnessQuorum: 0, stewardThreshold: 1,
            rosterDelay: .hours(1))
        let signed = try SignedCharter(
            charterBytes: charter.derBytes(),
            signatures: [
                OpenSignature(signer: DelegateID(party: party, name: lead), signature: Array(repeating: 6, count: 64))
            ])
        let view = CharterView(charter: signed)
        #expect(try CharterView(parsing: view.encoded()) == view)
    }

    @Test("a consistency proof is read back as it was written")
    func consistency() throws {
        let view = ConsistencyView(
            from: 3, to: 7, proof: ConsistencyProof(hashes: (0..<4).map { Hash.sha256([UInt8($0)]) }))
        #expect(try ConsistencyView(parsing: view.encoded) == view)
        let none = ConsistencyView(from: 3, to: 3, proof: ConsistencyProof(hashes: []))
        #expect(try ConsistencyView(parsing: none.encoded) == none)
    }

    @Test("members of a later relay are passed over, another schema is an unknown version")
    func later() throws {
        let page = try Self.page()
        let bytes = try page.encoded()
        #expect(try InboxPage(parsing: Self.replaced(bytes, #""more":true"#, #""more":true,"new":[{}]"#)) == page)
        do {
            _ = try InboxPage(parsing: Self.replaced(bytes, "valise/inbox/v1", "valise/inbox/v2"))
            Issue.record("another schema was read")
        } catch let error as FormError { #expect(error.code == .unknownVersion) }
    }

    static let changes: [(String, String)] = [
        (#""party":"us-envoy""#, #""party":"US""#), (#""party":"us-envoy","#, ""), (#""number":3"#, #""number":-3"#),
        (#""number":3"#, #""number":"3""#), (#""leg":1"#, #""leg":16"#), (#""leg":1"#, #""leg":null"#),
        (#""message":""#, #""message":"x"#), (#""chain":["#, #""chain":[1,"#), (#""chain":["#, #""chain":["!!!!","#),
        (#""chain":["#, #""chain":["MAA=","#), (#""more":true"#, #""more":1"#), (#""more":true"#, #""more":true}{"#),
        (#""arrivals":["#, #""arrivals":[{},"#), (#""arrivals":["#, #""arrivals":[null,"#),
        (#""tick":""#, #""tick":"A"#), (#""checkpoint":""#, #""checkpoints":""#),
        (#""schema":"#, #""schema":"valise/inbox/v1","schema":"#),
    ]

    @Test("a page with one wrong member is refused", arguments: changes)
    func refused(_ old: String, _ new: String) throws {
        let bytes = try Self.replaced(try Self.page().encoded(), old, new)
        #expect(throws: FormError.self) { try InboxPage(parsing: bytes) }
    }

    @Test("too many arrivals are refused")
    func tooMany() throws {
        let one = try Self.page().arrivals[1]
        let page = InboxPage(
            party: try #require(PartyID("us-envoy")), checkpoint: Self.note,
            arrivals: Array(repeating: one, count: InboxQuery.mostArrivals + 1), tick: nil, more: false)
        #expect(throws: FormError.self) { try InboxPage(parsing: try page.encoded()) }
    }
}
