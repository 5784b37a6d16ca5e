import Desk
import Ledger
import Statements
import Terminal
import Transport
import Wording

/// What is printed of a message that was sent, kept, drafted or sealed.
struct SentView {
    let sent: SentMessage
    let party: PartyID
    static let keptInOutbox = "kept-in-outbox"

    /// Sends messages one after the other and prints what came of each.
    /// - Throws: ``Terminal/CommandFailure`` `kept-in-outbox` when the relay did not take one.
    static func send(_ outgoing: [Outgoing], desk: Desk, json: Bool) async throws {
        var views: [SentView] = []
        var kept: TransportError?
        for message in outgoing {
            let sent: SentMessage
            do {
                sent = try await StepBar.shown("sending", json: json) { progress in
                    try await desk.send(message, progress: progress)
                }
            } catch {
                if !views.isEmpty {
                    let done = views.flatMap(\.sent.legs).map(\.recipient.description).joined(separator: ", ")
                    Output.diagnostics.note(.caution, "what goes to \(done) is on its way; do not send it there again")
                }
                throw error
            }
            if case .kept(let error) = sent.outcome { kept = error }
            let view = SentView(sent: sent, party: desk.party)
            views.append(view)
            if !json { view.print(json: false) }
        }
        if json {
            if views.count == 1 { views[0].print(json: true) } else { printList(views) }
        }
        guard let kept else {
            // What is not due costs nothing, and what cannot be done now is done by a later command.
            try? await desk.refreshKeptKeys()
            await desk.keepKeysFresh()
            return
        }
        throw CommandFailure(
            code: keptInOutbox, message: "The message is kept and not sent: \(kept.message)",
            hints: ["valise outbox flush tries again; valise outbox cancel takes it back"],
            status: Failures.convert(kept)?.status ?? .unavailable)
    }

    private static func printList(_ views: [SentView]) {
        Output.standard.json([
            "schema": "valise/send-list/v1", "messages": .array(views.map(\.document)),
        ])
    }

    func print(json: Bool) {
        guard !json else { return Output.standard.json(document) }
        var list = FieldList()
        list.add("message", sent.message.description)
        for route in routes { list.add("route", route.joined(separator: " -> ")) }
        if sent.signers.count > 1 {
            let releasers = sent.signers.dropFirst().map(\.description).joined(separator: ", ")
            list.add("signers", "\(sent.signers[0]), released by \(releasers)")
        }
        let keys = "sealed to \(Counted.words(sent.sealedTo, "key"))"
        let until = TimeText.utc(milliseconds: sent.submitBy.milliseconds)
        switch sent.outcome {
        case .accepted(let accepted):
            let time = TimeText.utc(milliseconds: accepted.entry.entry.acceptedAt.milliseconds)
            list.add("accepted", "\(time), log entry \(accepted.entry.index), \(keys)")
        case .kept: list.add("kept", "in the outbox, \(keys)")
        case .drafted(let missing):
            list.add(
                "drafted", "waits for \(missing.map(\.description).joined(separator: ", ")) until \(until), \(keys)")
        case .sealed(let path): list.add("sealed", "in \(path), to be submitted until \(until), \(keys)")
        }
        Output.standard.fields(list)
        if let age = sent.keysAge {
            Output.diagnostics.note(
                .caution,
                "the sealing keys are those known \(SpanOption(milliseconds: age.milliseconds)) ago; a newer one could "
                    + "be missing")
        }
        printHint()
    }

    private func printHint() {
        switch sent.outcome {
        case .accepted: Output.diagnostics.note(.hint, "valise track \(sent.message.short) follows it")
        case .drafted(let missing):
            let who = missing.map(\.description).joined(separator: ", ")
            Output.diagnostics.note(.hint, "released by \"valise cosign \(sent.message.short)\", at the desk of \(who)")
        case .sealed(let path):
            Output.diagnostics.note(.hint, "on a machine with a network: \"valise submit \(ShellWord.quoted(path))\"")
        case .kept: return
        }
    }

    private var routes: [[String]] { sent.legs.map { ([party] + $0.holders).map(\.description) } }

    private var document: JSONValue {
        var state = "accepted"
        var entry: JSONValue = .null
        var acceptedAt: JSONValue = .null
        var repeated = false
        var reason: JSONValue = .null
        var missing: [DelegateName] = []
        var file: JSONValue = .null
        switch sent.outcome {
        case .accepted(let accepted):
            entry = .unsigned(accepted.entry.index.rawValue)
            acceptedAt = .integer(accepted.entry.entry.acceptedAt.milliseconds)
            repeated = accepted.isOriginal
        case .kept(let error):
            state = "kept"
            reason = .string(error.reportedCode)
        case .drafted(let names):
            state = "drafted"
            missing = names
        case .sealed(let path):
            state = "sealed"
            file = .string(path)
        }
        let legs: [JSONValue] = routes.map { .array($0.map { .string($0) }) }
        return [
            "schema": "valise/send/v1", "message": .string(sent.message.description), "state": .string(state),
            "route": legs.first ?? .null, "routes": .array(legs),
            "signers": .array(sent.signers.map { .string($0.description) }),
            "missing": .array(missing.map { .string($0.description) }), "entry": entry, "acceptedAt": acceptedAt,
            "expiry": .integer(sent.expiry.milliseconds), "submitBy": .integer(sent.submitBy.milliseconds),
            "sealedTo": .count(sent.sealedTo), "payloadSize": .unsigned(sent.payloadSize), "repeated": .bool(repeated),
            "reason": reason, "file": file,
            "keysAge": sent.keysAge.map { .integer($0.milliseconds) } ?? .null,
        ]
    }
}

/// A progress bar for the steps of one command.
enum StepBar {
    static func shown<T>(
        _ label: String, json: Bool, _ body: (StepProgress) async throws -> T
    ) async throws -> T {
        let bar = ProgressBar(label, enabled: !json)
        defer { bar.finish() }
        return try await body(StepProgress { _, done, total in bar.update(done: done, of: total) })
    }
}
