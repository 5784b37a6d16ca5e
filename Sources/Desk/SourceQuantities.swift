import Statements

/// Names, times and amounts in the source of a charter, each in one spelling.
extension SourceNode {
    func party() throws(CharterSourceError) -> PartyID {
        let text = try text()
        guard let party = PartyID(text) else { throw badName(text) }
        return party
    }

    func delegate() throws(CharterSourceError) -> DelegateName {
        let text = try text()
        guard let name = DelegateName(text) else { throw badName(text) }
        return name
    }

    /// A whole number without sign or leading zero.
    func number(_ range: ClosedRange<UInt64>) throws(CharterSourceError) -> UInt64 {
        let text = try text()
        guard let value = UInt64(text), String(value) == text, range.contains(value) else {
            throw error(
                .badNumber, "'\(text.prefix(40))' is not a whole number from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return value
    }

    /// `90s`, `15m`, `48h`, `60d`: from 1 s (or zero, written `0s`, where it is allowed) to ten years.
    func span(orZero: Bool = false) throws(CharterSourceError) -> TimeSpan {
        let text = try text()
        let units: [Character: Int64] = ["s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
        guard let last = text.last, let unit = units[last], let count = Int64(text.dropLast()),
            String(count) == text.dropLast(), count >= (orZero ? 0 : 1), count <= TimeSpan.longest / unit
        else {
            throw error(
                .badDuration,
                "'\(text.prefix(40))' is not a duration: expected a whole number and one of s, m, h, d, as in 48h"
            )
        }
        return TimeSpan(milliseconds: count * unit)
    }

    /// `4096B`, `64KiB`, `25MiB`, `2GiB`: powers of 1024, from 1 byte to 1 TiB.
    func size() throws(CharterSourceError) -> UInt64 {
        let text = try text()
        let shifts = ["B": 0, "KiB": 10, "MiB": 20, "GiB": 30, "TiB": 40]
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let shift = shifts[String(text[digits.endIndex...])], let count = UInt64(digits),
            String(count) == digits, count >= 1, count <= Bounds.payload >> UInt64(shift)
        else {
            throw error(
                .badSize,
                "'\(text.prefix(40))' is not a size: a whole number and one of B, KiB, MiB, GiB, TiB was expected, "
                    + "for example 25MiB")
        }
        return count << UInt64(shift)
    }

    /// A moment in UTC (RFC 3339): `2026-11-22` or `2026-11-22T18:00:00Z`.
    func time() throws(CharterSourceError) -> Timestamp {
        let text = try text()
        guard let time = CalendarTime.parse(text) else {
            throw error(
                .badTime,
                "'\(text.prefix(40))' is not a time: 2026-11-22 or 2026-11-22T18:00:00Z (always UTC) was expected")
        }
        return time
    }

    /// One of the listed words.
    func choice<Choice: CaseIterable & CustomStringConvertible>(
        _: Choice.Type = Choice.self
    ) throws(CharterSourceError) -> Choice {
        let text = try text()
        guard let choice = Choice.allCases.first(where: { $0.description == text }) else {
            let words = Choice.allCases.map(\.description).joined(separator: ", ")
            throw error(.badChoice, "'\(text.prefix(40))' is not one of \(words)")
        }
        return choice
    }

    private func badName(_ text: String) -> CharterSourceError {
        error(
            .badName, "'\(text.prefix(70))' is not a name: 1 to 63 of a-z, 0-9 and single inner hyphens were expected")
    }
}

/// Calendar days and times of day in UTC.
enum CalendarTime {
    static func parse(_ text: String) -> Timestamp? {
        let bytes = Array(text.utf8)
        guard bytes.count == 10 || bytes.count == 20 else { return nil }
        guard let year = number(bytes[0..<4]), bytes[4] == 0x2D, let month = number(bytes[5..<7]), bytes[7] == 0x2D,
            let day = number(bytes[8..<10]), year >= 1970, (1...12).contains(month),
            (1...daysIn(month, of: year)).contains(day)
        else { return nil }
        var seconds = days(year, month, day) * 86_400
        if bytes.count == 20 {
            guard bytes[10] == 0x54, let hour = number(bytes[11..<13]), bytes[13] == 0x3A,
                let minute = number(bytes[14..<16]), bytes[16] == 0x3A, let second = number(bytes[17..<19]),
                bytes[19] == 0x5A, hour < 24, minute < 60, second < 60
            else { return nil }
            seconds += hour * 3_600 + minute * 60 + second
        }
        return Timestamp(milliseconds: seconds * 1_000)
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int64? {
        var value: Int64 = 0
        for digit in digits {
            guard (0x30...0x39).contains(digit) else { return nil }
            value = value * 10 + Int64(digit - 0x30)
        }
        return value
    }

    private static func isLeap(_ year: Int64) -> Bool {
        year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400))
    }

    private static func daysIn(_ month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days since 1970-01-01.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let before = year - 1
        let leaps = before / 4 - before / 100 + before / 400 - 477
        let months = (1..<month).reduce(0) { $0 + daysIn($1, of: year) }
        return (year - 1970) * 365 + leaps + months + day - 1
    }
}
