import Ledger
import Statements

/// The text forms: notes, checkpoints, keys, paths, encodings, blocks.
enum TextTargets {
    static let all = [
        FuzzTarget("note", note), FuzzTarget("checkpoint", checkpoint), FuzzTarget("verifier-key", verifierKey),
        FuzzTarget("tile-path", tilePath), FuzzTarget("bundle", bundle), FuzzTarget("encodings", encodings),
        FuzzTarget("card", card), FuzzTarget("charter-signature", charterSignature),
        FuzzTarget("relay-public", relayPublic),
    ]

    @Sendable static func note(_ bytes: [UInt8]) -> Bool {
        guard let note = FuzzTarget.parsed({ try SignedNote(parsing: bytes) }) else { return false }
        FuzzTarget.require(note.bytes == bytes, "a note has one spelling")
        return true
    }

    @Sendable static func checkpoint(_ bytes: [UInt8]) -> Bool {
        guard let checkpoint = FuzzTarget.parsed({ try Checkpoint(text: bytes) }) else { return false }
        FuzzTarget.require(checkpoint.text == bytes, "a checkpoint has one spelling")
        return true
    }

    @Sendable static func verifierKey(_ bytes: [UInt8]) -> Bool {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let key = FuzzTarget.parsed({ try VerifierKey(text: text) }) else { return false }
        FuzzTarget.require(key.text == text, "a verifier key has one spelling")
        return true
    }

    @Sendable static func tilePath(_ bytes: [UInt8]) -> Bool {
        let text = String(decoding: bytes, as: UTF8.self)
        let tile = TileID(path: text)
        let bundle = EntryBundleID(path: text)
        if let tile { FuzzTarget.require(tile.path == text, "a tile has one path") }
        if let bundle { FuzzTarget.require(bundle.path == text, "a bundle has one path") }
        FuzzTarget.require(tile == nil || bundle == nil, "a path names a tile or a bundle")
        return tile != nil || bundle != nil
    }

    /// The first byte says how many entries are expected.
    @Sendable static func bundle(_ bytes: [UInt8]) -> Bool {
        guard let first = bytes.first else { return false }
        let body = Array(bytes.dropFirst())
        let count = Int(first) + 1
        guard let entries = FuzzTarget.parsed({ try EntryBundle.decode(body, count: count) }) else { return false }
        FuzzTarget.require(FuzzTarget.parsed { try EntryBundle.encode(entries) } == body, "a bundle has one spelling")
        let prefix = FuzzTarget.parsed { try EntryBundle.prefix(of: body, count: count) }
        FuzzTarget.require(prefix.map { Array($0) } == body, "all entries are the whole bundle")
        return true
    }

    @Sendable static func encodings(_ bytes: [UInt8]) -> Bool {
        FuzzTarget.require(Base64.decode(Base64.encode(bytes)) == bytes, "base64 reads what it wrote")
        FuzzTarget.require(Base32.decode(Base32.encode(bytes)) == bytes, "base32 reads what it wrote")
        FuzzTarget.require(Hex.decode(Hex.encode(bytes)) == bytes, "hex reads what it wrote")
        var accepted = false
        func check(_ decoded: [UInt8]?, _ encode: ([UInt8]) -> String) {
            guard let decoded else { return }
            accepted = true
            FuzzTarget.require(Array(encode(decoded).utf8) == bytes, "bytes have one spelling")
        }
        check(Base64.decode(bytes), Base64.encode)
        check(Base32.decode(bytes), Base32.encode)
        check(Hex.decode(bytes), { Hex.encode($0) })
        return accepted
    }

    @Sendable static func card(_ bytes: [UInt8]) -> Bool {
        block(bytes, title: "VALISE CARD", read: { try Card(text: $0) }, text: { $0.text })
    }

    @Sendable static func charterSignature(_ bytes: [UInt8]) -> Bool {
        block(bytes, title: "VALISE CHARTER SIGNATURE", read: { try CharterSignature(text: $0) }, text: { $0.text })
    }

    @Sendable static func relayPublic(_ bytes: [UInt8]) -> Bool {
        block(bytes, title: "VALISE RELAY", read: { try RelayPublicText(text: $0) }, text: { $0.text })
    }

    /// Reads the bytes as they are, and again with their checksum repaired, so that what lies behind it is reached.
    /// Spaces around lines and text around the block are allowed, so the spelling is compared on the second reading.
    private static func block<Value: Equatable>(
        _ bytes: [UInt8], title: String, read: (String) throws -> Value, text: (Value) -> String
    ) -> Bool {
        let raw = String(decoding: bytes, as: UTF8.self)
        var accepted = false
        for candidate in [raw, repaired(raw, title: title)] {
            guard let value = FuzzTarget.parsed({ try read(candidate) }) else { continue }
            accepted = true
            FuzzTarget.require(FuzzTarget.parsed { try read(text(value)) } == value, "a block reads what it wrote")
        }
        return accepted
    }

    private static func repaired(_ text: String, title: String) -> String {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard let start = lines.firstIndex(of: "-----BEGIN \(title)-----"),
            let end = lines[start...].firstIndex(of: "-----END \(title)-----"), end > start + 1
        else { return text }
        let covered = lines[(start + 1)..<(end - 1)].joined(separator: "\n")
        lines[end - 1] = "checksum: \(Base32.encode(Hash.sha256(Array(covered.utf8)).bytes).prefix(8))"
        return lines.joined(separator: "\n")
    }
}
