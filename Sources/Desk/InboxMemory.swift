import Keyring
package import Statements
package import Transport

/// What a desk remembers of its party's inbox between runs: numbers in `state/inbox`, identifiers in `state/arrived`.
/// No names and no subjects: those would be plaintext on the disk. Losing it costs time and marks, nothing else.
package struct InboxMemory: Sendable {
    /// 53 bytes a line.
    private static let byteLimit = 64 << 20
    private let path: String
    private let list: String

    package init(_ home: DeskHome) {
        path = Self.numbersFile(home)
        list = Self.listFile(home)
    }

    /// What belongs to one charter's log.
    static func files(_ home: DeskHome) -> [String] {
        [numbersFile(home), listFile(home), ArrivalQueue.file(home)]
    }

    private static func numbersFile(_ home: DeskHome) -> String { "\(home.stateFolder)/inbox" }
    private static func listFile(_ home: DeskHome) -> String { "\(home.stateFolder)/arrived" }

    package struct Numbers: Hashable, Sendable {
        /// Everything up to this number is settled for this party: nothing there changes any more.
        package var settled = ArrivalNumber(0)
        /// The newest arrival that was shown to somebody at this desk.
        package var seen = ArrivalNumber(0)
        /// Up to this number the identifiers are in the list.
        package var listed = ArrivalNumber(0)
        package init() {}
    }

    /// Nothing known where the file is missing or makes no sense.
    package func load() throws -> Numbers {
        var numbers = Numbers()
        guard let bytes = try DeskFile.readIfThere(path, limit: 4_096) else { return numbers }
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 2, let value = UInt64(words[1]), value <= Bounds.count else { continue }
            switch words[0] {
            case "settled": numbers.settled = ArrivalNumber(value)
            case "seen": numbers.seen = ArrivalNumber(value)
            case "listed": numbers.listed = ArrivalNumber(value)
            default: continue
            }
        }
        return numbers
    }

    /// Notes what arrived and how far the inbox is settled and seen; numbers never go back.
    package func note(_ arrivals: [VerifiedArrival], settled: ArrivalNumber, seen: ArrivalNumber) throws {
        try FileLock.held("\(path).lock") {
            let before = try load()
            var numbers = before
            numbers.settled = max(before.settled, settled)
            numbers.seen = max(before.seen, seen)
            let fresh = arrivals.filter { $0.number > before.listed }
            if !fresh.isEmpty {
                try append(fresh.map(\.message))
                numbers.listed = max(before.listed, fresh.map(\.number).max() ?? before.listed)
            }
            guard numbers != before else { return }
            let text = "settled \(numbers.settled)\nseen \(numbers.seen)\nlisted \(numbers.listed)\n"
            try Durable.write(path: path, bytes: Array(text.utf8), mode: 0o600, exclusive: false)
        }
    }

    /// The arrived messages whose identifiers begin so.
    package func arrived(beginning prefix: String) throws -> [MessageID] {
        guard let bytes = try DeskFile.readIfThere(list, limit: Self.byteLimit) else { return [] }
        let wanted = Array(prefix.utf8)
        return bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
            line.starts(with: wanted) ? MessageID(String(decoding: line, as: UTF8.self)) : nil
        }
    }

    private func append(_ messages: [MessageID]) throws {
        try AppendedLines.add(messages.map(\.description), to: list)
    }
}

/// The identifiers of what this desk sent, so that a person can name them by their first letters. No names, no
/// subjects: those would be plaintext on the disk.
package struct SentList: Sendable {
    private static let byteLimit = 16 << 20
    private let path: String
    package init(_ home: DeskHome) { path = "\(home.stateFolder)/sent" }

    package func messages() throws -> [MessageID] {
        guard let bytes = try DeskFile.readIfThere(path, limit: Self.byteLimit) else { return [] }
        return bytes.split(separator: UInt8(ascii: "\n")).compactMap { MessageID(String(decoding: $0, as: UTF8.self)) }
    }

    package func add(_ message: MessageID) throws {
        try FileLock.held("\(path).lock") { try AppendedLines.add(["\(message)"], to: path) }
    }
}
