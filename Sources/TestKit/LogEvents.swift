package import Statements

/// What is going to happen in a ``LogTraffic``, and when.
struct LogEvents {
    enum Event {
        case tick(PartyID)
        /// Somebody writes a message.
        case submission
        /// A delegate publishes its next sealing key.
        case key(DelegateID)
        /// Whoever holds the leg looks at it.
        case look(MessageID, LegNumber)
        /// The recipient has opened what it retrieved.
        case open(MessageID, LegNumber)
        /// An intermediary that may open has done so.
        case hop(MessageID, LegNumber, PartyID)
        case recall(MessageID)
        /// The leg runs out of time.
        case deadline(MessageID, LegNumber)
    }

    private struct Item {
        let time: Timestamp
        let order: UInt64
        let event: Event
        func isBefore(_ other: Item) -> Bool {
            time == other.time ? order < other.order : time < other.time
        }
    }

    /// A binary heap, the earliest first.
    private var heap: [Item] = []
    private var drawn: UInt64 = 0

    mutating func add(_ event: Event, at time: Timestamp) {
        drawn += 1
        heap.append(Item(time: time, order: drawn, event: event))
        var child = heap.count - 1
        while child > 0, heap[child].isBefore(heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func next() -> (time: Timestamp, event: Event)? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        return (first.time, first.event)
    }

    private mutating func sink() {
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && heap[child].isBefore(heap[least]) {
                least = child
            }
            if least == parent { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}

/// SplitMix64: the same numbers for the same seed.
package struct LogNumbers: RandomNumberGenerator, Sendable {
    private var state: UInt64
    package init(seed: UInt64) { state = seed }
    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    package mutating func bytes(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count { withUnsafeBytes(of: next()) { bytes.append(contentsOf: $0) } }
        return Array(bytes.prefix(count))
    }

    /// Whether something happens that does so `share` times of a hundred.
    package mutating func happens(_ share: UInt64) -> Bool { next() % 100 < share }

    /// A span between nothing and twice the mean.
    package mutating func span(around mean: TimeSpan) -> TimeSpan {
        TimeSpan(milliseconds: Int64(next() % UInt64(2 * max(1, mean.milliseconds))))
    }
}
