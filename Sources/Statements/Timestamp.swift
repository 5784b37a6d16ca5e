/// A moment: milliseconds since 1970-01-01T00:00:00Z, between 1970 and the year 9999.
package struct Timestamp: Hashable, Comparable, Sendable, CustomStringConvertible {
    package static let range: ClosedRange<Int64> = 0...253_402_300_799_999
    package let milliseconds: Int64
    /// A moment outside the range is moved to its nearer end.
    package init(milliseconds: Int64) {
        self.milliseconds = min(max(milliseconds, Self.range.lowerBound), Self.range.upperBound)
    }
    package var description: String { "\(milliseconds) ms" }
    package static func < (a: Timestamp, b: Timestamp) -> Bool { a.milliseconds < b.milliseconds }
    package static func + (a: Timestamp, b: TimeSpan) -> Timestamp {
        Timestamp(milliseconds: a.milliseconds + b.milliseconds)
    }
    package static func - (a: Timestamp, b: TimeSpan) -> Timestamp {
        Timestamp(milliseconds: a.milliseconds - b.milliseconds)
    }
    package static func - (a: Timestamp, b: Timestamp) -> TimeSpan {
        TimeSpan(milliseconds: a.milliseconds - b.milliseconds)
    }
}

/// A length of time in milliseconds.
package struct TimeSpan: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The longest that a charter may name: ten years.
    package static let longest: Int64 = 315_360_000_000
    package let milliseconds: Int64
    package init(milliseconds: Int64) { self.milliseconds = milliseconds }
    package static func seconds(_ count: Int64) -> TimeSpan { TimeSpan(milliseconds: count * 1000) }
    package static func minutes(_ count: Int64) -> TimeSpan { .seconds(count * 60) }
    package static func hours(_ count: Int64) -> TimeSpan { .minutes(count * 60) }
    package static func days(_ count: Int64) -> TimeSpan { .hours(count * 24) }
    package var description: String { "\(milliseconds) ms" }
    package static func < (a: TimeSpan, b: TimeSpan) -> Bool { a.milliseconds < b.milliseconds }
    package static func + (a: TimeSpan, b: TimeSpan) -> TimeSpan {
        TimeSpan(milliseconds: a.milliseconds + b.milliseconds)
    }
}
