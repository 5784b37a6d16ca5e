import Ledger
import Rules
import Statements
import Testing

@Suite("The order of the rules")
struct RuleOrderTests {
    /// A way to be wrong. They can be combined; the rules must answer with the code of the first.
    enum Defect: Int, CaseIterable, Sendable, CustomTestStringConvertible {
        case otherCharter, ahead, late, otherLog, stranger, forged, alone, stale, unknownParty, malformed, barred
        case notToRecipient, toBystander, expired, tooMuch

        var code: RejectionCode {
            switch self {
            case .otherCharter: .wrongCharter
            case .ahead: .clock
            case .late: .tooLate
            case .otherLog: .otherLog
            case .stranger: .notInOffice
            case .forged: .badSignature
            case .alone: .quorumNotMet
            case .stale: .staleCharter
            case .unknownParty: .unknownParty
            case .malformed: .malformedRoute
            case .barred: .barred
            case .notToRecipient: .notSealedToRecipient
            case .toBystander: .sealedToBystander
            case .expired: .expired
            case .tooMuch: .quotaExceeded
            }
        }

        var testDescription: String { code.rawValue }
    }

    static let world: World? = try? World.withKeys(Talks.charter { $0.unsettledBytes = 1 << 20 })

    /// The office of two releasers writes to the envoy, with these defects.
    static func statement(_ defects: Set<Defect>) throws -> ExaminedStatement {
        let world = try #require(world)
        var legs = [Leg(intermediaries: [], recipient: "us-envoy")]
        if defects.contains(.unknownParty) { legs.append(Leg(intermediaries: [], recipient: "syria")) }
        if defects.contains(.malformed) { legs.append(Leg(intermediaries: [], recipient: "israel-strategic-affairs")) }
        if defects.contains(.barred) { legs.append(Leg(intermediaries: [], recipient: "hezbollah")) }
        let recipients = defects.contains(.barred) ? ["us-envoy/lead", "hezbollah/lead"] : ["us-envoy/lead"]
        let own = ["israel-strategic-affairs/drafter"]
        let keys = own + (defects.contains(.notToRecipient) ? [] : recipients)
        let submission = world.submission(
            from: "israel-strategic-affairs", legs: legs,
            to: keys + (defects.contains(.toBystander) ? ["lebanon-speaker/lead"] : []),
            expires: defects.contains(.expired) ? .days(15) : .days(2),
            payload: defects.contains(.tooMuch) ? 2 << 20 : 65_536, stale: defects.contains(.stale))
        return try world.made("israel-strategic-affairs", .submission(submission)) { draft in
            draft.signers = defects.contains(.alone) ? ["drafter"] : ["drafter", "releaser"]
            if defects.contains(.stranger) { draft.signers.append("stranger") }
            if defects.contains(.forged) { draft.forgers = draft.signers.map { _ in "hezbollah/lead" } }
            if defects.contains(.otherCharter) { draft.charter = CharterID(.zero) }
            if defects.contains(.ahead) { draft.madeAt = draft.madeAt + .minutes(6) }
            if defects.contains(.late) { draft.submitBy = draft.madeAt + .days(8) }
            if defects.contains(.otherLog) { draft.seen = LogHead(size: draft.seen.size, root: .zero) }
        }
    }

    @Test("without a defect the statement is accepted")
    func none() throws {
        #expect(try #require(Self.world).verdict(Self.statement([])) == "accepted")
    }

    @Test("a statement wrong in two ways gets the code of the first", arguments: Defect.allCases)
    func pairs(first: Defect) throws {
        let world = try #require(Self.world)
        for second in Defect.allCases where second.rawValue >= first.rawValue {
            #expect(world.verdict(try Self.statement([first, second])) == first.code.rawValue, "with \(second)")
        }
    }

    @Test("the defects are in the order in which the codes are listed")
    func listed() {
        let codes = Defect.allCases.map(\.code)
        #expect(codes == RejectionCode.allCases.filter(codes.contains))
    }

    /// One leg, wrong in two ways.
    @Test(
        "along one leg: barred, then who may carry, then the channels hop by hop",
        arguments: [
            ("israel-strategic-affairs", ["us-envoy"], "hezbollah", Precedence.routine, RejectionCode.barred),
            ("israel-strategic-affairs", ["us-envoy"], "oversight-committee", .routine, .notAnIntermediary),
            ("us-envoy", ["israel-strategic-affairs"], "lebanon-speaker", .flash, .notAnIntermediary),
            ("lebanon-speaker", ["egypt-mediator"], "israel-strategic-affairs", .flash, .overLimit),
            ("us-envoy", [], "oversight-committee", .flash, .channelClosed),
        ] as [(PartyID, [PartyID], PartyID, Precedence, RejectionCode)])
    func hops(from: PartyID, hops: [PartyID], to: PartyID, precedence: Precedence, code: RejectionCode) throws {
        let world = try #require(Self.world)
        let leg = Leg(intermediaries: hops, recipient: to)
        let submission = world.submission(from: from, legs: [leg], to: ["us-envoy/lead"], precedence)
        let signers: [DelegateName] = from == "israel-strategic-affairs" ? ["drafter", "releaser"] : ["lead"]
        #expect(world.verdict(try world.made(from, .submission(submission), by: signers)) == code.rawValue)
    }
}
