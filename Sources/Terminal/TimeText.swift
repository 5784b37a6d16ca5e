import Glibc

/// Times as people and programs read them. Every time is in milliseconds since 1970-01-01T00:00:00Z.
package enum TimeText {
    /// `2026-11-22 18:03:11 UTC`, cut to the second.
    package static func utc(milliseconds: Int64) -> String {
        guard let time = calendarTime(milliseconds, gmtime_r) else { return outOfRange(milliseconds) }
        return dateAndTime(time, separator: " ") + " UTC"
    }

    /// `2026-11-22 20:03:11 +02:00`, in the zone of `TZ` or of the machine, cut to the second; `UTC` where that is the
    /// zone.
    package static func local(milliseconds: Int64) -> String {
        guard let time = calendarTime(milliseconds, localtime_r) else { return outOfRange(milliseconds) }
        return dateAndTime(time, separator: " ") + " " + offset(time)
    }

    /// `2026-11-22T18:03:11.042Z` (RFC 3339 section 5.6), always with three digits of fraction.
    package static func rfc3339(milliseconds: Int64) -> String {
        guard let time = calendarTime(milliseconds, gmtime_r) else { return outOfRange(milliseconds) }
        let fraction = Int(milliseconds - floorSeconds(milliseconds) * 1000)
        return dateAndTime(time, separator: "T") + "." + padded(fraction, to: 3) + "Z"
    }

    /// `2026-11-22 18:03 +02:00`, in the local zone, cut to the minute: for lists. `UTC` where that is the zone.
    package static func brief(milliseconds: Int64) -> String {
        guard let time = calendarTime(milliseconds, localtime_r) else { return outOfRange(milliseconds) }
        return String(dateAndTime(time, separator: " ").dropLast(3)) + " " + offset(time)
    }

    /// `2026-11-22 18:03`: the same without its zone, where there is no room for it.
    package static func briefer(milliseconds: Int64) -> String {
        guard let time = calendarTime(milliseconds, localtime_r) else { return outOfRange(milliseconds) }
        return String(dateAndTime(time, separator: " ").dropLast(3))
    }

    /// `2026-11-22 18:03:11 UTC (20:03:11 +02:00 here)`; UTC alone where the local zone is UTC. The local date is
    /// shown too where it is another day.
    package static func both(milliseconds: Int64) -> String {
        guard let world = calendarTime(milliseconds, gmtime_r), let here = calendarTime(milliseconds, localtime_r),
            here.tm_gmtoff != 0
        else { return utc(milliseconds: milliseconds) }
        let local = dateAndTime(here, separator: " ")
        let shown = world.tm_mday == here.tm_mday ? String(local.suffix(8)) : local
        return "\(utc(milliseconds: milliseconds)) (\(shown) \(offset(here)) here)"
    }

    /// A length of time, the two greatest units: `2 h 5 min`, `7 d`, `41 s`, `350 ms`.
    package static func duration(milliseconds: Int64) -> String {
        SpanOption(milliseconds: milliseconds).description
    }

    /// What is left until a time: `1 d 3 h left`, `12 min left`, `41 s left`; once it is past, `ended 5 min ago`.
    package static func countdown(to end: Int64, now: Int64) -> String {
        let left = distance(from: now, to: end)
        if left <= 0 { return left > -1000 ? "ended just now" : "ended \(duration(milliseconds: -left)) ago" }
        return left < 1000 ? "less than 1 s left" : "\(duration(milliseconds: left)) left"
    }

    /// How long ago a time was: `3 min ago`, `just now` below a second, `in 5 min` for a time to come.
    package static func ago(_ time: Int64, now: Int64) -> String {
        let age = distance(from: time, to: now)
        if age.magnitude < 1000 { return "just now" }
        return age < 0 ? "in \(duration(milliseconds: -age))" : "\(duration(milliseconds: age)) ago"
    }

    /// Bounded, so that its negative can be taken too.
    private static func distance(from start: Int64, to end: Int64) -> Int64 {
        let (value, overflow) = end.subtractingReportingOverflow(start)
        return overflow ? (end < start ? -Int64.max : Int64.max) : max(value, -Int64.max)
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

    private static func offset(_ time: tm) -> String {
        let minutes = time.tm_gmtoff / 60
        if minutes == 0 { return "UTC" }
        return "\(minutes < 0 ? "-" : "+")\(padded(abs(minutes) / 60)):\(padded(abs(minutes) % 60))"
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
