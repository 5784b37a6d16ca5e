import Audit
import Desk
import Envelope
import Ledger
import Rules
import Statements
import TestKit
import Testing
import Transport
import Wire

/// The relay's "no" to what the rules allow.
@Suite("Cheats: rejections", .serialized, .timeLimit(.minutes(1)))
struct RejectionCheats {
    static let family = Family("Rejections", rejections)

    @Test("a sender keeps what it may still be held to", arguments: family.rows)
    func holds(cheat: Cheat) async throws { try await cheat.hold() }

    private static let rejections: [Cheat] = [
        Cheat(
            "rejected-wrongly", .relay, what: "rejects what the rules allow, under its signature",
            .noticed(.originator, "not-sealed-to-recipient", .atOnce)
        ) {
            try await Stage.play { scene in
                scene.lies.tell { $0.facts = hideKeys }
                return await .by(.originator) {
                    do { try await scene.send() } catch let error as TransportError {
                        try need(error.rejection.map(\.isSigned) ?? false, "it is not signed")
                        throw error
                    }
                }
            }
        },
        rejected(
            "rejected-unsigned", "rejects what the rules allow, and does not sign it",
            .noticed(.originator, "not-sealed-to-recipient", .atOnce), standing: .absent
        ) { _, _ in nil },
        rejected(
            "rejected-with-another-rejection", "rejects what the rules allow, with the rejection of another statement",
            .noticed(.originator, "not-sealed-to-recipient", .atOnce), standing: .invalid
        ) { scene, _ in
            try Handed.rejection(
                StatementID(.zero), .notSealedToRecipient, at: scene.box.head.size, scene.box.clock.now, scene)
        },
        conveyance(
            "rejected-at-another-time",
            "rejects a statement in time as too late, by signing a time of decision that is far ahead",
            .noticed(.intermediary, "rejection-wrong", .atOnce)
        ) { scene, signed in
            let late = signed.statement.submitBy + .seconds(1)
            return try Handed.rejection(signed.id, .tooLate, at: scene.box.head.size, late, scene)
        },
        conveyance(
            "rejected-at-another-size",
            "rejects a statement as one of another log, by signing a tree size below the one that its signer had seen",
            .noticed(.intermediary, "rejection-wrong", .atOnce)
        ) { scene, signed in
            try Handed.rejection(signed.id, .otherLog, at: 1, scene.box.clock.now, scene)
        },
        conveyance(
            "rejected-and-logged", "rejects a statement under its signature, and logs it",
            .noticed(.intermediary, "rejected-and-logged", .nextRequest), isLogged: true
        ) { scene, signed in
            try Handed.rejection(signed.id, .wrongState, at: scene.box.head.size, scene.box.clock.now, scene)
        },
        conveyance(
            "rejected-before-it-came", "rejects a statement, by signing a time of decision before it was handed in",
            .noticed(.intermediary, "rejection-wrong", .atOnce)
        ) { scene, signed in
            let early = scene.box.clock.now - .minutes(6)
            return try Handed.rejection(signed.id, .wrongState, at: scene.box.head.size, early, scene)
        },
        conveyance(
            "rejected-in-time-as-late", "rejects a statement in time as too late, by signing that it came in time",
            .noticed(.intermediary, "rejection-wrong", .atOnce)
        ) { scene, signed in
            try Handed.rejection(signed.id, .tooLate, at: scene.box.head.size, scene.box.clock.now, scene)
        },
        conveyance(
            "rejected-and-decided-again", "rejects what the rules allow, and the sender hands the rejection on",
            .noticed(.auditor, "accepted", .rejection)
        ) { scene, signed in
            try Handed.rejection(signed.id, .wrongState, at: scene.box.head.size, scene.box.clock.now, scene)
        },
        conveyance(
            "rejected-for-another-reason",
            "rejects what the rules forbid for a reason that is none, and the sender hands the rejection on",
            .noticed(.auditor, "other-code", .rejection),
            before: { scene, message in
                scene.box.clock.pass(.seconds(1))
                try await scene.box.tell(message, by: FixtureWorld.envoy) { .recall($0.message, legs: [$0.leg]) }
            }
        ) { scene, signed in
            try Handed.rejection(signed.id, .notHolder, at: scene.box.head.size, scene.box.clock.now, scene)
        },
    ]

