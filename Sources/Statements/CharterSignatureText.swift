import Ledger

/// One founder's signature of a charter on its way to the steward who collects them.
package struct CharterSignature: Hashable, Sendable {
    private static let title = "VALISE CHARTER SIGNATURE"

    package let charter: CharterID
    package let signature: OpenSignature

    package init(charter: CharterID, signature: OpenSignature) {
        self.charter = charter
        self.signature = signature
    }

    /// The text form that is sent around.
    package var text: String {
        TextBlock(
            title: Self.title,
            [
                "charter": "\(charter)", "delegate": "\(signature.signer)",
                "signature": Base64.encode(signature.signature),
            ]
        ).text
    }

    /// - Throws: ``FormError`` that says which line is wrong. Whether the signature holds is for the charter to say.
    package init(text: String) throws(FormError) {
        let values = try TextBlock.values(
            in: text, title: Self.title, field: "charter-signature", names: ["charter", "delegate", "signature"])
        guard let charter = CharterID(values[0]) else {
            throw FormError("charter-signature.charter", expected: "52 letters of base32")
        }
        guard let signer = DelegateID(values[1]) else {
            throw FormError("charter-signature.delegate", expected: "party/delegate")
        }
        guard let signature = Base64.decode(values[2]), signature.count == 64 else {
            throw FormError("charter-signature.signature", expected: "64 bytes of base64")
        }
        self.init(charter: charter, signature: OpenSignature(signer: signer, signature: signature))
    }
}
