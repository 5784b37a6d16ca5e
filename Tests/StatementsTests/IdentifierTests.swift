import Ledger
import Statements
import Testing

@Suite("Identifiers and labels")
struct IdentifierTests {
    @Test("a fingerprint is 160 bits in eight groups, and the start of the charter's identifier")
    func fingerprint() throws {
        let id = try Scene.signed(CharterDraft().charter).id
        let groups = id.fingerprint.split(separator: " ")
        #expect(groups.count == 8)
        #expect(groups.allSatisfy { $0.count == 4 })
        let letters = groups.joined()
        #expect(letters.count * 5 == 160)
        #expect(id.description.hasPrefix(letters))
    }

    @Test("the 20 bytes of a fingerprint each count")
    func fingerprintBits() {
        let bytes = Scene.filler("charter", 32)
        let fingerprint = Hash(bytes).map { CharterID($0).fingerprint }
        for bit in 0..<256 {
            var changed = bytes
            changed[bit / 8] ^= 0x80 >> UInt8(bit % 8)
            let other = Hash(changed).map { CharterID($0).fingerprint }
            #expect((other != fingerprint) == (bit < 160), "bit \(bit)")
        }
    }

    @Test("an identifier's text reads back, and only in full")
    func text() {
        let id = StatementID(Scene.hash("statement"))
        #expect(StatementID(id.description) == id)
        #expect(StatementID(id.short) == nil)
        #expect(StatementID(id.description.uppercased()) == nil)
        #expect(id.description.count == 52)
    }

    @Test("the same bytes under two labels have different hashes and messages")
    func labels() {
        let labels: [Label] = [
            .charterID, .charterSignature, .card, .statementID, .statementSignature, .rejection, .sealingKeyID,
            .keyList, .sealContext, .wrapContext, .wrapInfo, .payloadKey, .keyCommitment, .sealedKeys, .payload,
            .fieldSalt, .field, .content, .part, .sourceCommitment,
        ]
        #expect(Set(labels.map { $0.hash([1, 2, 3]) }).count == labels.count)
        for label in labels {
            #expect(Int(label.prefix[0]) == label.prefix.count - 1)
            #expect(String(decoding: label.prefix.dropFirst(), as: UTF8.self).hasPrefix("valise/v1/"))
            #expect(label.hash([1, 2, 3]) == Hash.sha256(label.message([1, 2, 3])))
            #expect(label.hash([0, 1, 2, 3][1...]) == label.hash([1, 2, 3]))
        }
    }

    @Test("a delegate's name is a party and a name", arguments: ["us-envoy", "us-envoy/", "/lead", "a/b/c", "A/b", ""])
    func delegates(text: String) {
        #expect(DelegateID(text) == nil)
        let good: DelegateID = "us-envoy/lead"
        #expect(DelegateID(good.description) == good)
    }

    @Test("moments stay between 1970 and the year 9999")
    func times() {
        #expect(Timestamp(milliseconds: -1).milliseconds == 0)
        #expect(Timestamp(milliseconds: .max).milliseconds == Timestamp.range.upperBound)
        #expect(Scene.start + .days(1) - Scene.start == .hours(24))
        #expect(Timestamp(milliseconds: 5) - .seconds(1) == Timestamp(milliseconds: 0))
    }
}
