import Ledger
import Statements

/// One act of every kind, and statements that say them.
enum Acts {
    static let message = MessageID(Scene.hash("message"))
    static let leg = LegReference(message: message, leg: 0)

    static func nonce(_ name: String = "nonce") -> Nonce {
        Nonce(Scene.hash(name).bytes) ?? Scene.fail(name)
    }

    static func keyID(_ owner: String) -> KeyID { KeyID(publicKey: Scene.filler("sealing/\(owner)", 1216)) }

    static func submission(
        legs: [Leg]? = nil, sealedTo: [KeyID]? = nil, payload: UInt64 = 70_016, rosters: [RosterRevision]? = nil
    ) -> Submission {
        let everyone: [PartyID] = ["hezbollah", "israel-strategic-affairs", "lebanon-speaker", "us-envoy"]
        return Submission(
            nonce: nonce(),
            writtenUnder: WrittenUnder(
                constitution: Revision(0),
                rosters: rosters ?? everyone.map { RosterRevision(party: $0, revision: Revision(0)) }),
            legs: legs ?? [
                Leg(intermediaries: ["lebanon-speaker"], recipient: "hezbollah"),
                Leg(intermediaries: [], recipient: "israel-strategic-affairs"),
            ],
            precedence: .immediate, expiry: Scene.start + .hours(48),
            sealedTo: sealedTo ?? [keyID("hezbollah/lead"), keyID("us-envoy/lead")].sorted(),
            sealedKeysDigest: Scene.hash("sealed-keys"), payloadDigest: Scene.hash("payload"), payloadSize: payload,
            keyCommitment: Scene.hash("key-commitment"), contentCommitment: Scene.hash("content-commitment"))
    }

    static func keyPublication(_ owner: String = "us-envoy/lead") -> KeyPublication {
        KeyPublication(
            sealingKey: Scene.filler("sealing/\(owner)", 1216), sealFrom: Scene.start,
            sealUntil: Scene.start + .days(14), keepUntil: Scene.start + .days(30))
    }

    static func record(_ owner: DelegateID) -> SealingKeyRecord {
        let key = keyPublication(owner.description)
        return SealingKeyRecord(
            delegate: owner, keyID: key.keyID, sealFrom: key.sealFrom, sealUntil: key.sealUntil,
            keepUntil: key.keepUntil)
    }

    static let tick = Tick(
        party: "hezbollah", arrivals: 3, charterInForce: Scene.hash("in-force"), keys: Scene.hash("keys"))

    static func amendment(_ scope: Amendment.Scope, _ changes: [Change]) -> Amendment {
        Amendment(scope: scope, revision: Revision(1), reason: "The office changes hands.", changes: changes)
    }

    /// Every kind of change, in the order of their tags.
    static func changes() throws -> [(name: String, change: Change)] {
        [
            ("admit-party", .admitParty(try Scene.party("egypt-mediator", may: Capabilities(intermediary: true)))),
            ("retire-party", .retireParty("hezbollah")),
            ("open-channel", .openChannel(Scene.channel("us-envoy", "oversight-committee", .oneWay))),
            ("close-channel", .closeChannel("us-envoy", "lebanon-speaker")),
            ("set-bar", .setBar(Bar("us-envoy", "egypt-mediator"))),
            ("lift-bar", .liftBar(Bar("hezbollah", "us-envoy"))), ("set-limits", .setLimits(.standard)),
            ("set-relay", .setRelay(try Scene.relay(url: "https://other.example"))),
            ("set-witnesses", .setWitnesses([try Scene.witness()], quorum: 1)),
            ("set-stewards", .setStewards(threshold: 2, rosterDelay: .days(5))), ("set-rules", .setRules(version: 2)),
            ("admit-delegate", .admitDelegate("us-envoy", try Scene.card("us-envoy/successor").delegate)),
            ("retire-delegate", .retireDelegate("us-envoy/lead")), ("set-quorum", .setQuorum("us-envoy", 2)),
            ("suspend", .suspend("us-envoy/deputy")), ("reinstate", .reinstate("us-envoy/deputy")),
            ("stop", .stop(StatementID(Scene.hash("amendment")))),
        ]
    }

    static func statement(_ party: PartyID, _ signers: [DelegateName], _ act: Act) throws -> Statement {
        Statement(
            charter: try Scene.signed(CharterDraft().charter).id, party: party, signers: signers,
            madeAt: Scene.start + .minutes(10), submitBy: Scene.start + .minutes(70),
            seen: LogHead(size: 7, root: Scene.hash("root")), act: act)
    }

    /// A statement of every kind of act, and of every outcome of a receipt.
    static func statements() throws -> [(name: String, statement: Statement)] {
        let changes = try changes()
        let roster: [Change] = changes.map(\.change).filter { (11...15).contains($0.tag) }
        let constitution: [Change] = changes.map(\.change).filter { !(11...15).contains($0.tag) && $0.tag != 7 }
        return [
            ("submission", try statement("us-envoy", ["lead"], .submission(submission()))),
            ("submission-by-two", try byTwo()),
            ("conveyance", try statement("lebanon-speaker", ["lead"], .conveyance(leg))),
            ("refusal", try statement("lebanon-speaker", ["lead"], .refusal(leg, .cannotOpen))),
            ("receipt-retrieved", try statement("hezbollah", ["lead"], .receipt(leg, .retrieved))),
            ("receipt-opened", try statement("hezbollah", ["lead"], .receipt(leg, .opened))),
            ("receipt-unreadable", try statement("hezbollah", ["lead"], .receipt(leg, .unreadable(.keyCommitment)))),
            ("recall", try statement("us-envoy", ["deputy"], .recall(message, legs: [0, 1]))),
            ("key-publication", try statement("us-envoy", ["lead"], .keyPublication(keyPublication()))),
            (
                "amendment-constitution",
                try statement("us-envoy", ["lead"], .amendment(amendment(.constitution, constitution)))
            ),
            (
                "amendment-roster",
                try statement("us-envoy", ["lead"], .amendment(amendment(.roster("us-envoy"), roster)))
            ),
            ("expiry", try statement(.relay, [.act], .expiry(leg))),
            ("erasure", try statement(.relay, [.act], .erasure([message, MessageID(Scene.hash("other-message"))]))),
            ("tick", try statement(.relay, [.act], .tick(tick))),
        ]
    }

    /// A submission of the party whose release quorum is two.
    static func byTwo() throws -> Statement {
        let direct = submission(
            legs: [Leg(intermediaries: [], recipient: "us-envoy")],
            rosters: (["israel-strategic-affairs", "us-envoy"] as [PartyID]).map {
                RosterRevision(party: $0, revision: Revision(0))
            })
        return try statement("israel-strategic-affairs", ["drafter", "releaser"], .submission(direct))
    }
}
