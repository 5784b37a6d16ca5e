import Ledger

/// What an operator hands to the steward who writes the charter: where the relay is and its public keys, as text.
///
/// A block of named lines, then the TLS root as PEM (RFC 7468), so that `openssl x509` reads the file too; the block
/// holds the certificate's SHA-256.
package struct RelayPublicText: Hashable, Sendable {
    private static let title = "VALISE RELAY"

    /// `https://host[:port]`.
    package let url: String
    package let origin: String
    /// 32 bytes.
    package let logKey: [UInt8]
    /// 32 bytes.
    package let actKey: [UInt8]
    /// X.509 DER.
    package let tlsRoot: [UInt8]

    package init(url: String, origin: String, logKey: [UInt8], actKey: [UInt8], tlsRoot: [UInt8]) {
        self.url = url
        self.origin = origin
        self.logKey = logKey
        self.actKey = actKey
        self.tlsRoot = tlsRoot
    }

    package var text: String {
        let block = TextBlock(
            title: Self.title,
            [
                "url": url, "origin": origin, "log-key": Base32.encode(logKey), "act-key": Base32.encode(actKey),
                "tls-root": Base32.encode(Hash.sha256(tlsRoot).bytes),
            ])
        return block.text + Self.certificateText(tlsRoot)
    }

    /// - Throws: ``FormError`` that says which line is wrong.
    package init(text: String) throws(FormError) {
        let values = try TextBlock.values(
            in: text, title: Self.title, field: "relay",
            names: ["url", "origin", "log-key", "act-key", "tls-root"])
        guard let logKey = Base32.decode(values[2]), logKey.count == 32 else {
            throw FormError("relay.log-key", expected: "52 letters of base32")
        }
        guard let actKey = Base32.decode(values[3]), actKey.count == 32 else {
            throw FormError("relay.act-key", expected: "52 letters of base32")
        }
        guard let root = Self.certificate(in: text), (1...Bounds.tlsRoot).contains(root.count) else {
            throw FormError("relay.tls-root", expected: "one certificate as PEM after the block")
        }
        guard Base32.encode(Hash.sha256(root).bytes) == values[4] else {
            throw FormError("relay.tls-root", expected: "the SHA-256 of the certificate after the block")
        }
        self.init(url: values[0], origin: values[1], logKey: logKey, actKey: actKey, tlsRoot: root)
    }

    private static let opening = "-----BEGIN CERTIFICATE-----"
    private static let closing = "-----END CERTIFICATE-----"

    private static func certificateText(_ der: [UInt8]) -> String {
        let letters = Array(Base64.encode(der).utf8)
        let lines = stride(from: 0, to: letters.count, by: 64).map {
            String(decoding: letters[$0..<min($0 + 64, letters.count)], as: UTF8.self)
        }
        return ([opening] + lines + [closing]).joined(separator: "\n") + "\n"
    }

    private static func certificate(in text: String) -> [UInt8]? {
        let lines = text.split(whereSeparator: \.isNewline)
        guard let start = lines.firstIndex(where: { $0 == opening }),
            let end = lines[start...].firstIndex(where: { $0 == closing })
        else { return nil }
        return Base64.decode(lines[(start + 1)..<end].joined())
    }
}
