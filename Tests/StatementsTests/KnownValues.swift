import Ledger
import Statements
import SwiftASN1
import Testing

/// A value with its encoding, as `Tests/Vectors/valise` lists it.
struct KnownValue: Sendable, CustomTestStringConvertible {
    let name: String
    /// The type in `Docs/Valise.asn1`.
    let type: String
    let der: [UInt8]
    /// Further fields, in order: identifiers, labelled hashes, text forms.
    let more: [(key: String, value: String)]

    init(_ name: String, _ type: String, _ der: [UInt8], _ more: [(key: String, value: String)] = []) {
        self.name = name
        self.type = type
        self.der = der
        self.more = more
    }

    init(_ name: String, _ value: some DERFormat, _ more: [(key: String, value: String)] = []) throws {
        self.init(name, Swift.type(of: value).formName, try value.derBytes(), more)
    }

    var testDescription: String { "\(type) \(name)" }
}

/// Every file of `Tests/Vectors/valise` that this suite writes.
enum KnownValues {
    static func files() throws -> [(name: String, values: [KnownValue])] {
        [
            ("charter.json", try charter()), ("statements.json", try statements()), ("changes.json", try changes()),
            ("parts.json", try parts()), ("log.json", try log()), ("contexts.json", try contexts()),
            ("drafts.json", try drafts()), ("keys.json", try keys()), ("verdicts.json", try verdicts()),
            ("scopes.json", try scopes()),
        ]
    }

    static func all() throws -> [KnownValue] { try files().flatMap(\.values) }

    static func charter() throws -> [KnownValue] {
        let signed = try Scene.signed(CharterDraft().charter)
        let card = try Scene.card("us-envoy/lead")
        let id = [("id", signed.id.description), ("fingerprint", signed.id.fingerprint)]
        return [
            try KnownValue("scene", signed.charter, id), try KnownValue("scene", signed, id),
            try KnownValue(
                "us-envoy/lead", CardBody(id: card.id, signingKey: card.signingKey, madeAt: card.madeAt),
                [("signature", Base64.encode(card.signature)), ("text", card.text)]),
        ]
    }

    static func statements() throws -> [KnownValue] {
        var values: [KnownValue] = []
        for (name, statement) in try Acts.statements() {
            let signed = try Scene.signed(statement)
            values.append(try KnownValue(name, statement, [("id", signed.id.description)]))
            values.append(try KnownValue(name, signed, [("id", signed.id.description)]))
        }
        values.append(try KnownValue("amendment-with-open-signatures", try openlySigned()))
        return values
    }

    /// An amendment that a second steward signed too.
    static func openlySigned() throws -> SignedStatement {
        let amendment = Acts.amendment(.constitution, [.retireParty("hezbollah")])
        let alone = try Scene.signed(try Acts.statement("us-envoy", ["lead"], .amendment(amendment)))
        let message = SignedStatement.message(statementBytes: alone.statementBytes)
        let others: [DelegateID] = ["lebanon-speaker/lead", "oversight-committee/lead"]
        return try SignedStatement(
            statementBytes: alone.statementBytes, signatures: alone.signatures,
            openSignatures: try others.map {
                OpenSignature(signer: $0, signature: try Scene.sign(message, as: $0.description))
            })
    }

    static func changes() throws -> [KnownValue] {
        try Acts.changes().map { name, change in
            var serializer = DER.Serializer()
            try change.write(to: &serializer)
            return KnownValue(name, "Change", serializer.serializedBytes)
        }
    }

    static func parts() throws -> [KnownValue] {
        let draft = try CharterDraft()
        let key = Acts.keyPublication()
        return [
            try KnownValue("two-legs", Acts.submission()), try KnownValue("two-delegates", draft.parties[4]),
            try KnownValue("lead", draft.parties[4].delegates[1]),
            try KnownValue("intermediary", draft.parties[2].capabilities), try KnownValue("both", draft.channels[0]),
            try KnownValue("adversaries", draft.bars[0]), try KnownValue("standard", draft.limits),
            try KnownValue("one", draft.witnesses[0]), try KnownValue("relay", draft.relay),
            try KnownValue("founder", OpenSignature(signer: "us-envoy/lead", signature: Scene.filler("signature", 64))),
            try KnownValue("key", key, [("id", key.keyID.description)]), try KnownValue("tick", Acts.tick),
            try KnownValue("roster", Acts.amendment(.roster("us-envoy"), [.setQuorum("us-envoy", 2)])),
            try KnownValue("head", LogHead(size: 7, root: Scene.hash("root"))),
            try KnownValue("blind", Leg(intermediaries: ["lebanon-speaker"], recipient: "hezbollah")),
            try KnownValue("written-under", Acts.submission().writtenUnder),
            try KnownValue("roster", RosterRevision(party: "us-envoy", revision: Revision(3))),
        ]
    }

