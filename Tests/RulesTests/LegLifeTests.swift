import Ledger
import Rules
import Statements
import Testing

/// A leg through `lebanon-speaker`, which may open, and `egypt-mediator`, which is blind, to `hezbollah`.
@Suite("The life of a leg")
struct LegLifeTests {
    /// What can be said on the leg, in the order of the table's columns.
    enum Move: String, CaseIterable, Sendable {
        case conveyFirst, conveySecond, conveyLast, refuseFirst, refuseSecond, refuseLast
        case retrieve, open, unreadable, hopRetrieves, hopOpens, blindRetrieves, recall, recallOther, notice

        var party: PartyID {
            switch self {
            case .conveyFirst, .refuseFirst, .hopRetrieves, .hopOpens, .recallOther: "lebanon-speaker"
            case .conveySecond, .refuseSecond, .blindRetrieves: "egypt-mediator"
            case .conveyLast, .refuseLast, .retrieve, .open, .unreadable: "hezbollah"
            case .recall: "us-envoy"
            case .notice: .relay
            }
        }

        func act(_ message: MessageID) -> Act {
            let leg = LegReference(message: message, leg: 0)
            return switch self {
            case .conveyFirst, .conveySecond, .conveyLast: .conveyance(leg)
            case .refuseFirst, .refuseSecond, .refuseLast: .refusal(leg, .declined)
            case .retrieve, .hopRetrieves, .blindRetrieves: .receipt(leg, .retrieved)
            case .open, .hopOpens: .receipt(leg, .opened)
            case .unreadable: .receipt(leg, .unreadable(.wrap))
            case .recall, .recallOther: .recall(message, legs: [0])
            case .notice: .expiry(leg)
            }
        }
    }

    /// How a leg comes to a stage: moves, then how long the clock waits, from the moves or from the expiry.
    struct Stage: Sendable, CustomTestStringConvertible {
        let name: String
        let word: String
        let moves: [Move]
        let wait: Wait
        /// One sign a move: `.` accepted, S wrong-state, H not-holder, D not-due.
        let row: String
        var testDescription: String { name }

        enum Wait: Sendable {
            case no
            case untilExpiry
            /// Expiry and grace have passed, and then the moves happen.
            case untilGrace
        }
    }

    static let toEnd: [Move] = [.conveyFirst, .conveySecond]

    /// Columns: conveyed by 1st, 2nd, recipient; refused by the same; recipient's retrieved, opened, unreadable;
    /// 1st hop's retrieved, opened; blind hop's retrieved; recalled by originator, by a hop; the relay's notice.
    static let stages = [
        Stage(name: "held by the first", word: "held", moves: [], wait: .no, row: ".SH .SS SSS .SH .H D"),
        Stage(name: "held by the second", word: "held", moves: [.conveyFirst], wait: .no, row: "S.H S.S SSS .SH .H D"),
        Stage(name: "available", word: "available", moves: toEnd, wait: .no, row: "SSH SS. .SS .SH .H D"),
        Stage(name: "retrieved", word: "retrieved", moves: toEnd + [.retrieve], wait: .no, row: "SSH SSS S.. .SH SH D"),
        Stage(
            name: "retrieved, past its expiry", word: "retrieved", moves: toEnd + [.retrieve], wait: .untilExpiry,
            row: "SSH SSS S.. .SH SH D"),
        Stage(
            name: "opened", word: "opened", moves: toEnd + [.retrieve, .open], wait: .no, row: "SSH SSS SSS SSH SH S"),
        Stage(
            name: "unreadable", word: "unreadable", moves: toEnd + [.retrieve, .unreadable], wait: .no,
            row: "SSH SSS SSS SSH SH S"),
        Stage(
            name: "unconfirmed, not yet logged", word: "unconfirmed", moves: toEnd + [.retrieve], wait: .untilGrace,
            row: "SSH SSS SSS SSH SH ."),
        Stage(
            name: "unconfirmed", word: "unconfirmed", moves: toEnd + [.retrieve, .notice], wait: .untilGrace,
            row: "SSH SSS SSS SSH SH S"),
        Stage(
            name: "refused by the first", word: "refused", moves: [.refuseFirst], wait: .no, row: "SSH SSS SSS SSH SH S"
        ),
        Stage(
            name: "refused by the recipient", word: "refused", moves: toEnd + [.refuseLast], wait: .no,
            row: "SSH SSS SSS SSH SH S"),
        Stage(name: "recalled", word: "recalled", moves: [.recall], wait: .no, row: "SSH SSS SSS SSH SH S"),
        Stage(
            name: "expired while held, not yet logged", word: "expired", moves: [], wait: .untilExpiry,
            row: "SSH SSS SSS SSH SH ."),
        Stage(
            name: "expired while available, not yet logged", word: "expired", moves: toEnd, wait: .untilExpiry,
            row: "SSH SSS SSS SSH SH ."),
        Stage(name: "expired", word: "expired", moves: [.notice], wait: .untilExpiry, row: "SSH SSS SSS SSH SH S"),
    ]

    static let grace = TimeSpan.days(2)

    /// A log whose one leg went through these moves; a notice waits for its time.
    static func world(
        _ stage: Stage, _ charter: SignedCharter? = nil
    ) throws -> (world: World, message: MessageID) {
        var (world, message) = try World.withMessage([World.longRoute], to: World.openly, charter)
        let expiry = try world.message(message).submission.expiry
        for move in stage.moves {
            if move == .notice { world.now = stage.wait == .untilGrace ? expiry + grace : expiry }
            try world.log(world.made(move.party, move.act(message)))
        }
        switch stage.wait {
        case .no: world.now = world.now + .minutes(1)
        case .untilExpiry: world.now = max(world.now, expiry)
        case .untilGrace: world.now = max(world.now, expiry + grace)
        }
        return (world, message)
    }

