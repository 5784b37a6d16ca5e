import Audit
import Desk
import Envelope
import Ledger
import Relay
import Sealing
import Testing
import Transport

/// One way to cheat, what comes of it, and the play that shows it: a row of the catalogue in `Docs/ThreatModel.md`.
struct Cheat: Sendable, CustomTestStringConvertible {
    /// Stable, lowercase, hyphenated.
    let id: String
    let who: [Cheater]
    /// What is done, without a period: it goes on from "The relay", "The originator" and so on.
    let what: String
    let outcome: Outcome
    /// Plays it with the real rooms, and tells what was seen of it.
    let play: @Sendable () async throws -> Seen

    init(
        _ id: String, _ who: Cheater..., what: String, _ outcome: Outcome,
        play: @escaping @Sendable () async throws -> Seen
    ) {
        self.init(id, who, what, outcome, play)
    }

    init(
        _ id: String, _ who: [Cheater], _ what: String, _ outcome: Outcome,
        _ play: @escaping @Sendable () async throws -> Seen
    ) {
        self.id = id
        self.who = who
        self.what = what
        self.outcome = outcome
        self.play = play
    }

    var testDescription: String { id }

    /// Plays the row, and holds what was seen against what it says.
    func hold() async throws {
        let seen = try await play()
        switch outcome {
        case .replayed(let code, _):
            guard case .replayed(let findings, let index) = seen else {
                Issue.record("\(seen)")
                return
            }
            #expect(findings == ["\(code)@\(index)"])
        case .noticed(let watcher, let code, let soon): #expect(seen == .noticed(watcher, code, soon))
        case .unnoticed, .gap: #expect(seen == .nothing)
        }
    }
}

/// Who cheats; several do it together.
enum Cheater: String, Sendable, CaseIterable {
    /// The operator of the relay, who has its log key, act key and TLS key.
    case relay
    case originator, intermediary, recipient
    /// A witness of the charter, who has its cosignature key.
    case witness
    /// A delegate of a full auditor, who has its signing key.
    case auditor
    case limitedAuditor = "limited auditor"
    /// Somebody on the way, without any key.
    case network
}

/// What comes of a cheat.
enum Outcome: Sendable {
    /// An auditor's replay stops at it, with this code.
    case replayed(String, Place)
    /// Somebody's program says so, with this code.
    case noticed(Watcher, String, Soon)
    /// Nobody can, and why.
    case unnoticed(String)
    /// Nobody does, although somebody could, and who.
    case gap(String)
}

/// The entry that a finding names.
enum Place: String, Sendable {
    case itself = "the entry itself"
    case first = "entry 0"
    case gap = "the entry that stands in its place"
    case witness = "the next entry of one who had seen the log before"
}

enum Watcher: String, Sendable {
    case originator = "the originator's desk"
    case intermediary = "the intermediary's desk"
    case recipient = "the recipient's desk"
    case auditor = "the auditor's mirror"
    case relay = "the relay"
    case follower = "the auditor's follower"
    case witness = "the witness"
    case releaser = "the releaser's desk"
    case limitedAuditor = "the limited auditor"
    /// For looks that must show nothing.
    case replay = "the auditor's replay"
}

enum Soon: String, Sendable {
    case atOnce = "at once"
    case nextRequest = "at its next request"
    case nextTick = "within a tick interval"
    case twoTicks = "within two tick intervals"
    case freshness = "within the tick freshness"
    case witnesses = "in 15 minutes"
    case expiry = "at the expiry"
    case grace = "at expiry and grace"
    case nextRun = "at its next run"
    case comparison = "when it is given another's checkpoint"
    case rejection = "when it is given the rejection"
    case verdict = "at the next verdict that counts them"
}

/// What was seen of a cheat.
enum Seen: Hashable, Sendable {
    /// The findings of an audit as `code@entry`, and the entry that was to be found.
    case replayed([String], LogIndex)
    case noticed(Watcher, String, Soon)
    case nothing

    /// The looks one after the other, until one of them shows something.
    static func by(_ looks: [Look]) async -> Seen {
        for look in looks {
            do { try await look.look() } catch { return .noticed(look.who, code(of: error), look.soon) }
        }
        return .nothing
    }

    static func by(_ who: Watcher, _ soon: Soon = .atOnce, _ look: @escaping @Sendable () async throws -> Void) async
        -> Seen
    { await by([Look(who, soon, look)]) }

    private static func code(of error: any Error) -> String {
        switch error {
        case let error as DeskError: error.code
        case let error as TransportError: error.reportedCode
        case let error as EnvelopeError: error.code.rawValue
        case let error as RevealError: error.code.rawValue
        case let error as Finding: error.label
        case let error as AuditError: error.code.rawValue
        case let error as WitnessRefusal: error.code
        case let error as ScopeFinding: error.code.rawValue
        case let error as RelayError: error.code
        case let error as Alarm: error.code
        default: "\(error)"
        }
    }
}

/// What somebody does after the cheat, who does not know of it.
struct Look: Sendable {
    let who: Watcher
    /// How soon after the cheat it is, by what passed in the play before it.
    let soon: Soon
    let look: @Sendable () async throws -> Void

    init(_ who: Watcher, _ soon: Soon = .atOnce, _ look: @escaping @Sendable () async throws -> Void) {
        self.who = who
        self.soon = soon
        self.look = look
    }
}

/// Something that a program shows a person, and that is no error: a concern of `status`, a leg's end, a finding.
struct Alarm: Error {
    let code: String
    init(_ code: String) { self.code = code }
}

/// A play did not come about: what it needed was not so.
struct NotPlayed: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// What must hold for a play to show anything.
func need(_ isSo: Bool, _ sentence: String) throws { if !isSo { throw NotPlayed(sentence) } }