    static func log() throws -> [KnownValue] {
        let chain = try LogSample()
        let owners: [DelegateID] = ["hezbollah/lead", "lebanon-speaker/lead", "us-envoy/lead"]
        let keys = KeyList(owners.map(Acts.record), at: Scene.start)
        return [
            try KnownValue("charter", chain.first, [("leaf", Merkle.leafHash(try chain.first.derBytes()).hex)]),
            try KnownValue("statement", chain.second, [("leaf", Merkle.leafHash(try chain.second.derBytes()).hex)]),
            try KnownValue("later", chain.later), try KnownValue("in-a-tree-of-two", chain.proven),
            try KnownValue("accepted", chain.acceptance), try KnownValue("barred", chain.rejection),
            try KnownValue("barred", chain.signedRejection), try KnownValue("one-key", Acts.record("us-envoy/lead")),
            try KnownValue("three-keys", keys, [("hash", try keys.hash().hex)]),
            try KnownValue("no-keys", KeyList([], at: Scene.start)),
        ]
    }

    static func contexts() throws -> [KnownValue] {
        let submission = Acts.submission()
        let seal = SealContext(
            charter: try Scene.signed(CharterDraft().charter).id, originator: "us-envoy", nonce: submission.nonce)
        let wrap = WrapContext(
            legs: submission.legs, sealedTo: submission.sealedTo, payloadDigest: submission.payloadDigest,
            payloadSize: submission.payloadSize, keyCommitment: submission.keyCommitment,
            contentCommitment: submission.contentCommitment)
        return [
            try KnownValue("seal", seal, [("hash", try seal.hash().hex)]),
            try KnownValue("wrap", wrap, [("hash", Hex.encode(try wrap.aad()))]),
        ]
    }
}

extension KnownValues {
    /// A submission by two: unsigned, signed by its drafter, signed by both.
    static func drafts() throws -> [KnownValue] {
        let none = try Draft(try Acts.byTwo())
        let one = try none.adding(sign(none, "drafter"))
        let both = try one.adding(sign(none, "releaser"))
        let id = [("id", none.id.description)]
        return [
            try KnownValue("unsigned", none, id), try KnownValue("by-its-drafter", one, id),
            try KnownValue("complete", both, id), try KnownValue("drafter", one.signatures[0]),
        ]
    }

    static func sign(_ draft: Draft, _ name: DelegateName) throws -> DraftSignature {
        let id = draft.statement.delegate(name)
        return DraftSignature(signer: name, signature: try Scene.sign(draft.message, as: id.description))
    }

    static func keys() throws -> [KnownValue] {
        let sample = try KeysSample()
        return [
            try KnownValue("speaker", sample.page), try KnownValue("one-party", sample.file),
            try KnownValue("no-keys", sample.emptyPage),
        ]
    }
}

/// A log with a sealing key of `lebanon-speaker` and a tick for `us-envoy`, and the page that shows both.
struct KeysSample {
    let charter: SignedCharter
    let page: KeysPage
    let emptyPage: KeysPage
    let file: KeysFile
    static let owner: DelegateID = "lebanon-speaker/lead"

