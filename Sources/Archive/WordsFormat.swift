import Sealing
import Statements

/// The searchable words of a block's messages, folded: `count (u32), length (u32) each, then the words of each`.
enum WordsFormat {
    /// So much of a text is searched, in bytes.
    static let textLimit = 1 << 20

    static func encode(_ words: [[UInt8]]) -> [UInt8] {
        var out = BinaryWriter()
        out.u32(UInt32(words.count))
        for one in words { out.u32(UInt32(one.count)) }
        for one in words { out.raw(one) }
        return out.bytes
    }

    /// Where the words of each message are.
    static func ranges(_ bytes: UnsafeRawBufferPointer) throws(FormatFault) -> [Range<Int>] {
        var input = BinaryReader(bytes)
        let count = Int(try input.u32())
        guard count <= input.left / 4 else { throw FormatFault() }
        var start = 4 + 4 * count
        var ranges: [Range<Int>] = []
        ranges.reserveCapacity(count)
        for _ in 0..<count {
            let length = Int(try input.u32())
            guard length <= bytes.count - start else { throw FormatFault() }
            ranges.append(start..<start + length)
            start += length
        }
        guard start == bytes.count else { throw FormatFault() }
        return ranges
    }

    /// Everything of a message that a search looks at, folded: subject, caption, names, parties, signers, text.
    static func words(_ message: ArchivedMessage, _ summary: MessageSummary) -> [UInt8] {
        var folded: [UInt8] = []
        for line in lines(summary) {
            Folding.fold(line, into: &folded)
            folded.append(10)
        }
        if let text = message.text {
            Folding.fold(String(decoding: text.prefix(textLimit), as: UTF8.self), into: &folded)
        }
        return folded
    }

    /// What is searched besides the text.
    static func lines(_ summary: MessageSummary) -> [String] {
        var lines = [summary.subject, summary.caption].compactMap { $0 } + summary.attachmentNames
        lines += summary.signers.map { "\(summary.originator)/\($0)" }
        for leg in summary.legs { lines += leg.holders.map(\.description) }
        return lines
    }
}
