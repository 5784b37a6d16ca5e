import Synchronization

/// Knows whether any byte of a message was given to a connection: until then the relay cannot have it.
final class HandOverWatch: Sendable {
    private let begun = Atomic<Bool>(false)
    var hasBegun: Bool { begun.load(ordering: .relaxed) }
    func begin() { begun.store(true, ordering: .relaxed) }
}
