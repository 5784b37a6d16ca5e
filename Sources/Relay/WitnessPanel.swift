package import Ledger
package import Logging
package import Statements
import Synchronization

/// The charter's witnesses: asks all of them for cosignatures of a checkpoint, and remembers how they stand.
///
/// One that is away or refuses holds nothing up. One that contradicts the log is an alarm: it is told in the log of the
/// operator and in the health answers until the relay is restarted, and asked no more.
package final class WitnessPanel: Sendable {
    /// How one witness stands.
    package struct Standing: Hashable, Sendable {
        package let name: String
        package let url: String
        /// What it cosigned last for this relay process.
        package fileprivate(set) var size: TreeSize?
        package fileprivate(set) var at: CosignatureTime?
        /// Why it gave nothing the last time; nil when it did.
        package fileprivate(set) var trouble: String?
        /// It knows something else than this log.
        package fileprivate(set) var alarm: WitnessConversation.Alarm?
    }

    private struct Seat: Sendable {
        let key: VerifierKey
        var standing: Standing
        /// The size to ask from.
        var known: TreeSize?
    }

    /// Makes the proof that the checkpoint's tree begins with a smaller one.
    package typealias Proving = @Sendable (TreeSize) async throws -> ConsistencyProof

    private let seats: Mutex<[Seat]>
    private let quorum: Int
    let log: VerifierKey
    private let logger: Logger
    private let post: @Sendable ([UInt8], String) async -> WitnessAnswer?

    /// - Parameter post: posts a body to a witness by its submission prefix; nil when no answer came.
    package init(
        _ charter: Charter, log: VerifierKey, logger: Logger,
        post: @escaping @Sendable (_ body: [UInt8], _ prefix: String) async -> WitnessAnswer?
    ) {
        // A key that is no cosigner's is a finding of the charter, which no relay starts with.
        seats = Mutex(
            charter.witnesses.compactMap { witness in
                guard let key = witness.cosigner else { return nil }
                return Seat(key: key, standing: Standing(name: key.name.description, url: witness.url), known: nil)
            })
        quorum = Int(charter.witnessQuorum)
        self.log = log
        self.logger = logger
        self.post = post
    }

    package var isEmpty: Bool { seats.withLock { $0.isEmpty } }
    package var standings: [Standing] { seats.withLock { $0.map(\.standing) } }
    /// Whether those that do not contradict the log are enough for the charter's quorum.
    package var canBeQuorum: Bool { standings.count { $0.alarm == nil } >= quorum }
    var keys: [VerifierKey] { seats.withLock { $0.map(\.key) } }

    /// Asks every witness at the same time.
    /// - Returns: the note with the lines that came, and whether they are the quorum.
    package func cosign(_ note: SignedNote, proving: @escaping Proving) async -> (note: SignedNote, isQuorum: Bool) {
        let asked = seats.withLock { $0 }.enumerated().filter { $0.element.standing.alarm == nil }
        let lines = await withTaskGroup(of: (Int, WitnessConversation, WitnessConversation.Outcome)?.self) { group in
            for (place, seat) in asked {
                group.addTask { await self.talk(with: seat, about: note, proving).map { (place, $0.0, $0.1) } }
            }
            var lines: [NoteSignature] = []
            for await case (let place, let talk, let outcome)? in group {
                lines += take(outcome, of: talk, at: place)
            }
            return lines
        }
        let whole = (try? note.adding(lines)) ?? note
        return (whole, lines.count >= quorum)
    }

    private func talk(
        with seat: Seat, about note: SignedNote, _ proving: Proving
    ) async -> (WitnessConversation, WitnessConversation.Outcome)? {
        guard var talk = try? WitnessConversation(with: seat.key, about: note, log: log, knownSize: seat.known) else {
            return nil
        }
        do {
            let outcome = try await talk.run(proof: proving) { await post($0, seat.standing.url) }
            return (talk, outcome)
        } catch {
            logger.error("no proof for a witness", metadata: ["witness": "\(seat.key.name)", "error": "\(error)"])
            return nil
        }
    }

    /// Notes how a talk ended.
    /// - Returns: the lines it brought.
    private func take(
        _ outcome: WitnessConversation.Outcome, of talk: WitnessConversation, at place: Int
    ) -> [NoteSignature] {
        let (before, after, lines) = seats.withLock { seats in
            let before = seats[place].standing
            seats[place].known = talk.knownSize
            seats[place].standing.trouble = nil
            var lines: [NoteSignature] = []
            switch outcome {
            case .cosigned(let found, let time):
                lines = found
                seats[place].standing.size = talk.checkpoint.size
                seats[place].standing.at = time
            case .alarm(let alarm):
                seats[place].standing.alarm = alarm
                seats[place].standing.trouble = "\(alarm.sentence) [\(alarm.code)]"
            case .refused(let status):
                seats[place].standing.trouble = "The witness refused with HTTP status \(status). [witness-refused]"
            case .away(let absence): seats[place].standing.trouble = "\(absence) [\(absence.code)]"
            }
            return (before, seats[place].standing, lines)
        }
        tell(before, after, forgotten: talk.forgotten)
        return lines
    }

    /// Tells the operator of what changed.
    private func tell(_ before: Standing, _ after: Standing, forgotten: TreeSize?) {
        let witness: Logger.Metadata = ["witness": "\(after.name)"]
        if let alarm = after.alarm {
            logger.critical("\(alarm.sentence) \(alarm.nextStep)", metadata: witness)
        } else if let trouble = after.trouble, before.trouble != trouble {
            logger.warning("no cosignature: \(trouble)", metadata: witness)
        } else if after.trouble == nil, before.trouble != nil {
            logger.info("the witness cosigns again", metadata: witness)
        }
        if let forgotten {
            logger.warning(
                "the witness has forgotten a tree of \(forgotten) entries that it cosigned", metadata: witness)
        }
    }
}
