import Audit
import Ledger
import Rules
import Statements
import Terminal

/// A limited auditor's messages, for people and for programs.
struct ScopeText {
    let outcome: ScopeCopy.Outcome
    let charter: SignedCharter
    let now: Timestamp

    private var ledger: ScopeLedger { outcome.ledger }

    func print() {
        let out = Output.standard
        out.fields(facts)
        for message in ledger.messages {
            out.line("")
            out.fields(fields(message))
            var table = Table([
                .init("ENTRY", .trailing), .init("TIME"), .init("WHAT"), .init("SIGNED BY", mayShrink: true),
            ])
            for step in message.steps {
                table.add([
                    "\(step.index)", TimeText.utc(milliseconds: step.acceptedAt.milliseconds),
                    "\(step.statement.act.kind)\(Self.legs(step.statement.act, in: message))", Self.signers(step),
                ])
            }
            out.table(table)
        }
        if let verdict = outcome.ahead.first {
            Output.diagnostics.note(
                .caution, "\(verdict.auditor) has replayed \(verdict.head.size) entries; the relay showed fewer here")
        }
        let whole = outcome.whole.map { "nothing left out up to entry \($0.head.size.rawValue - 1)" }
        Output.diagnostics.note(
            whole ?? "that nothing was left out is the relay's word until a full auditor's verdict counts it")
    }

    private var facts: FieldList {
        var list = FieldList()
        list.add("charter", charter.id.fingerprint)
        list.add("log", "\(charter.charter.relay.origin), \(outcome.size) entries")
        let pairs = charter.charter.limitedAuditors.first { $0.party == ledger.party }?.channels ?? []
        for (place, pair) in pairs.enumerated() {
            list.add(place == 0 ? "channels" : "", "\(pair.first) - \(pair.second)")
        }
        list.add("entries", "\(ledger.count), of \(ledger.messages.count) messages")
        if let whole = outcome.whole {
            let time = TimeText.both(milliseconds: whole.at.milliseconds)
            list.add("whole", "in the first \(whole.head.size) entries, on the replay of \(whole.auditor), \(time)")
        } else {
            list.add("whole", "not known: no auditor's verdict counts these entries")
        }
        return list
    }

    private func fields(_ message: ScopeLedger.Message) -> FieldList {
        var list = FieldList()
        list.add("message", message.state.id.description)
        let signers = message.signed.statement.signers.map(\.description).joined(separator: ", ")
        list.add("from", "\(message.state.originator) (\(signers))")
        list.add("expires", TimeText.both(milliseconds: message.state.submission.expiry.milliseconds))
        for leg in message.legs { list.add("leg \(leg)", "\(route(message, leg)): \(stage(message, leg).word)") }
        return list
    }

    private func route(_ message: ScopeLedger.Message, _ leg: LegNumber) -> String {
        let holders = message.state.legs[leg.value].route.holders
        return ([message.state.originator] + holders).map(\.description).joined(separator: " -> ")
    }

    private func stage(_ message: ScopeLedger.Message, _ leg: LegNumber) -> LegStage {
        message.state.stage(leg, at: now, grace: charter.charter.limits.confirmGrace)
    }

    private static func signers(_ step: ScopeLedger.Step) -> String {
        step.statement.signers.map { "\(step.statement.party)/\($0)" }.joined(separator: ", ")
    }

    /// Which legs, where the message has several.
    private static func legs(_ act: Act, in message: ScopeLedger.Message) -> String {
        let numbers = numbers(act)
        guard message.state.legs.count > 1, !numbers.isEmpty else { return "" }
        return " (leg \(numbers.map(\.description).joined(separator: ", ")))"
    }

    private static func numbers(_ act: Act) -> [LegNumber] {
        switch act {
        case .conveyance(let leg), .refusal(let leg, _), .receipt(let leg, _), .expiry(let leg): [leg.leg]
        case .recall(_, let legs): legs
        default: []
        }
    }
}

extension ScopeText {
    var json: JSONValue {
        [
            "schema": "valise/scope-list/v1", "charter": .string(charter.id.description),
            "party": .string(ledger.party.description), "size": .unsigned(outcome.size.rawValue),
            "entries": .count(ledger.count),
            "whole": outcome.whole.map(Self.json) ?? .null, "against": .array(outcome.against.map(Self.json)),
            "messages": .array(ledger.messages.map(json)),
        ]
    }

    private static func json(_ verdict: Verdict) -> JSONValue {
        [
            "auditor": .string(verdict.auditor.description), "size": .unsigned(verdict.head.size.rawValue),
            "at": .integer(verdict.at.milliseconds), "finding": .optional(verdict.finding?.code.text),
            "rule": .optional(verdict.finding?.rule?.text),
            "entry": verdict.finding?.entry.map { .unsigned($0.rawValue) } ?? .null,
        ]
    }

    private func json(_ message: ScopeLedger.Message) -> JSONValue {
        let legs: [JSONValue] = message.legs.map { leg in
            [
                "leg": .count(leg.value),
                "route": .array(message.state.legs[leg.value].route.holders.map { .string($0.description) }),
                "state": .string(stage(message, leg).word),
            ]
        }
        return [
            "message": .string(message.state.id.description),
            "originator": .string(message.state.originator.description),
            "submittedAt": .integer(message.state.submittedAt.milliseconds),
            "expiry": .integer(message.state.submission.expiry.milliseconds), "legs": .array(legs),
            "steps": .array(message.steps.map(Self.json)),
        ]
    }

    private static func json(_ step: ScopeLedger.Step) -> JSONValue {
        [
            "entry": .unsigned(step.index.rawValue), "acceptedAt": .integer(step.acceptedAt.milliseconds),
            "act": .string("\(step.statement.act.kind)"), "party": .string(step.statement.party.description),
            "signers": .array(step.statement.signers.map { .string($0.description) }),
            "legs": .array(numbers(step.statement.act).map { .count($0.value) }),
        ]
    }
}
