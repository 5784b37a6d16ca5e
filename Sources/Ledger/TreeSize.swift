/// A number of entries in a log. A log stays below 2^63 entries; see ``limit``.
public struct TreeSize: RawRepresentable, Hashable, Comparable, Sendable, ExpressibleByIntegerLiteral,
    CustomStringConvertible
{
    /// The first size that is refused wherever sizes are read: 2^63, so that it fits a signed integer elsewhere.
    public static let limit: UInt64 = 1 << 63

    public let rawValue: UInt64

    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    public init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    public init(integerLiteral value: UInt64) {
        self.rawValue = value
    }

    /// Reads a canonical decimal number below ``limit``: no sign, no leading zero; `nil` otherwise.
    public init?(decimal text: some Collection<UInt8>) {
        guard let value = Decimal.parse(text), value < TreeSize.limit else { return nil }
        self.rawValue = value
    }

    public var description: String { String(rawValue) }

    public static func < (left: TreeSize, right: TreeSize) -> Bool { left.rawValue < right.rawValue }
}

/// The position of an entry in a log, counted from zero.
public struct LogIndex: RawRepresentable, Hashable, Comparable, Sendable, ExpressibleByIntegerLiteral,
    CustomStringConvertible
{
    public let rawValue: UInt64

    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    public init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    public init(integerLiteral value: UInt64) {
        self.rawValue = value
    }

    /// Reads a canonical decimal number below ``TreeSize/limit``; `nil` otherwise.
    public init?(decimal text: some Collection<UInt8>) {
        guard let value = Decimal.parse(text), value < TreeSize.limit else { return nil }
        self.rawValue = value
    }

    public var description: String { String(rawValue) }

    public static func < (left: LogIndex, right: LogIndex) -> Bool { left.rawValue < right.rawValue }
}

/// Decimal numbers as the log formats write them.
enum Decimal {
    /// Digits only, no leading zero (but `0` itself), within 64 bits; `nil` otherwise.
    static func parse(_ text: some Collection<UInt8>) -> UInt64? {
        guard let first = text.first, text.count <= 20, first != 0x30 || text.count == 1 else { return nil }
        var value: UInt64 = 0
        for character in text {
            guard (0x30...0x39).contains(character) else { return nil }
            let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = scaled.addingReportingOverflow(UInt64(character - 0x30))
            guard !overflow, !carry else { return nil }
            value = sum
        }
        return value
    }
}