    /// The real relay's wrongful rejection of a message, with something else attached.
    private static func rejected(
        _ id: String, _ what: String, _ outcome: Outcome, standing: RejectionStanding,
        _ attached: @escaping @Sendable (Scene, SignedStatement) throws -> [UInt8]?
    ) -> Cheat {
        Cheat(id, [.relay], what, outcome) {
            try await Stage.play { scene in
                scene.lies.tell { $0.facts = hideKeys }
                scene.proxy.tell { request, relay in
                    let answer = try await relay(request)
                    guard request.route == .submitEnvelope, answer.status != 200 else { return answer }
                    let rejection = try attached(scene, Handed.submission(request.body))
                    let problem = Problem(.rejected(.notSealedToRecipient), detail: "No.", rejection: rejection)
                    return LyingProxy.Answer(problem)
                }
                let desk = try scene.envoy
                return await .by(.originator) {
                    let sent: SentMessage
                    do { sent = try await desk.send(Scene.proposal) } catch { throw Alarm("given-up") }
                    guard case .kept(let error) = sent.outcome else { throw NotPlayed("it was not kept") }
                    try need(error.rejection == standing, "the rejection is \(String(describing: error.rejection))")
                    try need(desk.outboxCount == 1, "it is not in the outbox")
                    throw error
                }
            }
        }
    }

    /// A conveyance that is answered with a rejection of the operator's own making.
    private static func conveyance(
        _ id: String, _ what: String, _ outcome: Outcome, isLogged: Bool = false,
        before: @escaping @Sendable (Scene, MessageID) async throws -> Void = { _, _ in },
        _ attached: @escaping @Sendable (Scene, SignedStatement) throws -> [UInt8]
    ) -> Cheat {
        Cheat(id, [.relay], what, outcome) {
            try await Stage.play { scene in
                let message = MessageID(try await scene.box.accept(scene.box.envelope()).statement)
                let desk = try scene.speaker
                try await before(scene, message)
                scene.proxy.tell { request, relay in
                    guard request.route == .submitStatement else { return try await relay(request) }
                    let signed = try SignedStatement(der: request.body, limit: Bounds.signedStatement)
                    let rejection = try attached(scene, signed)
                    if isLogged { try need(try await relay(request).status == 200, "it is not logged") }
                    let found = try SignedRejection(der: rejection, limit: ByteLimit.rejection).rejection.code
                    guard let code = RejectionCode(rawValue: found) else { throw NotPlayed(found) }
                    return LyingProxy.Answer(Problem(.rejected(code), detail: "No.", rejection: rejection))
                }
                return await .by([
                    Look(.intermediary) {
                        do {
                            _ = try await desk.say(.conveyance(scene.reference(message)))
                            throw NotPlayed("it is accepted")
                        } catch let error as TransportError where error.code == .relayRefused {
                            // A "no" is what the relay may say: the desk takes it for one that it can be held to.
                            guard error.rejection.map(\.isSigned) ?? false else { throw Alarm("no-rejection") }
                        }
                    },
                    Look(.intermediary, .nextRequest) {
                        _ = try await desk.inbox()
                        try await desk.expectCalm()
                    },
                    scene.replay,
                    Look(.auditor, .rejection) { try await scene.review(of: desk) },
                ])
            }
        }
    }

    private static let hideKeys: @Sendable (Facts) -> Facts = { facts in
        var facts = facts
        facts.standing.keys = [:]
        return facts
    }
}

/// What was handed in, and what is said of it.
enum Handed {
    static func submission(_ envelope: [UInt8]) throws -> SignedStatement {
        var reader = EnvelopeReader()
        _ = try reader.take(envelope[...])
        return try reader.finish().signed
    }

    /// A rejection that the act key signs, whatever it says.
    static func rejection(
        _ id: StatementID, _ code: RejectionCode, at size: TreeSize, _ time: Timestamp, _ scene: Scene
    ) throws -> [UInt8] {
        let rejection = Rejection(
            charter: scene.box.world.charter.id, statement: id, code: code.rawValue, treeSize: size, decidedAt: time)
        let act = DelegateID(party: .relay, name: .act)
        return try SignedRejection(rejection) { try scene.box.world.sign($0, by: act) }.derBytes()
    }
}

extension Scene {
    /// An auditor that is handed the file of a desk's newest rejection, and decides it again on its own mirror.
    func review(of desk: Desk) async throws {
        let path = "\(stage.site.folder.path)/no.valise"
        guard let kept = try await desk.rejections().first else { throw NotPlayed("no rejection is kept") }
        _ = try await desk.saveRejection(kept.statement.id.description, to: path, overwrite: true)
        let rejected = try RejectedStatement(parsing: DeskFile.read(path, limit: RejectedStatement.longest))
        if let found = try await audit("reviewer").first { throw Alarm(found) }
        let review = RejectionReview(
            folder: MirrorFolder(path: "\(stage.site.folder.path)/reviewer"),
            charter: try TrustedCharter(box.world.charter.derBytes()), workers: 1)
        guard case .wrongful(let fault, _) = try await review.run(rejected).verdict else { return }
        throw Alarm(fault.rawValue)
    }
}

extension RejectionStanding {
    var isSigned: Bool { if case .signed = self { true } else { false } }
}
