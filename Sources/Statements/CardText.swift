import Ledger

/// The text form of a card.
extension Card {
    private static let title = "VALISE CARD"

    package var text: String {
        TextBlock(
            title: Self.title,
            [
                "delegate": "\(id)", "signing-key": Base32.encode(signingKey), "made": "\(madeAt.milliseconds)",
                "signature": Base64.encode(signature),
            ]
        ).text
    }

    /// - Parameter text: at most 16 KiB; lines before the opening mark and after the closing one are ignored.
    /// - Throws: ``FormError`` that says which line is wrong; a bad signature is one too.
    package init(text: String) throws(FormError) {
        let values = try TextBlock.values(
            in: text, title: Self.title, field: "card", names: ["delegate", "signing-key", "made", "signature"])
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
}
