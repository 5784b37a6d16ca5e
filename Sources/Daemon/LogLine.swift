import Glibc
import Logging

/// The bytes of one JSON line while they are put together (RFC 8259).
struct LogLine {
    var bytes: [UInt8] = []

    private static let textLimit = 4096
    private static let depthLimit = 8

    init() { bytes.reserveCapacity(512) }

    mutating func member(_ name: String, _ text: String) {
        self.name(name)
        string(text)
    }

    mutating func name(_ name: String) {
        if let last = bytes.last, last != UInt8(ascii: "{") { bytes.append(UInt8(ascii: ",")) }
        string(name)
        bytes.append(UInt8(ascii: ":"))
    }

    /// A metadata value: objects sorted by key, nested to a depth of eight and as plain text below.
    mutating func value(_ value: Logger.Metadata.Value, depth: Int) {
        switch value {
        case .dictionary(let members) where depth < LogLine.depthLimit:
            bytes.append(UInt8(ascii: "{"))
            for (key, member) in members.sorted(by: { $0.key < $1.key }) {
                name(key)
                self.value(member, depth: depth + 1)
            }
            bytes.append(UInt8(ascii: "}"))
        case .array(let elements) where depth < LogLine.depthLimit:
            bytes.append(UInt8(ascii: "["))
            for (position, element) in elements.enumerated() {
                if position > 0 { bytes.append(UInt8(ascii: ",")) }
                self.value(element, depth: depth + 1)
            }
            bytes.append(UInt8(ascii: "]"))
        default: string(value.description)
        }
    }

    /// A quoted text, cut at a character's edge after 4096 bytes. Every control character is escaped, C1 controls and
    /// bidirectional overrides too: operators read logs on terminals.
    mutating func string(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        var left = LogLine.textLimit
        for scalar in text.unicodeScalars {
            left -= UTF8.width(scalar)
            if left < 0 {
                bytes += Array("…".utf8)
                break
            }
            switch scalar.value {
            case 0x22, 0x5C: bytes += [UInt8(ascii: "\\"), UInt8(truncatingIfNeeded: scalar.value)]
            case 0x0A: bytes += [UInt8(ascii: "\\"), UInt8(ascii: "n")]
            case 0x20..<0x7F: bytes.append(UInt8(truncatingIfNeeded: scalar.value))
            case 0..<0x20, 0x7F...0x9F, 0x061C, 0x200B, 0x200E...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF:
                escape(scalar.value)
            default: bytes += UTF8.encode(scalar).map { Array($0) } ?? []
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func escape(_ value: UInt32) {
        let digits = Array("0123456789abcdef".utf8)
        bytes += [UInt8(ascii: "\\"), UInt8(ascii: "u")]
        for shift in [12, 8, 4, 0] as [UInt32] { bytes.append(digits[Int(value >> shift & 0xF)]) }
    }
}

/// The time of a log line: `2026-11-22T18:03:11.042Z` (RFC 3339 section 5.6).
enum LogTime {
    static func now() -> String {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return text(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    /// `milliseconds` since 1970-01-01T00:00:00Z, not negative.
    static func text(milliseconds: Int64) -> String {
        var seconds = time_t(milliseconds / 1000)
        var parts = tm()
        guard gmtime_r(&seconds, &parts) != nil else { return "\(milliseconds)" }
        func padded(_ value: Int, _ digits: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, digits - text.count)) + text
        }
        let date = [Int(parts.tm_year) + 1900, Int(parts.tm_mon) + 1, Int(parts.tm_mday)]
        let clock = [parts.tm_hour, parts.tm_min, parts.tm_sec].map { padded(Int($0), 2) }.joined(separator: ":")
        return padded(date[0], 4) + "-" + padded(date[1], 2) + "-" + padded(date[2], 2) + "T" + clock + "."
            + padded(Int(milliseconds % 1000), 3) + "Z"
    }
}
