/// A rate with room for a burst: it fills by `rate` a second up to so many seconds of it, and what is taken needs its
/// amount to be there.
package struct TokenBucket: Sendable {
    /// How many seconds of its rate a bucket holds unless said otherwise.
    package static let burstSeconds = 10.0
    private let rate: Double
    private let size: Double
    private var level: Double
    private var filled: ContinuousClock.Instant

    /// - Parameters:
    ///   - rate: a second, above 0.
    ///   - burst: seconds of it.
    package init(rate: Double, burst: Double = Self.burstSeconds, at now: ContinuousClock.Instant) {
        self.rate = rate
        size = rate * burst
        level = size
        filled = now
    }

    /// How many seconds of its rate were left at the last look.
    package var seconds: Double { level / rate }

    /// Takes an amount. One that is larger than the bucket needs a full bucket and leaves a debt: it is let through
    /// once, and what follows pays for it.
    /// - Returns: nil if it was taken, otherwise the seconds until it could be.
    package mutating func take(_ amount: Double = 1, at now: ContinuousClock.Instant) -> Double? {
        refill(at: now)
        let needed = min(amount, size)
        guard level >= needed else { return (needed - level) / rate }
        level -= amount
        return nil
    }

    /// Takes an amount that cannot be refused any more, down to an empty bucket.
    package mutating func force(_ amount: Double = 1, at now: ContinuousClock.Instant) {
        refill(at: now)
        level = max(min(level, 0), level - amount)
    }

    /// Takes an amount whatever is there, and leaves a debt of a full bucket at most.
    /// - Returns: nil if nothing is owed, otherwise the seconds until it is paid.
    package mutating func charge(_ amount: Double, at now: ContinuousClock.Instant) -> Double? {
        refill(at: now)
        level = max(-size, level - amount)
        return level >= 0 ? nil : -level / rate
    }

    /// Undoes a ``take(_:at:)``.
    package mutating func giveBack(_ amount: Double = 1) { level = min(size, level + amount) }

    /// The seconds until an amount could be taken; nil for now.
    package mutating func wait(for amount: Double = 1, at now: ContinuousClock.Instant) -> Double? {
        refill(at: now)
        let needed = min(amount, size)
        return level >= needed ? nil : (needed - level) / rate
    }

    /// Whether nothing was taken for so long that a new bucket would be the same.
    package mutating func isFull(at now: ContinuousClock.Instant) -> Bool {
        refill(at: now)
        return level >= size
    }

    private mutating func refill(at now: ContinuousClock.Instant) {
        guard now > filled else { return }
        level = min(size, level + (now - filled) / .seconds(1) * rate)
        filled = now
    }
}
