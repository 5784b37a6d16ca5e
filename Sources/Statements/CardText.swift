import Ledger

/// The text form of a card: five lines that people can read and paste, between two marks, with a checksum.
extension Card {
    private static let opening = "-----BEGIN VALISE CARD-----"
    private static let closing = "-----END VALISE CARD-----"

    package var text: String {
        let lines = self.lines
        return ([Self.opening] + lines + ["checksum: \(Self.checksum(lines))", Self.closing]).joined(separator: "\n")
            + "\n"
    }

    private var lines: [String] {
        [
            "delegate: \(id)", "signing-key: \(Base32.encode(signingKey))", "made: \(madeAt.milliseconds)",
            "signature: \(Base64.encode(signature))",
        ]
    }

    private static func checksum(_ lines: [String]) -> String {
        String(Base32.encode(Hash.sha256(Array(lines.joined(separator: "\n").utf8)).bytes).prefix(8))
    }

    /// - Parameter text: at most 4 KiB; lines before the opening mark and after the closing one are ignored.
    /// - Throws: ``FormError`` that says which line is wrong; a bad signature is one too.
    package init(text: String) throws(FormError) {
        guard text.utf8.count <= 4_096 else { throw FormError("card", expected: "at most 4 KiB", code: .oversized) }
        let all = text.split(whereSeparator: \.isNewline).map { Self.trimmed($0) }
        guard let start = all.firstIndex(of: Self.opening), let end = all[start...].firstIndex(of: Self.closing),
            end - start == 6
        else { throw FormError("card", expected: "five lines between the marks of a valise card") }
        let lines = Array(all[(start + 1)..<(end - 1)])
        let names = ["delegate", "signing-key", "made", "signature"]
        var values: [String] = []
        for (name, line) in zip(names, lines) {
            guard line.hasPrefix("\(name): ") else { throw FormError("card", expected: "the line \(name)") }
            values.append(String(line.dropFirst(name.utf8.count + 2)))
        }
        guard all[end - 1] == "checksum: \(Self.checksum(lines))" else {
            throw FormError("card.checksum", expected: "the checksum of the lines above; was a letter mistyped?")
        }
        guard let id = DelegateID(values[0]) else { throw FormError("card.delegate", expected: "party/delegate") }
        guard let key = Base32.decode(values[1]), key.count == 32 else {
            throw FormError("card.signing-key", expected: "52 letters of base32")
        }
        guard let made = Int64(values[2]), Timestamp.range.contains(made), String(made) == values[2] else {
            throw FormError("card.made", expected: "milliseconds since 1970")
        }
        guard let signature = Base64.decode(values[3]), signature.count == 64 else {
            throw FormError("card.signature", expected: "64 bytes of base64")
        }
        self.init(id: id, signingKey: key, madeAt: Timestamp(milliseconds: made), signature: signature)
        guard isValid else { throw FormError("card.signature", expected: "a signature by the card's own key") }
    }

    private static func trimmed(_ line: Substring) -> String {
        var line = line
        while line.first == " " || line.first == "\t" { line.removeFirst() }
        while line.last == " " || line.last == "\t" { line.removeLast() }
        return String(line)
    }
}
