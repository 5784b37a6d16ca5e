import Glibc
import Keyring
package import Statements
import Synchronization
import Transport

/// The arrivals for which a command is still to be run (`inbox --exec`), in their order: `state/exec`. Numbers alone:
/// names and subjects would be plaintext on the disk.
///
/// An arrival is in the file before it counts as seen and before its command is started, and leaves it when the command
/// has ended. After a kill at any moment the file has exactly those whose end was not recorded; a command that was
/// running then is run again. One watch at a time has the queue.
package final class ArrivalQueue: Sendable {
    private struct State {
        /// Arrivals up to this number were looked at: each is waiting, was run, or had nothing left to do.
        var taken: ArrivalNumber
        var waiting: [ArrivalNumber]
    }

    /// 25 bytes a line.
    private static let byteLimit = 64 << 20
    private let path: String
    private let lock: FileLock.Kept
    private let state: Mutex<State>

    static func file(_ home: DeskHome) -> String { "\(home.stateFolder)/exec" }

    /// Opens the queue that an earlier watch left. The first of all begins after what was shown at this desk before.
    /// - Throws: ``DeskError`` `exec-busy` while another watch has it.
    package init(_ home: DeskHome) throws {
        path = Self.file(home)
        guard let lock = try FileLock.take("\(path).lock") else {
            throw DeskError(
                "exec-busy", "Another valise inbox --watch --exec is at work at this desk.",
                hint: "stop that one first, or watch without --exec")
        }
        self.lock = lock
        let found = try Self.load(path) ?? State(taken: try InboxMemory(home).load().seen, waiting: [])
        try Self.save(found, path)
        state = Mutex(found)
    }

    package var waiting: [ArrivalNumber] { state.withLock(\.waiting) }

    /// Notes which of the arrivals of a look need the command: those that no look of a watch has had before and that
    /// nobody of this party has retrieved or passed on.
    /// - Returns: these, in their order.
    package func take(_ look: InboxLook) throws -> [InboxRow] {
        try state.withLock { state in
            let due = look.rows.filter { $0.arrival.number > state.taken && $0.isUnread }
            guard look.newest > state.taken else { return due }
            var next = state
            next.taken = look.newest
            next.waiting += due.map(\.arrival.number)
            try Self.save(next, path)
            state = next
            return due
        }
    }

    /// Records that the command for an arrival has ended.
    package func end(_ number: ArrivalNumber) throws {
        try state.withLock { state in
            let descriptor = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
            guard descriptor >= 0 else { throw Self.unwritable(path) }
            defer { close(descriptor) }
            var line = "ended \(number)\n"
            let written = line.withUTF8 { write(descriptor, $0.baseAddress, $0.count) }
            guard written == line.utf8.count, fdatasync(descriptor) == 0 else { throw Self.unwritable(path) }
            state.waiting.removeAll { $0 == number }
        }
    }

    /// What the whole lines say; nil without a file, or without a line that makes sense.
    private static func load(_ path: String) throws -> State? {
        guard let bytes = try DeskFile.readIfThere(path, limit: byteLimit) else { return nil }
        var taken: ArrivalNumber?
        var waiting: [ArrivalNumber] = []
        var ended: Set<ArrivalNumber> = []
        let text = String(decoding: bytes, as: UTF8.self)
        // What follows the last line feed is an end that was not recorded.
        for line in text[..<(text.lastIndex(of: "\n") ?? text.startIndex)].split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 2, let value = UInt64(words[1]), value <= Bounds.count else { continue }
            switch words[0] {
            case "taken": taken = ArrivalNumber(value)
            case "due": waiting.append(ArrivalNumber(value))
            case "ended": ended.insert(ArrivalNumber(value))
            default: continue
            }
        }
        return taken.map { State(taken: $0, waiting: waiting.filter { !ended.contains($0) }) }
    }

    private static func save(_ state: State, _ path: String) throws {
        let text = "taken \(state.taken)\n" + state.waiting.map { "due \($0)\n" }.joined()
        try Durable.write(path: path, bytes: Array(text.utf8), mode: 0o600, exclusive: false)
    }

    private static func unwritable(_ path: String) -> DeskError {
        DeskError(
            "file-unwritable", "\(path) cannot be written (\(String(cString: strerror(errno)))).",
            hint: "check its permissions and the space left")
    }
}

extension Desk {
    /// The arrivals with these numbers, as their custody chains say now.
    /// - Parameter numbers: ascending.
    package func arrivals(_ numbers: [ArrivalNumber]) async throws -> [InboxRow] {
        guard let first = numbers.first, first.value > 0 else { return [] }
        let wanted = Set(numbers)
        return try await arrivals(after: ArrivalNumber(first.value - 1)).arrivals
            .filter { wanted.contains($0.number) }.map { try InboxRow($0, desk: self, seen: $0.number) }
    }
}
