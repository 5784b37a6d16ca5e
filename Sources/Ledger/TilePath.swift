/// The common end of tile and bundle paths: `<N>[.p/<W>]`, N in groups of three digits, all but the last with `x`.
enum TilePath {
    /// Indexes stay below 2^55, so that the first leaf under a tile is below 2^63.
    static let indexLimit: UInt64 = 1 << 55

    static func text(index: UInt64, width: Int) -> String {
        var groups = [threeDigits(index % 1000)]
        var rest = index / 1000
        while rest > 0 {
            groups.append("x" + threeDigits(rest % 1000))
            rest /= 1000
        }
        let number = groups.reversed().joined(separator: "/")
        return width == TileID.fullWidth ? number : "\(number).p/\(width)"
    }

    /// Reads what follows the level; `nil` for every other spelling than the one that ``text(index:width:)`` writes.
    static func parse(_ parts: ArraySlice<Substring.UTF8View>) -> (index: UInt64, width: Int)? {
        var groups = parts
        var width = TileID.fullWidth
        if let last = groups.last, groups.count >= 2, groups[groups.endIndex - 2].suffix(2).elementsEqual(".p".utf8) {
            guard let value = Decimal.parse(last), (1...255).contains(value) else { return nil }
            width = Int(value)
            groups.removeLast()
            groups[groups.endIndex - 1].removeLast(2)
        }
        guard let last = groups.popLast(), groups.count <= 6, var index = digits(last, factor: 1) else { return nil }
        var factor: UInt64 = 1000
        for (position, group) in groups.reversed().enumerated() {
            guard group.first == 0x78, let value = digits(group.dropFirst(), factor: factor) else { return nil }
            // The leading group of a number with several must say something.
            guard value > 0 || position < groups.count - 1 else { return nil }
            let (sum, overflow) = index.addingReportingOverflow(value)
            guard !overflow else { return nil }
            index = sum
            factor = factor.multipliedReportingOverflow(by: 1000).partialValue
        }
        return index < indexLimit ? (index, width) : nil
    }

    /// Three decimal digits times a factor.
    private static func digits(_ text: some Collection<UInt8>, factor: UInt64) -> UInt64? {
        guard text.count == 3, text.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        let value = text.reduce(UInt64(0)) { $0 * 10 + UInt64($1 - 0x30) }
        let (product, overflow) = value.multipliedReportingOverflow(by: factor)
        return overflow ? nil : product
    }

    private static func threeDigits(_ value: UInt64) -> String {
        let text = String(value)
        return String(repeating: "0", count: 3 - text.utf8.count) + text
    }
}