    /// - Parameters:
    ///   - tickKey: who signs the tick.
    ///   - listed: whether the tick counts the key.
    ///   - inForce: what the tick names as the charter in force; the charter's own hash by default.
    init(
        tickKey: String = "relay/act", listed: Bool = true, inForce: Hash? = nil, publisher: String? = nil,
        logKey: String = "relay/log"
    ) throws {
        charter = try Scene.signed(CharterDraft().charter)
        let key = Acts.keyPublication(Self.owner.description)
        let list = KeyList(listed ? [Acts.record(Self.owner)] : [], at: Scene.start)
        let tick = Tick(
            party: "us-envoy", arrivals: 0, charterInForce: inForce ?? charter.id.hash, keys: try list.hash())
        let statements = [
            (try Acts.statement(Self.owner.party, ["lead"], .keyPublication(key)), publisher ?? Self.owner.description),
            (try Acts.statement(.relay, [.act], .tick(tick)), tickKey),
        ]
        let entries =
            try [LogSample.entry("keys/0", nil, .charter(charter)).derBytes()]
            + statements.enumerated().map { number, item in
                let bytes = try item.0.derBytes()
                let signature = try Scene.sign(SignedStatement.message(statementBytes: bytes), as: item.1)
                let signed = try SignedStatement(statementBytes: bytes, signatures: [signature])
                return try LogSample.entry("keys/\(number + 1)", nil, .statement(signed)).derBytes()
            }
        let leaves = entries.map { Merkle.leafHash($0) }
        let pair = Merkle.nodeHash(leaves[0], leaves[1])
        let origin = NoteName(charter.charter.relay.origin) ?? Scene.fail("origin")
        let signer = try NoteSigner(name: origin, kind: .ed25519, privateKey: try Scene.key(logKey))
        let checkpoint = try Checkpoint(origin: origin, size: 3, root: Merkle.nodeHash(pair, leaves[2]))
            .signed(by: signer).bytes
        let publication = ProvenEntry(index: 1, entryBytes: entries[1], proof: [leaves[0], leaves[2]])
        let tickEntry = ProvenEntry(index: 2, entryBytes: entries[2], proof: [pair])
        page = KeysPage(
            party: Self.owner.party, checkpoint: checkpoint, tick: tickEntry, keyList: list, publications: [publication]
        )
        emptyPage = KeysPage(
            party: Self.owner.party, checkpoint: checkpoint, tick: tickEntry, keyList: list, publications: [])
        file = try KeysFile(charter: charter.id, pages: [page])
    }
}

/// A log of two entries with its checkpoint, and a rejection.
struct LogSample {
    let first: Entry
    let second: Entry
    /// Stands for a later entry of the same message.
    let later: Entry
    let head: LogHead
    let proven: ProvenEntry
    let acceptance: Acceptance
    let rejection: Rejection
    let signedRejection: SignedRejection

    init() throws {
        let charter = try Scene.signed(CharterDraft().charter)
        let submission = try Scene.signed(try Acts.statements()[0].statement)
        first = Self.entry("first", nil, .charter(charter))
        second = Self.entry("second", nil, .statement(submission))
        later = Self.entry("later", 1, .statement(try Scene.signed(try Acts.statements()[2].statement)))
        let leaves = [Merkle.leafHash(try first.derBytes()), Merkle.leafHash(try second.derBytes())]
        head = LogHead(size: 2, root: Merkle.nodeHash(leaves[0], leaves[1]))
        proven = ProvenEntry(index: 1, entryBytes: try second.derBytes(), proof: [leaves[0]])
        let origin = NoteName(charter.charter.relay.origin) ?? Scene.fail("origin")
        let signer = try NoteSigner(name: origin, kind: .ed25519, privateKey: try Scene.key("relay/log"))
        let note = try Checkpoint(origin: origin, size: head.size, root: head.root).signed(by: signer)
        acceptance = Acceptance(entry: proven, checkpoint: note.bytes)
        rejection = Rejection(
            charter: charter.id, statement: submission.id, code: RejectionCode.barred.rawValue, treeSize: 2,
            decidedAt: Scene.start + .minutes(11))
        signedRejection = try SignedRejection(rejection) { try Scene.sign($0, as: "relay/act") }
    }

    static func entry(_ name: String, _ previous: LogIndex?, _ body: Entry.Body) -> Entry {
        Entry(
            acceptedAt: Scene.start + .minutes(11), salt: Scene.filler("salt/\(name)", 16), constitution: Revision(0),
            roster: Revision(0), previous: previous, body: body)
    }
}
