import Synchronization

/// Knows how much of a message was given to a connection: until the first byte the relay cannot have it, and until the
/// last one it cannot log it.
final class HandOverWatch: Sendable {
    private let begun = Atomic<Bool>(false)
    var hasBegun: Bool { begun.load(ordering: .relaxed) }
    func begin() { begun.store(true, ordering: .relaxed) }

    private let whole = Atomic<Bool>(false)
    var isWhole: Bool { whole.load(ordering: .relaxed) }
    func reach(_ offset: UInt64, of total: UInt64) { if offset >= total { whole.store(true, ordering: .relaxed) } }
}
