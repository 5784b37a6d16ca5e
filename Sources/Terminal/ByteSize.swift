import ArgumentParser

/// A number of bytes as it stands on a command line and in a report. Units are powers of 1024 (IEC 80000-13).
package struct ByteSize: Sendable, Hashable, Comparable, ExpressibleByArgument, CustomStringConvertible {
    package let bytes: UInt64

    package init(bytes: UInt64) { self.bytes = bytes }

    private static let units = ["B", "KiB", "MiB", "GiB", "TiB"]

    /// Reads `4096`, `512B`, `64KiB`, `25MiB`, `2GiB`, `1TiB`: whole numbers from 1, at most 1024 TiB.
    package static func parse(_ text: String) throws(CommandFailure) -> ByteSize {
        let digits = text.utf8.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        let suffix = String(text[digits.endIndex...])
        guard let count = WholeNumber.parse(digits),
            let power = suffix.isEmpty ? 0 : units.firstIndex(of: suffix),
            UInt64(count) <= (UInt64(1) << 50) >> UInt64(10 * power)
        else {
            throw CommandFailure(
                code: "size-malformed",
                message: "'\(text.prefix(40))' is not a size: a whole number from 1 and one of B, KiB, MiB, GiB, TiB "
                    + "was expected.",
                hints: ["write for example 512KiB or 25MiB"], status: .usage)
        }
        return ByteSize(bytes: UInt64(count) << UInt64(10 * power))
    }

    package init?(argument: String) {
        guard let size = try? ByteSize.parse(argument) else { return nil }
        self = size
    }

    package static func < (left: ByteSize, right: ByteSize) -> Bool { left.bytes < right.bytes }

    /// For people: `317 B`, `64 KiB`, `1.4 MiB`; one decimal, rounded down, none if it is zero.
    package var description: String {
        var power = 0
        while power < 4, bytes >> UInt64(10 * (power + 1)) > 0 { power += 1 }
        let shift = UInt64(10 * power)
        let whole = bytes >> shift
        let rest = bytes & ((1 << shift) - 1)
        let tenths = power == 0 ? 0 : ((rest >> (shift - 10)) * 10) >> 10
        return "\(whole)\(tenths == 0 ? "" : ".\(tenths)") \(ByteSize.units[power])"
    }
}
