import Terminal
import Testing

@Suite("Times, durations and sizes are read strictly and shown plainly")
struct QuantityTests {
    @Test(
        "a duration is a whole number and a unit",
        arguments: [
            ("90s", 90_000), ("15m", 900_000), ("48h", 172_800_000), ("7d", 604_800_000), ("1s", 1000),
            ("3650d", 315_360_000_000),
        ] as [(String, Int64)])
    func durations(text: String, milliseconds: Int64) throws {
        #expect(try SpanOption.parse(text).milliseconds == milliseconds)
        #expect(SpanOption(argument: text)?.milliseconds == milliseconds)
    }

    @Test(
        "anything else is not a duration",
        arguments: [
            "", "s", "15", "0s", "015m", "-1h", "+1h", "1.5h", "1 h", " 1h", "1h ", "1h30m", "1H", "1w", "3651d",
            "99999999999999999999s", "9223372036854775807d", "٧d", "1e3s", "1h\n",
        ])
    func badDurations(text: String) {
        let failure = #expect(throws: CommandFailure.self) { try SpanOption.parse(text) }
        #expect(failure?.code == "duration-malformed")
        #expect(failure?.status == .usage)
        #expect(failure?.hints.isEmpty == false)
        #expect(SpanOption(argument: text) == nil)
    }

    @Test(
        "a duration is shown by its two greatest units",
        arguments: [
            (7_500_000, "2 h 5 min"), (604_800_000, "7 d"), (90_000, "1 min 30 s"), (350, "350 ms"), (0, "0 ms"),
            (86_400_000 + 59_000, "1 d"), (3_600_000, "1 h"), (-7_500_000, "-2 h 5 min"), (1999, "1 s"),
        ] as [(Int64, String)])
    func shown(milliseconds: Int64, text: String) {
        #expect(SpanOption(milliseconds: milliseconds).description == text)
    }

    @Test(
        "a time is shown in UTC",
        arguments: [
            (1_795_370_591_042, "2026-11-22 18:03:11 UTC", "2026-11-22T18:03:11.042Z"),
            (0, "1970-01-01 00:00:00 UTC", "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31 23:59:59 UTC", "1969-12-31T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29 00:00:00 UTC", "2000-02-29T00:00:00.000Z"),
            (253_402_300_799_999, "9999-12-31 23:59:59 UTC", "9999-12-31T23:59:59.999Z"),
        ] as [(Int64, String, String)])
    func utc(milliseconds: Int64, shown: String, exact: String) {
        #expect(TimeText.utc(milliseconds: milliseconds) == shown)
        #expect(TimeText.rfc3339(milliseconds: milliseconds) == exact)
    }

    @Test("a time no calendar holds is shown as its number", arguments: [Int64.max, .min, 253_402_300_800_000])
    func outOfRange(milliseconds: Int64) {
        #expect(TimeText.utc(milliseconds: milliseconds) == "\(milliseconds) ms (outside years 0-9999)")
        #expect(TimeText.local(milliseconds: milliseconds) == "\(milliseconds) ms (outside years 0-9999)")
    }

    @Test("a local time carries its offset")
    func local() throws {
        let milliseconds: Int64 = 1_795_370_591_042
        let text = TimeText.local(milliseconds: milliseconds)
        #expect(!text.hasSuffix("+00:00"))
        guard !text.hasSuffix(" UTC") else {
            // Where the zone is UTC it is called so, as everywhere.
            #expect(text == TimeText.utc(milliseconds: milliseconds))
            #expect(TimeText.brief(milliseconds: milliseconds).hasSuffix(" UTC"))
            return
        }
        let offset = text.suffix(6)
        let hours = try #require(Int64(offset.dropFirst().prefix(2)))
        let minutes = try #require(Int64(offset.suffix(2)))
        let shift = (hours * 60 + minutes) * 60_000 * (offset.first == "-" ? -1 : 1)
        #expect(TimeText.utc(milliseconds: milliseconds + shift).dropLast(4) == text.dropLast(7))
    }

    @Test(
        "a size is a whole number and a unit of 1024",
        arguments: [
            ("4096", 4096), ("512B", 512), ("64KiB", 65_536), ("25MiB", 26_214_400), ("2GiB", 2_147_483_648),
            ("1024TiB", 1_125_899_906_842_624),
        ] as [(String, UInt64)])
    func sizes(text: String, bytes: UInt64) throws {
        #expect(try ByteSize.parse(text).bytes == bytes)
    }

    @Test(
        "anything else is not a size",
        arguments: [
            "", "0", "KiB", "1kb", "1MB", "1.5MiB", "-1", "1 KiB", "01KiB", "1025TiB", "99999999999999999999", "1KiBB",
        ])
    func badSizes(text: String) {
        #expect(throws: CommandFailure.self) { try ByteSize.parse(text) }
        #expect(ByteSize(argument: text) == nil)
    }

    @Test(
        "a size is shown with one decimal at most",
        arguments: [
            (0, "0 B"), (317, "317 B"), (65_536, "64 KiB"), (1_500_000, "1.4 MiB"), (1023, "1023 B"),
            (1_048_575, "1023.9 KiB"), (UInt64.max, "16777215.9 TiB"),
        ] as [(UInt64, String)])
    func sizeShown(bytes: UInt64, text: String) {
        #expect(ByteSize(bytes: bytes).description == text)
    }
}
