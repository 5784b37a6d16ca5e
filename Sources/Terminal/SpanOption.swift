import ArgumentParser

/// A length of time as it stands on a command line: a whole number and one of `s`, `m`, `h`, `d`.
package struct SpanOption: Sendable, Hashable, Comparable, ExpressibleByArgument, CustomStringConvertible {
    /// Length in milliseconds.
    package let milliseconds: Int64

    package init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// The longest span that a command line may name: 3650 days.
    package static let longest = SpanOption(milliseconds: 3650 * 86_400_000)

    /// Reads `90s`, `15m`, `48h`, `7d`: no sign, space, fraction, leading zero or second unit; from 1 s to 3650 d.
    package static func parse(_ text: String) throws(CommandFailure) -> SpanOption {
        let units: [UInt8: Int64] = [
            UInt8(ascii: "s"): 1000, UInt8(ascii: "m"): 60_000, UInt8(ascii: "h"): 3_600_000,
            UInt8(ascii: "d"): 86_400_000,
        ]
        guard let last = text.utf8.last, let unit = units[last],
            let count = WholeNumber.parse(text.utf8.dropLast()), count <= longest.milliseconds / unit
        else {
            throw CommandFailure(
                code: "duration-malformed",
                message: "'\(text.prefix(40))' is not a duration: a whole number from 1 and one of s, m, h, d was "
                    + "expected, at most 3650d.",
                hints: ["write for example 90s, 15m, 48h or 7d"], status: .usage)
        }
        return SpanOption(milliseconds: count * unit)
    }

    package init?(argument: String) {
        guard let span = try? SpanOption.parse(argument) else { return nil }
        self = span
    }

    package static func < (left: SpanOption, right: SpanOption) -> Bool { left.milliseconds < right.milliseconds }

    /// For people: the two greatest units, `2 h 5 min`, `7 d`, `350 ms`; what is smaller is cut off.
    package var description: String {
        let sign = milliseconds < 0 ? "-" : ""
        let length = milliseconds.magnitude
        if length < 1000 { return "\(sign)\(length) ms" }
        let parts: [(UInt64, String)] = [
            (length / 86_400_000, "d"), (length / 3_600_000 % 24, "h"), (length / 60_000 % 60, "min"),
            (length / 1000 % 60, "s"),
        ]
        let shown = parts.drop { $0.0 == 0 }.prefix(2).filter { $0.0 != 0 }
        return sign + shown.map { "\($0.0) \($0.1)" }.joined(separator: " ")
    }
}

/// Decimal digits without sign or leading zero, from 1 to 10^15.
enum WholeNumber {
    static func parse(_ digits: some Collection<UInt8>) -> Int64? {
        guard (1...16).contains(digits.count), digits.first != UInt8(ascii: "0") else { return nil }
        var value: Int64 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            value = value * 10 + Int64(digit - UInt8(ascii: "0"))
        }
        return value <= 1_000_000_000_000_000 ? value : nil
    }
}
