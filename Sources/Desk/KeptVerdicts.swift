import Keyring
import Statements
import Transport

/// When each auditor's newest word was made that this desk has been shown, in `state/verdicts`: a relay that holds it
/// back afterwards is noticed. Losing the file costs that comparison, nothing else.
struct KeptVerdicts {
    private static let byteLimit = 1 << 20
    private let path: String

    init(_ home: DeskHome) { path = Self.file(home) }

    static func file(_ home: DeskHome) -> String { "\(home.stateFolder)/verdicts" }

    /// Compares what is shown with what was, and keeps the newer of both.
    /// - Returns: the auditors of whom something older is shown now, or nothing; sorted.
    /// - Throws: ``DeskError``.
    func compare(_ shown: [Verdict]) throws -> [DelegateID] {
        try FileLock.held("\(path).lock") {
            let before = try known()
            let now = Dictionary(shown.map { ($0.auditor, $0.at) }) { max($0, $1) }
            let newest = before.merging(now) { max($0, $1) }
            if newest != before {
                let text = newest.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.milliseconds)\n" }
                try Durable.write(path: path, bytes: Array(text.joined().utf8), mode: 0o600, exclusive: false)
            }
            return before.filter { auditor, at in now[auditor].map { $0 < at } ?? true }.keys.sorted()
        }
    }

    private func known() throws -> [DelegateID: Timestamp] {
        let bytes = try DeskFile.readIfThere(path, limit: Self.byteLimit) ?? []
        var known: [DelegateID: Timestamp] = [:]
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let words = line.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
            guard words.count == 2, let auditor = DelegateID(words[0]), let at = Int64(words[1]) else { continue }
            known[auditor] = Timestamp(milliseconds: at)
        }
        return known
    }
}

extension StatusReport.Concern {
    /// An auditor's word that was shown before, and is not shown any more.
    static func takenBack(_ auditor: DelegateID) -> Self {
        .init(
            weight: .caution, code: "verdict-taken-back",
            sentence: "The relay showed a newer verdict of \(auditor) before than it shows now.",
            advice: "ask \(auditor.party) what its newest verdict is, and tell the other parties")
    }
}
