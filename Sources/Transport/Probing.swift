import AsyncHTTPClient
import NIOCore
import NIOHTTP1
package import Statements
import Wire

/// What one look at the relay showed.
package struct RelayProbe: Sendable {
    package let head: VerifiedHead
    /// From the request to the whole answer.
    package let roundTrip: TimeSpan
    /// How far the relay's clock is ahead of the own one, to a second (the `Date` field, RFC 9110 section 6.6.1); nil
    /// when it does not say. It is not signed: for people who look for a wrong clock, never for decisions.
    package let clockAhead: TimeSpan?
}

extension RelayClient {
    /// Holds a checkpoint of the log that came another way (in a file, from another party) against the newest known
    /// one, as if the relay had shown it.
    ///
    /// - Returns: its head, which is of this log.
    /// - Throws: ``TransportError`` `checkpoint-wrong`, or `fork`, which both notes are kept for.
    package func hold(_ note: [UInt8]) async throws -> VerifiedHead { try await adopt(note) }

    /// Asks for the newest checkpoint, and measures.
    package func probe() async throws -> RelayProbe {
        let request = try await signed(.checkpoint)
        let connection = try connected()
        let begin = options.now()
        let steady = NIODeadline.now()
        let response = try await connection.open(request)
        let date = response.headers.first(name: "date").flatMap { HTTPDate.parse($0) }
        let note = try await connection.read(response, limit: ByteLimit.note)
        let taken = (NIODeadline.now() - steady).nanoseconds / 1_000_000
        let head = try await adopt(note)
        // The field is cut to the second, and was written at some moment between request and answer.
        let middle = begin.milliseconds + taken / 2
        let ahead = date.map { TimeSpan(milliseconds: Self.difference($0.milliseconds, middle)) }
        return RelayProbe(head: head, roundTrip: TimeSpan(milliseconds: taken), clockAhead: ahead)
    }

    /// Zero for what the coarseness of the field explains.
    private static func difference(_ date: Int64, _ own: Int64) -> Int64 {
        let raw = date + 500 - own
        return raw.magnitude <= 1_500 ? 0 : raw
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7, IMF-fixdate).
enum HTTPDate {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// Nil for any other form.
    static func parse(_ text: String) -> Timestamp? {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 6, words[5] == "GMT", let day = number(words[1], 1...31),
            let month = months.firstIndex(of: String(words[2])), let year = number(words[3], 1970...9999)
        else { return nil }
        let clock = words[4].split(separator: ":")
        guard clock.count == 3, let hour = number(clock[0], 0...23), let minute = number(clock[1], 0...59),
            let second = number(clock[2], 0...60)
        else { return nil }
        let seconds = days(year, month + 1, day) * 86_400 + hour * 3_600 + minute * 60 + second
        return Timestamp(milliseconds: seconds * 1000)
    }

    private static func number(_ text: Substring, _ range: ClosedRange<Int64>) -> Int64? {
        guard (1...4).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let value = Int64(text), range.contains(value)
        else { return nil }
        return value
    }

    /// Days since 1970-01-01 in the proleptic Gregorian calendar (years begin in March, so that February is last).
    private static func days(_ year: Int64, _ month: Int, _ day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let era = year / 400
        let inEra = year - era * 400
        let dayOfYear = Int64((153 * ((month + 9) % 12) + 2) / 5) + day - 1
        return era * 146_097 + inEra * 365 + inEra / 4 - inEra / 100 + dayOfYear - 719_468
    }
}
