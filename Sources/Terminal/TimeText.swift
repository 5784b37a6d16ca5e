import Glibc

/// Times as people and programs read them. Every time is in milliseconds since 1970-01-01T00:00:00Z.
package enum TimeText {
    /// `2026-11-22 18:03:11 UTC`, cut to the second.
    package static func utc(milliseconds: Int64) -> String {
        guard let time = calendarTime(milliseconds, gmtime_r) else { return outOfRange(milliseconds) }
        return dateAndTime(time, separator: " ") + " UTC"
    }

    /// `2026-11-22 20:03:11 +02:00`, in the zone of `TZ` or of the machine, cut to the second.
    package static func local(milliseconds: Int64) -> String {
        guard let time = calendarTime(milliseconds, localtime_r) else { return outOfRange(milliseconds) }
        let minutes = time.tm_gmtoff / 60
        let offset = "\(minutes < 0 ? "-" : "+")\(padded(abs(minutes) / 60)):\(padded(abs(minutes) % 60))"
        return dateAndTime(time, separator: " ") + " " + offset
    }

    /// `2026-11-22T18:03:11.042Z` (RFC 3339 section 5.6), always with three digits of fraction.
    package static func rfc3339(milliseconds: Int64) -> String {
        guard let time = calendarTime(milliseconds, gmtime_r) else { return outOfRange(milliseconds) }
        let fraction = Int(milliseconds - floorSeconds(milliseconds) * 1000)
        return dateAndTime(time, separator: "T") + "." + padded(fraction, to: 3) + "Z"
    }

    /// The machine's clock now.
    package static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    private static func calendarTime(
        _ milliseconds: Int64,
        _ convert: (UnsafePointer<time_t>, UnsafeMutablePointer<tm>) -> UnsafeMutablePointer<tm>?
    ) -> tm? {
        var seconds = time_t(floorSeconds(milliseconds))
        var time = tm()
        guard convert(&seconds, &time) != nil, (0...9999).contains(Int(time.tm_year) + 1900) else { return nil }
        return time
    }

    private static func floorSeconds(_ milliseconds: Int64) -> Int64 {
        let (seconds, rest) = milliseconds.quotientAndRemainder(dividingBy: 1000)
        return rest < 0 ? seconds - 1 : seconds
    }

    private static func dateAndTime(_ time: tm, separator: String) -> String {
        let year = padded(Int(time.tm_year) + 1900, to: 4)
        return year + "-" + padded(Int(time.tm_mon) + 1) + "-" + padded(Int(time.tm_mday)) + separator
            + padded(Int(time.tm_hour)) + ":" + padded(Int(time.tm_min)) + ":" + padded(Int(time.tm_sec))
    }

    private static func padded(_ value: Int, to digits: Int = 2) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }

    private static func outOfRange(_ milliseconds: Int64) -> String { "\(milliseconds) ms (outside years 0-9999)" }
}
