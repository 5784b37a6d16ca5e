import Ledger
import Statements
import Testing

@Suite("Bounds")
struct BoundsTests {
    /// Something that has a bound: encoded with this many of it.
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let type: String
        let most: Int
        let bytes: @Sendable (Int) throws -> [UInt8]
        init(_ name: String, _ type: String, most: Int, _ bytes: @escaping @Sendable (Int) throws -> [UInt8]) {
            testDescription = name
            self.type = type
            self.most = most
            self.bytes = bytes
        }
    }

    static let delegates = (10...40).map { DelegateName("d\($0)") ?? Scene.fail("d") }
    static let parties = (100...180).map { PartyID("p\($0)") ?? Scene.fail("p") }

    static func charter(_ change: (inout CharterDraft) throws -> Void) throws -> [UInt8] {
        var draft = try CharterDraft()
        try change(&draft)
        return try draft.charter.derBytes()
    }

    static let charterRows = [
        Row("parties", "Charter", most: 64) { count in
            let like = try Scene.party("us-envoy")
            return try charter { draft in
                draft.parties = parties.prefix(count).map {
                    Party(
                        id: $0, title: "", capabilities: like.capabilities, releaseQuorum: 1, founder: like.founder,
                        delegates: like.delegates)
                }
            }
        },
        Row("channels", "Charter", most: 512) { count in
            try charter { $0.channels = Array(repeating: Scene.channel("a", "b"), count: count) }
        },
        Row("bars", "Charter", most: 512) { count in
            try charter { $0.bars = Array(repeating: Bar("a", "b"), count: count) }
        },
        Row("witnesses", "Charter", most: 16) { count in
            try charter { $0.witnesses = Array(repeating: try Scene.witness(), count: count) }
        },
        Row("delegates of a party", "Party", most: 16) { count in
            try Scene.party("p", Array(delegates.prefix(count))).derBytes()
        },
        Row("bytes of a title", "Party", most: 1024) { count in
            try Scene.party("p", title: String(repeating: "x", count: count)).derBytes()
        },
        Row("bytes of a URL", "RelayIdentity", most: 255) { count in
            try Scene.relay(url: String(repeating: "x", count: count)).derBytes()
        },
        Row("TLS roots", "RelayIdentity", most: 4) { count in
            try Scene.relay(roots: Array(repeating: [1], count: count)).derBytes()
        },
        Row("bytes of a TLS root", "RelayIdentity", most: 4096) { count in
            try Scene.relay(roots: [Scene.filler("root", count)]).derBytes()
        },
        Row("signatures of a charter", "SignedCharter", most: 256) { count in
            let bytes = try CharterDraft().charter.derBytes()
            let signatures = (0..<count).map { number in
                OpenSignature(
                    signer: DelegateID(party: parties[number / 16], name: delegates[number % 16]),
                    signature: Scene.filler("s", 64))
            }
            return try SignedCharter(charterBytes: bytes, signatures: signatures).derBytes()
        },
    ]

    static let statementRows = [
        Row("signers", "Statement", most: 8) { count in
            try Acts.statement("p", Array(delegates.prefix(count)), .conveyance(Acts.leg)).derBytes()
        },
        Row("legs", "Submission", most: 16) { count in
            try Acts.submission(legs: parties.prefix(count).map { Leg(intermediaries: [], recipient: $0) }).derBytes()
        },
        Row("intermediaries of a leg", "Leg", most: 4) { count in
            try Leg(intermediaries: Array(parties.prefix(count)), recipient: "p").derBytes()
        },
        Row("keys sealed to", "Submission", most: 128) { count in
            try Acts.submission(sealedTo: (0..<count).map { KeyID(Scene.hash("key \($0)")) }.sorted()).derBytes()
        },
        Row("rosters written under", "WrittenUnder", most: 64) { count in
            let rosters = parties.prefix(count).map { RosterRevision(party: $0, revision: Revision(0)) }
            return try WrittenUnder(constitution: Revision(0), rosters: rosters).derBytes()
        },
        Row("changes of an amendment", "Amendment", most: 64) { count in
            try Acts.amendment(.constitution, Array(repeating: .retireParty("p"), count: count)).derBytes()
        },
        Row("erased messages", "Statement", most: 256) { count in
            let messages = Array(repeating: Acts.message, count: count)
            return try Acts.statement(.relay, [.act], .erasure(messages)).derBytes()
        },
        Row("hashes of a proof", "ProvenEntry", most: 64) { count in
            let sample = try LogSample()
            let proof = Array(repeating: Hash.zero, count: count)
            return try ProvenEntry(index: 1, entryBytes: sample.proven.entryBytes, proof: proof).derBytes()
        },
    ]

    @Test("what is at its bound is read, one more is oversized", arguments: charterRows + statementRows)
    func bounds(row: Row) throws {
        let recode = try #require(Recoder.all[row.type])
        #expect(throws: Never.self) { try recode(row.bytes(row.most)) }
        let error = #expect(throws: FormError.self) { try recode(row.bytes(row.most + 1)) }
        #expect(error?.code == .oversized, "\(String(describing: error))")
    }

    @Test(
        "lists that may not be empty are refused when they are",
        arguments: [
            "Charter.parties", "Party.delegates", "RelayIdentity.tlsRoots", "Statement.signers", "Submission.legs",
            "Submission.sealedTo", "Amendment.changes", "Erasure.messages", "Recall.legs",
        ])
    func empty(field: String) throws {
        let (type, bytes): (String, [UInt8]) =
            switch field {
            case "Charter.parties": ("Charter", try Self.charter { $0.parties = [] })
            case "Party.delegates": ("Party", try Scene.party("p", [], founder: "lead").derBytes())
            case "RelayIdentity.tlsRoots": ("RelayIdentity", try Scene.relay(roots: []).derBytes())
            case "Statement.signers": ("Statement", try Acts.statement("p", [], .conveyance(Acts.leg)).derBytes())
            case "Submission.legs": ("Submission", try Acts.submission(legs: []).derBytes())
            case "Submission.sealedTo": ("Submission", try Acts.submission(sealedTo: []).derBytes())
            case "Amendment.changes": ("Amendment", try Acts.amendment(.constitution, []).derBytes())
            case "Erasure.messages": ("Statement", try Acts.statement(.relay, [.act], .erasure([])).derBytes())
            default: ("Statement", try Acts.statement("p", ["d"], .recall(Acts.message, legs: [])).derBytes())
            }
        let recode = try #require(Recoder.all[type])
        let error = #expect(throws: FormError.self) { try recode(bytes) }
        #expect(error?.field == field)
    }

    @Test("numbers above their bound are refused")
    func numbers() throws {
        let over: [(String, [UInt8])] = [
            ("Submission", try Acts.submission(payload: Bounds.payload + 1).derBytes()),
            ("LogHead", try LogHead(size: TreeSize(Bounds.count + 1), root: .zero).derBytes()),
            ("RosterRevision", try RosterRevision(party: "p", revision: Revision(UInt64.max)).derBytes()),
            ("Charter", try Self.charter { $0.stewardThreshold = 65 }),
            ("Charter", try Self.charter { $0.rosterDelay = TimeSpan(milliseconds: TimeSpan.longest + 1) }),
            ("Charter", try Self.charter { $0.rulesVersion = 65_536 }),
            ("Charter", try Self.charter { $0.limits.retention = TimeSpan(milliseconds: TimeSpan.longest + 1) }),
        ]
        for (type, bytes) in over {
            let recode = try #require(Recoder.all[type])
            #expect(throws: FormError.self, "\(type)") { try recode(bytes) }
        }
        let largest = try Acts.submission(payload: Bounds.payload).derBytes()
        #expect(throws: Never.self) { try Submission(der: largest, limit: Bounds.statement) }
    }

    @Test("a value above its limit is not looked at")
    func limits() {
        let zeros = [UInt8](repeating: 0, count: Bounds.statement + 1)
        let error = #expect(throws: FormError.self) { try Statement(der: zeros, limit: Bounds.statement) }
        #expect(error?.code == .oversized)
    }

    @Test(
        "a length that promises more than there is allocates nothing",
        arguments: [
            [0x30, 0x84, 0x7f, 0xff, 0xff, 0xff], [0x30, 0x88, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            [0x30, 0x80], [0x30], [],
        ] as [[UInt8]])
    func promises(bytes: [UInt8]) {
        for (type, recode) in Recoder.all where type != "Change" {
            #expect(throws: FormError.self, "\(type)") { try recode(bytes) }
        }
    }

    @Test("nesting that has no end is refused")
    func nesting() {
        let deep = (0..<5_000).reduce([UInt8]()) { inner, _ in DERTree.encode([0x30], inner) }
        let error = #expect(throws: FormError.self) { try Statement(der: deep, limit: Bounds.statement) }
        #expect(error?.code == .malformed)
    }

    @Test("a charter above 60,000 bytes is oversized, also inside a signed one")
    func charterBytes() throws {
        let channel = Scene.channel("a", "b")
        let parties = try Self.parties.prefix(50).map {
            try Scene.party($0, title: String(repeating: "x", count: 800))
        }
        func sized(_ title: Int, channels: Int) throws -> [UInt8] {
            try Self.charter { draft in
                draft.parties = parties
                draft.channels = Array(repeating: channel, count: channels)
                draft.title = String(repeating: "x", count: title)
            }
        }
        // As many channels as fit beside a title of 300 bytes; the title makes up for what is left.
        let channels = try (Bounds.charter - sized(300, channels: 300).count) / channel.derBytes().count + 300
        let title = try Bounds.charter - sized(300, channels: channels).count + 300
        let fits = try sized(title, channels: channels)
        #expect(fits.count == Bounds.charter)
        #expect(throws: Never.self) { try SignedCharter(charterBytes: fits, signatures: []) }
        let tooLarge = try sized(title + 1, channels: channels)
        let error = #expect(throws: FormError.self) { try SignedCharter(charterBytes: tooLarge, signatures: []) }
        #expect(error?.code == .oversized)
        let wrapped = DERTree.encode([0x30], tooLarge + [0x30, 0])
        let inner = #expect(throws: FormError.self) { try SignedCharter(der: wrapped, limit: Bounds.signedCharter) }
        #expect(inner?.code == .oversized)
    }

    @Test(
        "a version that is not 1 is unknown",
        arguments: [
            "CardBody", "Charter", "SignedCharter", "Statement", "SignedStatement", "Entry", "Rejection",
            "SignedRejection",
            "Acceptance",
        ])
    func versions(type: String) throws {
        let value = try #require(CanonicalFormTests.values.first { $0.type == type })
        let tree = DERTree(value.der)
        // The first integer in reading order is the version, but an acceptance begins with an index.
        let integers = (0..<tree.count).filter { tree.bytes(at: $0) { $0.head == 2 ? [] : nil } != nil }
        let place = type == "Acceptance" ? integers[1] : integers[0]
        for version in [0, 2, 127] as [UInt8] {
            let changed = try #require(tree.bytes(at: place) { _ in [2, 1, version] })
            let error = #expect(throws: FormError.self) { try Recoder.recodeStrictly(value, changed) }
            #expect(error?.code == .unknownVersion)
        }
    }
}
