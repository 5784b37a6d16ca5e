import Ledger
import Terminal

/// What became of each witness that was asked.
extension WitnessCommandAsk {
    func show(_ results: [Result], _ checkpoint: Checkpoint) {
        guard !json else {
            return Output.standard.json([
                "schema": "valise/witness-ask/v1", "origin": .string(checkpoint.origin.description),
                "size": .unsigned(checkpoint.size.rawValue), "root": .string(Base64.encode(checkpoint.root.bytes)),
                "witnesses": .array(results.map { Self.json($0.key, $0.outcome) }),
            ])
        }
        var list = FieldList()
        list.add("log", checkpoint.origin.description)
        list.add("entries", "\(checkpoint.size)")
        for (key, outcome) in results { list.add(key.name.description, Self.sentence(outcome)) }
        Output.standard.fields(list)
    }

    private static func sentence(_ outcome: WitnessConversation.Outcome) -> String {
        switch outcome {
        case .cosigned(_, let time): "cosigned at \(TimeText.utc(milliseconds: milliseconds(time)))"
        case .alarm(let alarm): alarm.sentence
        case .refused(let status): "refused with HTTP status \(status)"
        case .away(let absence): absence.description
        }
    }

    private static func json(_ key: VerifierKey, _ outcome: WitnessConversation.Outcome) -> JSONValue {
        var (state, code, at, line): (String, String?, Int64?, String?) = ("", nil, nil, nil)
        switch outcome {
        case .cosigned(let lines, let time):
            (state, at) = ("cosigned", milliseconds(time))
            line = lines.first.map { String(decoding: $0.line.dropLast(), as: UTF8.self) }
        case .alarm(let alarm): (state, code) = ("alarm", alarm.code)
        case .refused(let status): (state, code) = ("refused", "http-\(status)")
        case .away(let absence): (state, code) = ("away", absence.code)
        }
        return [
            "key": .string(key.text), "state": .string(state), "code": .optional(code),
            "cosignedAt": at.map { .integer($0) } ?? .null,
            "line": .optional(line),
        ]
    }

    private static func milliseconds(_ time: CosignatureTime) -> Int64 {
        let (product, overflow) = Int64(clamping: time.seconds).multipliedReportingOverflow(by: 1_000)
        return overflow ? .max : product
    }
}
