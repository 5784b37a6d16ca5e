import Ledger
import Statements
import Testing

@Suite("Cards")
struct CardTests {
    static func lead() throws -> Card { try Scene.card("us-envoy/lead") }

    @Test("the text of a card reads back as the card")
    func roundTrip() throws {
        let card = try Self.lead()
        #expect(try Card(text: card.text) == card)
        #expect(card.text.split(separator: "\n").count == 7)
    }

    @Test("indentation, other line ends and text around the marks do not matter")
    func pasted() throws {
        let card = try Self.lead()
        let indented = "> see below\n\n" + card.text.replacing("\n", with: " \r\n\t ") + "\nregards"
        #expect(try Card(text: indented) == card)
    }

    @Test(
        "one mistyped character is refused, wherever it is", arguments: ["a", "q", "7", "-", "Z", ":"] as [Character])
    func mistyped(replacement: Character) throws {
        let text = Array(try Self.lead().text)
        for position in text.indices where text[position] != replacement {
            var changed = text
            changed[position] = replacement
            #expect(throws: FormError.self, "position \(position)") { try Card(text: String(changed)) }
        }
    }

    @Test("a character left out, or two exchanged, is refused")
    func slips() throws {
        let text = Array(try Self.lead().text.dropLast())
        for position in text.indices.dropLast() {
            var missing = text
            missing.remove(at: position)
            #expect(throws: FormError.self, "missing \(position)") { try Card(text: String(missing)) }
            guard text[position] != text[position + 1] else { continue }
            var exchanged = text
            exchanged.swapAt(position, position + 1)
            #expect(throws: FormError.self, "exchanged \(position)") { try Card(text: String(exchanged)) }
        }
    }

    @Test("a card signed by another key, or for another delegate or time, is refused")
    func foreign() throws {
        let card = try Self.lead()
        let deputy = try Scene.card("us-envoy/deputy")
        let forged = [
            Card(id: card.id, signingKey: card.signingKey, madeAt: card.madeAt, signature: deputy.signature),
            Card(id: card.id, signingKey: deputy.signingKey, madeAt: card.madeAt, signature: card.signature),
            Card(id: deputy.id, signingKey: card.signingKey, madeAt: card.madeAt, signature: card.signature),
            Card(
                id: card.id, signingKey: card.signingKey, madeAt: card.madeAt + .seconds(1),
                signature: card.signature),
        ]
        for other in forged {
            #expect(!other.isValid)
            // Its checksum is right: only the signature tells.
            let error = #expect(throws: FormError.self) { try Card(text: other.text) }
            #expect(error?.field == "card.signature")
        }
    }

    @Test("a key of small order is no card's, whatever it seems to have signed")
    func weakKey() {
        let identity: [UInt8] = [1] + [UInt8](repeating: 0, count: 31)
        let card = Card(
            id: "us-envoy/lead", signingKey: identity, madeAt: Scene.start,
            signature: identity + [UInt8](repeating: 0, count: 32))
        #expect(!card.isValid)
    }

    @Test("a card above 16 KiB is oversized, one without its marks is no card")
    func noCard() throws {
        let text = try Self.lead().text
        let long = #expect(throws: FormError.self) {
            try Card(text: String(repeating: " ", count: TextBlock.byteLimit) + text)
        }
        #expect(long?.code == .oversized)
        let lines = text.split(separator: "\n")
        for position in lines.indices {
            let fewer = lines[..<position] + lines[(position + 1)...]
            #expect(throws: FormError.self) { try Card(text: fewer.joined(separator: "\n")) }
        }
        for position in 1...5 {
            let more = lines[...position] + lines[position...]
            #expect(throws: FormError.self) { try Card(text: more.joined(separator: "\n")) }
        }
        #expect(throws: FormError.self) { try Card(text: "") }
    }
}
