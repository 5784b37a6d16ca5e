import Glibc
import Keyring
package import Statements
package import Transport
import Wire

extension Desk {
    /// Every arrival in this party's inbox, with its newest tick.
    /// - Throws: ``Transport/TransportError`` `withheld` for a gap, or fewer arrivals than the tick counts.
    package func allArrivals() async throws -> InboxAnswer {
        var arrivals: [VerifiedArrival] = []
        while true {
            guard let query = InboxQuery(after: arrivals.last?.number ?? ArrivalNumber(0)) else {
                throw DeskError("inbox-too-long", "The inbox cannot be numbered further.", hint: "tell the operator")
            }
            let page = try await relay.inbox(query)
            arrivals.append(contentsOf: page.arrivals)
            if !page.more {
                return InboxAnswer(head: page.head, arrivals: arrivals, tick: page.tick, more: false)
            }
        }
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
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw DeskError(
                "file-unwritable", "\(path) cannot be written (\(String(cString: strerror(errno)))).",
                hint: "check its permissions")
        }
        defer { close(descriptor) }
        let line = Array("\(message)\n".utf8)
        _ = line.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    }
}
