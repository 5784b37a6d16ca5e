import Ledger
import Testing

@Suite("Base64, base32 and hexadecimal text")
struct TextFormTests {
    @Test(
        "the base64 of RFC 4648",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ])
    func base64(plain: String, text: String) {
        #expect(Base64.encode(Array(plain.utf8)) == text)
        #expect(Base64.decode(text) == Array(plain.utf8))
    }

    @Test(
        "the base32 of RFC 4648, lower case and without padding",
        arguments: [
            ("", ""), ("f", "my"), ("fo", "mzxq"), ("foo", "mzxw6"), ("foob", "mzxw6yq"), ("fooba", "mzxw6ytb"),
            ("foobar", "mzxw6ytboi"),
        ])
    func base32(plain: String, text: String) {
        #expect(Base32.encode(Array(plain.utf8)) == text)
        #expect(Base32.decode(text) == Array(plain.utf8))
    }

    @Test(
        "other spellings of base64 are refused",
        arguments: [
            "Zg", "Zg=", "Zh==", "Zm9=", "Zm8", "Z===", "====", "=", "Zg==\n", " Zg==", "Zm9v\nZm9v", "Zm-v", "Zm_v",
            "Zg==Zg==", "Zg==Zm9v", "Zm=v", "Z=9v", "Zm9vZ", "é==",
        ])
    func base64Refuses(text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test(
        "other spellings of base32 are refused",
        arguments: [
            "m", "mzx", "mzxw6y", "mz", "mzxr", "mzxw7", "mzxw6yr", "MY", "my======", "m1", "m0", "m8", "m ", "my\n",
        ])
    func base32Refuses(text: String) {
        #expect(Base32.decode(text) == nil)
    }

    @Test("every byte and length survives", arguments: 0...70)
    func roundTrip(count: Int) {
        var random = Seeded(seed: UInt64(count))
        let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
        #expect(Base64.decode(Base64.encode(bytes)) == bytes)
        #expect(Base32.decode(Base32.encode(bytes)) == bytes)
        #expect(Hex.decode(Hex.encode(bytes)) == bytes)
    }

    @Test("of all two-byte groups only one spelling is read")
    func onlyOneSpelling() {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        let accepted = alphabet.count { Base64.decode([0x41, 0x41, $0, 0x3d]) != nil }
        #expect(accepted == 16)
        #expect(alphabet.count { Base64.decode([0x41, $0, 0x3d, 0x3d]) != nil } == 4)
    }

    @Test("hexadecimal text is lower case and even", arguments: ["a", "AB", "0g", "0x", " 0", "abc"])
    func hexRefuses(text: String) {
        #expect(Hex.decode(text) == nil)
    }
}