    static func verdict(_ sign: Character) -> String {
        switch sign {
        case ".": "accepted"
        case "S": "wrong-state"
        case "H": "not-holder"
        default: "not-due"
        }
    }

    @Test("at every stage, every act is accepted or rejected as the table says", arguments: stages)
    func table(stage: Stage) throws {
        let (world, message) = try Self.world(stage)
        let state = try world.message(message)
        #expect(state.stage(0, at: world.now, grace: Self.grace).word == stage.word)
        let signs = stage.row.filter { $0 != " " }
        #expect(signs.count == Move.allCases.count)
        for (move, sign) in zip(Move.allCases, signs) {
            let statement = try world.made(move.party, move.act(message))
            #expect(world.verdict(statement) == Self.verdict(sign), "\(move.rawValue) when \(stage.name)")
        }
    }

    @Test("every stage of a leg is in the table")
    func complete() {
        let words = Set(Self.stages.map(\.word))
        #expect(
            words == [
                "held", "available", "retrieved", "opened", "unreadable", "unconfirmed", "refused", "recalled",
                "expired",
            ])
    }

    @Test("what a party does moves the leg to the next stage")
    func moves() throws {
        let steps: [([Move], LegStage)] = [
            ([.conveyFirst], .held(hop: 1)), (Self.toEnd, .available), (Self.toEnd + [.retrieve], .retrieved),
            (Self.toEnd + [.retrieve, .open], .opened),
            (Self.toEnd + [.retrieve, .unreadable], .unreadable(.wrap)),
            ([.refuseFirst], .refused(by: "lebanon-speaker", .declined)),
            ([.conveyFirst, .refuseSecond], .refused(by: "egypt-mediator", .declined)), ([.recall], .recalled),
            ([.hopRetrieves], .held(hop: 0)), ([.hopRetrieves, .hopOpens], .held(hop: 0)),
        ]
        for (moves, wanted) in steps {
            let (world, message) = try Self.world(Stage(name: "", word: "", moves: moves, wait: .no, row: ""))
            #expect(try world.message(message).legs[0].stage == wanted, "\(moves)")
        }
    }

    @Test("a moment before its expiry a leg is not expired, at its expiry it is, and grace works the same way")
    func edges() throws {
        let (world, message) = try World.withMessage()
        let state = try world.message(message)
        let expiry = state.submission.expiry
        let before = expiry + TimeSpan(milliseconds: -1)
        #expect(state.stage(0, at: before, grace: Self.grace) == .held(hop: 0))
        #expect(state.stage(0, at: expiry, grace: Self.grace) == .expired)
        #expect(state.deadline(grace: Self.grace) == expiry)
        let retrieved = try Self.world(Self.stages[3])
        let later = try retrieved.world.message(retrieved.message)
        #expect(later.stage(0, at: before + Self.grace, grace: Self.grace) == .retrieved)
        #expect(later.stage(0, at: expiry + Self.grace, grace: Self.grace) == .unconfirmed)
        #expect(later.deadline(grace: Self.grace) == expiry + Self.grace)
    }

    @Test("a hop confirms its own copy even after the leg has ended, once and in order")
    func hopReceipts() throws {
        var (world, message) = try World.withMessage()
        func log(_ move: Move) throws { try world.log(world.made(move.party, move.act(message))) }
        func verdict(_ move: Move) throws -> String { world.verdict(try world.made(move.party, move.act(message))) }
        try log(.hopRetrieves)
        world.now = world.now + .minutes(1)
        #expect(try verdict(.hopRetrieves) == "wrong-state")
        try log(.recall)
        #expect(try verdict(.hopOpens) == "accepted")
        try log(.hopOpens)
        world.now = world.now + .minutes(1)
        #expect(try verdict(.hopOpens) == "wrong-state")
        let leg = try world.message(message).legs[0]
        #expect(leg.stage == .recalled)
        #expect(leg.hopReceipts == ["lebanon-speaker": .opened])
    }

    @Test("a leg that ended has reached those whom it reached, and nobody further on")
    func reached() throws {
        let holders: [PartyID] = ["lebanon-speaker", "egypt-mediator", "hezbollah"]
        for (moves, count) in [
            ([.recall], 1), ([.conveyFirst, .refuseSecond], 2), (Self.toEnd, 3), (Self.toEnd + [.recall], 3),
        ] as [([Move], Int)] {
            let (world, message) = try Self.world(Stage(name: "", word: "", moves: moves, wait: .no, row: ""))
            let leg = try world.message(message).legs[0]
            #expect(holders.filter(leg.hasReached) == Array(holders.prefix(count)), "\(moves)")
            #expect(!leg.hasReached("us-envoy"))
        }
        let (expired, message) = try Self.world(Self.stages[13])
        #expect(try expired.message(message).legs[0].hasReached("hezbollah"))
    }

    @Test("a recall takes all the legs it names or none")
    func recallAll() throws {
        let keys = World.openly + ["israel-strategic-affairs/drafter"]
        var (world, message) = try World.withMessage([World.viaSpeaker, World.toIsrael], to: keys)
        let retrieved = Act.receipt(LegReference(message: message, leg: 1), .retrieved)
        try world.log(world.made("israel-strategic-affairs", retrieved, by: ["drafter"]))
        let both = try world.made("us-envoy", .recall(message, legs: [0, 1]))
        #expect(world.verdict(both) == "wrong-state")
        let one = try world.log(world.made("us-envoy", .recall(message, legs: [0])))
        #expect(one.message?.legs.map(\.stage) == [.recalled, .retrieved])
        #expect(one.message?.isSettled == false)
    }
}
