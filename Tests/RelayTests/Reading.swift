import Statements
import Synchronization
import TestKit
import Transport

extension RealEnvelope {
    /// The file as a client reads it.
    var reading: FileReading { Self.reading(bytes) }

    static func reading(_ bytes: [UInt8]) -> FileReading {
        { offset, count in Array(bytes.dropFirst(Int(clamping: offset)).prefix(count)) }
    }
}

/// What a transfer said of its progress.
final class Progress: Sendable {
    private let seen = Mutex<[UInt64]>([])
    func note(_ done: UInt64) { seen.withLock { $0.append(done) } }
    var first: UInt64 { seen.withLock { $0.first ?? 0 } }
    var last: UInt64 { seen.withLock { $0.last ?? 0 } }
    /// Where it was taken up again: what does not go beyond what was said before.
    var resumed: [UInt64] { seen.withLock { seen in zip(seen, seen.dropFirst()).filter { $0 >= $1 }.map(\.1) } }
}
