import Audit
import Glibc
import Keyring
import Ledger
import Statements

/// What a follower knows of the log's times: kept beside the mirror, so that an interruption hides nothing.
///
/// `follow.state` is text, a line each: `valise-follow/1`, `seen SIZE TIME`, `quorum TIME`, `tick TIME PARTY`. It is no
/// evidence and is believed only as far as the mirror bears it out.
struct FollowMemory: Hashable, Sendable {
    static let file = "follow.state"
    private static let firstLine = "valise-follow/1"
    private static let byteLimit = 1 << 20

    /// The size that a checkpoint had when it was seen, or cosigned, and that time.
    struct Seen: Hashable, Sendable {
        let size: TreeSize
        let at: Timestamp
    }

    /// The newest size that was seen, by the clock of this machine or of a witness, whichever is later.
    var seen: Seen?
    /// When a quorum was last fresh.
    var quorum: Timestamp?
    /// The newest tick of each party.
    var ticks: [PartyID: Timestamp] = [:]

    init() {}

    /// What was kept in a folder; nothing where there is none, or one that cannot be read.
    init(in folder: String) {
        guard let bytes = try? WitnessFile.read("\(folder)/\(Self.file)", limit: Self.byteLimit) else { return }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        guard lines.first == Self.firstLine[...] else { return }
        for line in lines.dropFirst() {
            let words = line.split(separator: " ")
            guard words.count >= 2, let time = Int64(words[words[0] == "seen" ? words.count - 1 : 1]),
                Timestamp.range.contains(time)
            else { continue }
            let at = Timestamp(milliseconds: time)
            switch words[0] {
            case "seen" where words.count == 3:
                if let size = TreeSize(decimal: words[1].utf8) { seen = Seen(size: size, at: at) }
            case "quorum": quorum = at
            case "tick" where words.count == 3: if let party = PartyID(String(words[2])) { ticks[party] = at }
            default: continue
            }
        }
    }

    /// - Throws: ``Keyring/KeyringError`` `file-unwritable`.
    func keep(in folder: String) throws {
        var lines = [Self.firstLine]
        if let seen { lines.append("seen \(seen.size) \(seen.at.milliseconds)") }
        if let quorum { lines.append("quorum \(quorum.milliseconds)") }
        lines += ticks.sorted { $0.key < $1.key }.map { "tick \($0.value.milliseconds) \($0.key)" }
        let text = lines.joined(separator: "\n") + "\n"
        try Durable.write(path: "\(folder)/\(Self.file)", bytes: Array(text.utf8), mode: 0o644, exclusive: false)
    }
}
